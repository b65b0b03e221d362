import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../stacks/schema.ts";

export interface PromotionArgs {
  readonly release: Release;
  /** Helm's revisions of the fleets that the gate judges. */
  readonly revisions: Readonly<Record<"engine" | "web", pulumi.Input<number>>>;
  readonly chartHashes: Readonly<Record<string, string>>;
  /** Runs before the record is written; what it refuses is never called live. */
  readonly gate: pulumi.ResourceHook;
}

/** What is live and was proven: the release, and the fleets' revisions that carried it. */
export interface PromotionRecord {
  readonly release: Release;
  readonly revisions: Readonly<Record<"engine" | "web", number>>;
  readonly chartHashes: Readonly<Record<string, string>>;
}

/**
 * The record of the last known good release, kept in the checkpoint. It holds Helm's revisions beside the digests:
 * going back after a failed gate would otherwise equal the stored record, and the gate would be skipped.
 */
export class Promotion extends pulumi.ComponentResource {
  readonly record: pulumi.Output<PromotionRecord>;

  constructor(name: string, args: PromotionArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Promotion", name, {}, options);
    const { release, revisions, chartHashes, gate } = args;
    const record = pulumi.output({ release, revisions, chartHashes });
    const stash = new pulumi.Stash(
      `${name}-record`,
      { input: record },
      { parent: this, hooks: { beforeCreate: [gate], beforeUpdate: [gate] } },
    );
    // Known only once the record is written, and so once the gate has passed.
    this.record = pulumi.all([record, stash.urn]).apply(([written]) => written);
    this.registerOutputs();
  }
}
