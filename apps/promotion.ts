import * as pulumi from "@pulumi/pulumi";
import { isRollbackUpdate } from "../records/helm-release.ts";
import { outputsSchema, type StackOutputs } from "../stacks/outputs.ts";
import { releaseOf, type StackConfig } from "../stacks/schema.ts";
import { ofServices, type ServiceName, trackName } from "../stacks/services.ts";
import type { HelmRelease } from "./helm-release.ts";
import type { Workload } from "./workload.ts";

export interface PromotionArgs {
  readonly config: Pick<StackConfig, "release" | "absent" | ServiceName>;
  readonly services: ReadonlyMap<ServiceName, Workload>;
  /** Alerts must watch a release from its first minute on. */
  readonly monitoring: HelmRelease;
  /** The stack's outputs as the last update left them. */
  readonly before: pulumi.StackReference;
  /** Runs before the record is written; what it refuses is never called live. */
  readonly gate: pulumi.ResourceHook;
}

/** What is live and was proven: the release with its charts and values, and what was so before it. */
export type PromotionRecord = StackOutputs["promotion"];
type Promoted = Omit<PromotionRecord, "earlier">;
type Earlier = NonNullable<PromotionRecord["earlier"]>;

/** Releases to roll back to; more than Helm keeps revisions of. */
const MOST_EARLIER = 10;

/**
 * The record of the last known good release, kept in the checkpoint. It holds Helm's revisions beside the digests:
 * rolling back after a failed gate would otherwise equal the stored record, and the gate would be skipped. What was promoted
 * before is in it too, so that every backend knows it, whoever ran the updates.
 */
export class Promotion extends pulumi.ComponentResource {
  readonly record: pulumi.Output<PromotionRecord>;

  constructor(name: string, args: PromotionArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Promotion", name, {}, options);
    const { config, services, monitoring, gate } = args;
    const live = [...services.keys()];
    const workloads = [...services.values()];
    const records = workloads.flatMap((workload) => Object.entries(workload.records));
    const helm = pulumi.all(Object.fromEntries([...records, ["monitoring", monitoring.record]]));
    const record = pulumi.all([helm, args.before.getOutput("promotion")]).apply(([kept, last]): PromotionRecord => {
      const fleet = (workload: ServiceName) => kept[trackName({ workload, kind: "fleet" })];
      const promoted = {
        release: releaseOf(config),
        revisions: ofServices(live, (name) => fleet(name)?.revision ?? 0),
        chartHashes: ofServices(live, (name) => fleet(name)?.chart ?? ""),
        helm: kept,
        workloads: ofServices(live, (name) => config[name]),
      };
      return { ...promoted, earlier: earlierThan(promoted, last) };
    });
    const stash = new pulumi.Stash(
      `${name}-record`,
      { input: record },
      { parent: this, dependsOn: [monitoring.release], hooks: { beforeCreate: [gate], beforeUpdate: [gate] } },
    );
    // Known only once the record is written, and so once the gate has passed.
    this.record = pulumi.all([record, stash.urn]).apply(([written]) => written);
    this.registerOutputs();
  }
}

/**
 * What was promoted before, newest first, each once; a promotion again of the same leaves what was before it. What a
 * rollback rolls back from is left for a reason: it comes last, marked.
 */
export function earlierThan(promoted: Promoted, last: unknown, isRollback = isRollbackUpdate(process.env)): Earlier {
  const found = outputsSchema.shape.promotion.safeParse(last);
  if (!found.success) return [];
  const { earlier = [], ...live } = found.data;
  const known: Earlier = [live, ...earlier];
  const at = known.findIndex((each) => isSame(each, promoted));
  const newer = at < 0 ? known.length : at;
  const left = isRollback ? known.slice(0, newer).map((each) => ({ ...each, left: true as const })) : [];
  const before = isRollback ? known.slice(newer + 1) : known;
  return [...before, ...left].filter((each) => !isSame(each, promoted)).slice(0, MOST_EARLIER);
}

/** Whether both are the same release with the same charts and values, whatever revisions Helm gave them. */
function isSame(one: Promoted, other: Promoted): boolean {
  return JSON.stringify(essence(one)) === JSON.stringify(essence(other));
}

function essence({ release, chartHashes, helm = {} }: Promoted): unknown {
  const { id, gitSha, images, schema } = release;
  return [
    [id, gitSha, inOrder(images), schema.level, schema.oldest],
    inOrder(chartHashes),
    inOrder(helm).map(([name, { chart, values }]) => [name, chart, values]),
  ];
}

/** What a record has, in one order whoever wrote it. */
function inOrder<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([one], [two]) => (one < two ? -1 : 1));
}
