import { join } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  chartContentOf,
  contentHash,
  type KeptInputs,
  keptInputs,
  restoredValues,
  valuesHash,
} from "../records/helm-release.ts";
import { chartFilesIn, filesHash } from "../shared/chart-files.ts";
import type { HelmRecord } from "../stacks/outputs.ts";

type Values = Readonly<Record<string, unknown>>;

export interface HelmReleaseArgs {
  /** The chart's folder below `apps/charts`. */
  readonly chart: string;
  readonly namespace: string;
  /** What the release itself decides: a rollback takes these back, with the chart. */
  readonly values: Values;
  /** What the platform decides, such as addresses: a rollback leaves these as they are now. */
  readonly platform: Values;
  readonly settings: Partial<kubernetes.helm.v3.ReleaseArgs>;
}

/** A Helm release, and what the promotion record keeps of it. */
export interface HelmRelease {
  readonly release: kubernetes.helm.v3.Release;
  readonly record: pulumi.Output<HelmRecord>;
}

const KEPT_REVISIONS = 10;

/** Releases a chart of this repository; in an update that rolls back, the chart and the values as they were promoted. */
export function createHelmRelease(
  name: string,
  args: HelmReleaseArgs,
  options: pulumi.CustomResourceOptions,
): HelmRelease {
  const chart = localChart(args.chart);
  const kept = keptInputs(name, process.env);
  const planned = { ...args.values, ...args.platform, chartHash: chart.hash };
  const values: pulumi.Output<Record<string, unknown>> =
    kept === undefined
      ? pulumi.output(planned).apply((found): Record<string, unknown> => ({ ...found }))
      : restored(kept, args);
  const release = new kubernetes.helm.v3.Release(
    name,
    {
      name,
      chart: kept === undefined ? chart.path : values.apply((found) => pathOf(kept, found)),
      namespace: args.namespace,
      maxHistory: KEPT_REVISIONS,
      values: kept === undefined ? planned : values,
      ...args.settings,
    },
    options,
  );
  const record = pulumi
    .all([release.status.revision, values])
    .apply(([revision, found]) => ({ revision, ...hashesOf(kept ?? chart), values: valuesHash(found) }));
  return { release, record };
}

function hashesOf({ hash, content }: Pick<Chart, "hash" | "content">) {
  return { chart: hash, content };
}

/** The image is taken from the update, as a rollback names the one to roll back to. */
function restored(kept: KeptInputs, { values, platform }: HelmReleaseArgs): pulumi.Output<Record<string, unknown>> {
  const { image } = values;
  return pulumi.output({ platform, image }).apply((now) => {
    const today = now.image === undefined ? now.platform : { ...now.platform, image: now.image };
    return restoredValues(kept.values, today);
  });
}

/** The state's own path where nothing differs, so that what never changed is not touched. */
function pathOf({ chart, state }: KeptInputs, values: Values): string {
  return state !== undefined && valuesHash(values) === state.values ? state.chart : chart;
}

/** A chart of this repository, with a hash over all its files: Pulumi itself watches only the chart's version. */
interface Chart {
  /** Relative to the project's folder, so that no machine's path gets into the state. */
  readonly path: string;
  /** SHA-256 over every file's name and content, 64 hex digits. */
  readonly hash: string;
  /** SHA-256 over what Helm keeps of it with each release, 64 hex digits. */
  readonly content: string;
}

const PROJECT = join(import.meta.dirname, "..");

/** Reads a chart below `apps/charts`. */
export function localChart(name: string): Chart {
  const files = chartFilesIn(join(PROJECT, "apps", "charts", name));
  return { path: `./apps/charts/${name}`, hash: filesHash(files), content: contentHash(chartContentOf(files)) };
}
