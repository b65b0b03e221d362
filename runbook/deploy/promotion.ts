import { isDeepStrictEqual } from "node:util";
import { outputsSchema, type StackOutputs } from "../../stacks/outputs.ts";
import type { Release } from "../../stacks/schema.ts";
import type { StateResource } from "../report/state.ts";

/** What a state says is live and was proven; it is written only behind the gate on both fleets. */
export type PromotionRecord = StackOutputs["promotion"];

/** The state's promotion record; undefined when nothing was ever promoted, or the record is not one. */
export function promotionIn(
  resources: readonly Pick<StateResource, "urn" | "type" | "inputs">[],
): PromotionRecord | undefined {
  const stash = resources.find(({ type, urn }) => type === "pulumi:index:Stash" && urn.endsWith("::promotion-record"));
  const record = outputsSchema.shape.promotion.safeParse(stash?.inputs.input);
  return record.success ? record.data : undefined;
}

const WORKLOADS = {
  "engine-one-box": "engine",
  "engine-fleet": "engine",
  "web-one-box": "web",
  "web-fleet": "web",
} as const;

/** The workloads that the state sets to anything else than this release; not one where all of them are at it. */
export function workloadsApart(resources: readonly StateResource[], release: Release): string[] {
  return Object.entries(WORKLOADS).flatMap(([name, kind]) => {
    const workload = resources.find(({ urn }) => urn.endsWith(`kubernetes:helm.sh/v3:Release::${name}`));
    if (workload === undefined) return [];
    const { values } = workload.inputs;
    const image: unknown = typeof values === "object" && values !== null ? Reflect.get(values, "image") : undefined;
    return image === release.images[kind] ? [] : [name];
  });
}

/** Whether two descriptors run the same images on the same schema under the same name. */
export function isSameRelease(one: Release, other: Release): boolean {
  return isDeepStrictEqual(one, other);
}

/** The engine's images of the migration jobs among these: their migrations have run, or may have. */
export function migratedImages(resources: readonly Pick<StateResource, "urn" | "inputs">[]): string[] {
  const jobs = resources.filter(({ urn }) => urn.endsWith("command:local:Command::database-jobs-migrate-run"));
  return jobs.flatMap(({ inputs: { triggers } }) => (Array.isArray(triggers) ? triggers : [])).filter(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
