import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { toolPath } from "./tool.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Values = { readonly [key: string]: Json };

/** What every Kubernetes object has; the rest is read with `at`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface HelmResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const CHARTS = join(import.meta.dirname, "../../apps/charts");

/** The directory of one of the project's charts. */
export function chartDirectory(chart: string): string {
  return join(CHARTS, chart);
}

/** The values that the chart's own `ci` directory has for `helm lint`. */
export function ciValues(chart: string, name: string): Values {
  return parse(readFileSync(join(CHARTS, chart, "ci", `${name}-values.yaml`), "utf8"));
}

export interface ChartRelease {
  readonly chart: string;
  readonly name: string;
  readonly namespace: string;
  readonly values: Values;
}

/** `helm template`; the outcome is a value, so that a refusal can be checked. */
export function template({ chart, name, namespace, values }: ChartRelease): HelmResult {
  return helm(["template", name, chartDirectory(chart), "--namespace", namespace], values);
}

/** `helm lint --strict`. */
export function lint(chart: string, values: Values): HelmResult {
  return helm(["lint", "--strict", chartDirectory(chart)], values);
}

function helm(command: readonly string[], values: Values): HelmResult {
  // Helm built from its module takes Kubernetes 1.20 for granted when no cluster says otherwise.
  const common = ["--kube-version", "1.35.0", "--values", "-"];
  const result = spawnSync(toolPath("helm"), [...command, ...common], {
    input: JSON.stringify(values),
    encoding: "utf8",
  });
  if (result.error) throw result.error;
  return result;
}

/** The objects that a chart renders for one release; throws with Helm's own words when it refuses the values. */
export function render(release: ChartRelease): Manifest[] {
  const result = template(release);
  if (result.status !== 0) throw new Error(`helm template ${release.chart}: ${result.stderr}`);
  return parseAllDocuments(result.stdout)
    .map((document): Manifest | null => document.toJS())
    .filter((object) => object !== null);
}

/** The only object of a kind; throws when there is none or more than one. */
export function only(objects: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  if (found === undefined || others.length > 0)
    throw new Error(`expected one ${kind}, found ${objects.map((o) => o.kind)}`);
  return found;
}

/** The value at a path of keys and indexes such as `spec.containers.0.image`; undefined where the path ends early. */
export function at(object: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
      object,
    );
}
