import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { parseAllDocuments, stringify } from "yaml";
import { messageOf } from "../../stacks/message-of.ts";
import { redacted } from "../redacted.ts";
import { isRecord, SECRET } from "./canonical.ts";
import { withoutSensitive } from "./difference.ts";
import type { PlannedResource } from "./planned.ts";

export interface HelmRequest {
  readonly release: string;
  readonly namespace: string;
  /** Relative to the project's folder. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The cluster's, such as `1.35`. */
  readonly kubernetesVersion: string;
}

/** Renders a chart to its manifests; rejects when it cannot be rendered. */
export type HelmTemplate = (request: HelmRequest) => Promise<string>;

/** What a plan changes in the objects that one Helm release installs. */
export interface HelmDiff {
  readonly release: string;
  /** A unified diff of the manifests, without secrets; empty when none differs. */
  readonly diff: string;
  readonly added: number;
  readonly removed: number;
  /** What the diff cannot show, and why; undefined when it shows all. */
  readonly note: string | undefined;
}

const RELEASE = "kubernetes:helm.sh/v3:Release";
const CONTEXT_LINES = 3;

/** The rendered difference of every Helm release that the plan changes. */
export function helmDiffs(
  resources: readonly PlannedResource[],
  kubernetesVersion: string,
  template: HelmTemplate,
): Promise<HelmDiff[]> {
  const changed = resources.filter(({ type, action }) => type === RELEASE && action !== "same");
  return Promise.all(
    changed.map((resource) => helmDiff(resource, (request) => template({ ...request, kubernetesVersion }))),
  );
}

type Render = (request: Omit<HelmRequest, "kubernetesVersion">) => Promise<string>;

async function helmDiff({ name, action, before, after }: PlannedResource, template: Render): Promise<HelmDiff> {
  const hadOne = action !== "create";
  const hasOne = action !== "delete";
  try {
    const from = hadOne ? manifests(await template(requestOf(name, before))) : "";
    const to = hasOne ? manifests(await template(requestOf(name, after))) : "";
    const shown = unified(name, from, to);
    const isOtherChart = hadOne && hasOne && chartHash(before) !== chartHash(after);
    const note = isOtherChart
      ? "The chart's own files changed too: both sides are rendered with the new ones."
      : undefined;
    return { release: name, ...shown, note };
  } catch (error) {
    const reason = redacted(messageOf(error));
    return { release: name, diff: "", added: 0, removed: 0, note: `Not rendered: ${reason}` };
  }
}

function unified(name: string, from: string, to: string): Pick<HelmDiff, "diff" | "added" | "removed"> {
  const patch = structuredPatch(`${name} before`, `${name} after`, from, to, "", "", { context: CONTEXT_LINES });
  const lines = patch.hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  const diff = lines.length === 0 ? "" : formatPatch(patch, FILE_HEADERS_ONLY);
  return { diff, added: count("+"), removed: count("-") };
}

function requestOf(name: string, inputs: PlannedResource["before"]): Omit<HelmRequest, "kubernetesVersion"> {
  const text = (key: string, otherwise: string) => {
    const value = inputs[key];
    return typeof value === "string" ? value : otherwise;
  };
  const values = isRecord(inputs.values) ? inputs.values : {};
  return { release: text("name", name), namespace: text("namespace", "default"), chart: text("chart", ""), values };
}

function chartHash({ values }: PlannedResource["before"]): unknown {
  return isRecord(values) ? values.chartHash : undefined;
}

/** Rendered objects without secrets, each in the same form and in the order of their names. */
export function manifests(rendered: string): string {
  const objects = parseAllDocuments(rendered).map((document): unknown => document.toJS());
  const kept = objects.filter(isRecord).map((object) => [titleOf(object), withoutSecrets(object)] as const);
  const texts = kept
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([title, object]) => `# ${title}\n${stringify(object)}`);
  return redacted(texts.join("---\n"));
}

function titleOf({ kind, metadata }: Readonly<Record<string, unknown>>): string {
  const { namespace, name } = isRecord(metadata) ? metadata : {};
  return [kind, namespace, name].filter((word) => typeof word === "string").join(" ");
}

function withoutSecrets(object: Readonly<Record<string, unknown>>): unknown {
  if (object.kind !== "Secret") return withoutSensitive(object);
  const hidden = (data: unknown) =>
    isRecord(data) ? Object.fromEntries(Object.keys(data).map((key) => [key, SECRET])) : data;
  return { ...object, data: hidden(object.data), stringData: hidden(object.stringData) };
}
