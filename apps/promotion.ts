import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../stacks/schema.ts";
import type { Workload } from "./workload.ts";

export interface PromotionArgs {
  readonly release: Release;
  readonly engine: Workload;
  readonly web: Workload;
  /** Alerts must watch a release from its first minute on. */
  readonly monitoring: pulumi.Resource;
  /** Runs before the record is written; what it refuses is never called live. */
  readonly gate: pulumi.ResourceHook;
}

/** What is live and was proven: the release, and the fleets' revisions that carried it. */
export interface PromotionRecord {
  readonly release: Release;
  readonly revisions: Readonly<Record<"engine" | "web", number>>;
  readonly chartHashes: Readonly<Record<"engine" | "web", string>>;
}

/**
 * The record of the last known good release, kept in the checkpoint. It holds Helm's revisions beside the digests:
 * going back after a failed gate would otherwise equal the stored record, and the gate would be skipped.
 */
export class Promotion extends pulumi.ComponentResource {
  readonly record: pulumi.Output<PromotionRecord>;

  constructor(name: string, args: PromotionArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Promotion", name, {}, options);
    const { release, engine, web, gate } = args;
    const record = pulumi.output({
      release,
      revisions: { engine: engine.fleetRevision, web: web.fleetRevision },
      chartHashes: { engine: engine.chart.hash, web: web.chart.hash },
    });
    const stash = new pulumi.Stash(
      `${name}-record`,
      { input: record },
      { parent: this, dependsOn: [args.monitoring], hooks: { beforeCreate: [gate], beforeUpdate: [gate] } },
    );
    // Known only once the record is written, and so once the gate has passed.
    this.record = pulumi.all([record, stash.urn]).apply(([written]) => written);
    this.registerOutputs();
  }
}
