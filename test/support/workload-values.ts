import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { configSchema, type StackConfig } from "../../stacks/schema.ts";
import { SERVICE_NAMES, type ServiceName, TRACK_KINDS, type TrackKind } from "../../stacks/services.ts";
import { ciValues, type Json, type Manifest, render, type Values } from "./chart.ts";
import { withValue } from "./wrong-values.ts";

export const WORKLOADS = SERVICE_NAMES;
export const TRACKS = TRACK_KINDS;
export const STACKS = ["prod", "staging"] as const;

export type Workload = ServiceName;
export type Track = TrackKind;

/** The config in a stack's own file. */
export function stackConfig(stack: string): StackConfig {
  const file: { config: Record<string, unknown> } = parse(
    readFileSync(join(import.meta.dirname, `../../Pulumi.${stack}.yaml`), "utf8"),
  );
  const own = Object.entries(file.config).map(([key, value]) => [key.replace("sparki:", ""), value]);
  return configSchema.parse(Object.fromEntries(own));
}

/** The values of a workload's chart as a stack's config has them, over the chart's ci values. */
export function stackValues(stack: string, workload: Workload, track: Track): Values {
  const { release, network, [workload]: size } = stackConfig(stack);
  return {
    ...ciValues(workload, track),
    release: { id: release.id, gitSha: release.gitSha },
    image: release.images[workload],
    replicas: track === "fleet" ? size.replicas : 1,
    maxReplicas: size.maxReplicas,
    zones: network.zones.length,
  };
}

/** The objects of one workload's track in a stack; `changes` maps paths to values put over the stack's. */
export function renderWorkload(
  stack: string,
  workload: Workload,
  track: Track,
  changes: Readonly<Record<string, Json>> = {},
): Manifest[] {
  const values = Object.entries(changes).reduce(
    (changed, [path, value]) => withValue(changed, path, value),
    stackValues(stack, workload, track),
  );
  return render({ chart: workload, name: `${workload}-${track}`, namespace: `sparki-${workload}`, values });
}
