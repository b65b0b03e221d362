import type { PromotionRecord } from "../../records/promotion.ts";
import type { RunRecord, Update } from "../../records/update.ts";
import type { Kept } from "../../runbook/release/keep.ts";
import type { ConfiguredRelease, Release } from "../../stacks/schema.ts";
import { byService } from "../../stacks/services.ts";

const hex = (text: string, length: number) => Buffer.from(text).toString("hex").padEnd(length, "0").slice(0, length);

/** A release with images of its own. */
export function releaseNamed(id: string, schema: Release["schema"] = { level: 1, oldest: 1 }): ConfiguredRelease {
  const image = (kind: string) => `ghcr.io/alexarno/sparki/${kind}@sha256:${hex(`${id} ${kind}`, 64)}`;
  const images = { ...byService(image), e2e: image("e2e") };
  return { id, gitSha: hex(id, 40), images, schema };
}

/** What is kept of a release that was promoted before charts were recorded. */
export const NOTHING_KEPT: Kept = { releases: {}, missing: [], note: undefined };

export function recordOf(release: Release): PromotionRecord {
  return { release, revisions: { engine: 1, web: 1 }, chartHashes: { engine: "e", web: "w" } };
}

/** A history file as a backend in a folder or bucket writes it. */
export function historyOf(release: Release, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    kind: "update",
    startTime: 100,
    endTime: 160,
    message: "",
    environment: {},
    config: { "sparki:release": release, "sparki:region": "us-east-1" },
    version: 0,
    result: "succeeded",
    ...changes,
  });
}

/** Resources of a state in which this release was promoted. */
export function resourcesWith(promoted: Release) {
  const urn = "urn:pulumi:prod::sparki::sparki:apps:Promotion$pulumi:index:Stash::promotion-record";
  const input = recordOf(promoted);
  return [{ urn, custom: true, type: "pulumi:index:Stash", id: "1", inputs: { input }, outputs: { input } }];
}

export function checkpointOf(promoted: Release): string {
  const latest = { manifest: {}, resources: resourcesWith(promoted) };
  return JSON.stringify({ version: 3, checkpoint: { stack: "organization/sparki/prod", latest } });
}

/** An update after which `live` was promoted; it succeeded unless told otherwise. */
export function updateOf(
  release: Release | undefined,
  live: Release | undefined,
  changes: Partial<Update> = {},
): Update {
  return {
    id: "1",
    startedAt: 100,
    endedAt: 160,
    result: "succeeded",
    message: release === undefined ? "" : `sparki deploy of ${release.id}`,
    release,
    ranBy: ranFor(release, changes.message),
    promotion: async () => live && recordOf(live),
    ...changes,
  };
}

/** Who ran an update to a release: sparki, to roll back where the message says so. */
export function ranFor(release: Release | undefined, message = ""): RunRecord | undefined {
  if (release === undefined) return undefined;
  const by = message.startsWith("sparki rollback to ") ? "sparki rollback" : "sparki deploy";
  const who = { name: "ada", through: "here", run: null };
  return { by, release: release.id, at: "2026-11-23T11:31:11.000Z", who, approval: null };
}
