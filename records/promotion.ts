import { isDeepStrictEqual } from "node:util";
import { outputsSchema, type StackOutputs } from "../stacks/outputs.ts";
import type { Release } from "../stacks/schema.ts";
import { type ServiceName, TRACKS, trackName } from "../stacks/services.ts";
import { valuesHash } from "./helm-release.ts";
import { outputsIn, type StateResource } from "./state.ts";

/** What a state says is live and was proven; it is written only behind the gate on every fleet. */
export type PromotionRecord = StackOutputs["promotion"];

/** The state's promotion record; undefined when nothing was ever promoted, or the record is not one. */
export function promotionIn(
  resources: readonly Pick<StateResource, "urn" | "type" | "inputs">[],
): PromotionRecord | undefined {
  const stash = resources.find(({ type, urn }) => type === "pulumi:index:Stash" && urn.endsWith("::promotion-record"));
  const record = outputsSchema.shape.promotion.safeParse(stash?.inputs.input);
  return record.success ? record.data : undefined;
}

/** The evidence of every gate among the stack's outputs; undefined where there is none that can be read. */
export function gatesIn(
  resources: readonly Pick<StateResource, "type" | "outputs">[],
): StackOutputs["gates"] | undefined {
  return outputsSchema.shape.gates.safeParse(outputsIn(resources)?.gates).data;
}

/**
 * The Helm releases that are, or may be, anything else than what was promoted: by image, and where the record knows them
 * by values, the chart's hash among these. After an upgrade that failed the state's inputs are still the old ones, and its
 * outputs are of the new; after a refresh it is the other way round: so both must be as promoted, and Helm's own word too.
 */
export function workloadsApart(
  resources: readonly StateResource[],
  { release, helm = {} }: Pick<PromotionRecord, "release" | "helm">,
): string[] {
  const services = new Map<string, ServiceName>(TRACKS.map((track) => [trackName(track), track.workload]));
  const names = new Set([...services.keys(), ...Object.keys(helm)]);
  return [...names].filter((name) => {
    const workload = resources.find(({ urn }) => urn.endsWith(`kubernetes:helm.sh/v3:Release::${name}`));
    if (workload === undefined) return false;
    const { inputs, outputs } = workload;
    const service = services.get(name);
    const applied = [inputs.values, ...(isRecord(outputs.values) ? [outputs.values] : [])];
    const isImage = ({ image }: Readonly<Record<string, unknown>>) =>
      service === undefined || image === release.images[service];
    const { values: promoted } = helm[name] ?? {};
    const isPromoted = (values: unknown) =>
      isRecord(values) && isImage(values) && (promoted === undefined || valuesHash(values) === promoted);
    const status = isRecord(outputs.status) ? outputs.status.status : undefined;
    return !applied.every(isPromoted) || status === "failed";
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two descriptors run the same images on the same schema under the same name. */
export function isSameRelease(one: Release, other: Release): boolean {
  return isDeepStrictEqual(one, other);
}

/** The engine's images of the migration jobs among these: their migrations have run, or may have. */
export function migratedImages(resources: readonly Pick<StateResource, "urn" | "inputs">[]): string[] {
  const jobs = resources.filter(({ urn }) => urn.endsWith("command:local:Command::database-jobs-migrate-run"));
  const images = jobs.flatMap(({ inputs: { triggers } }) => (Array.isArray(triggers) ? triggers : []));
  return [...new Set(images.filter(isText))];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
