import { runHealthGate } from "../../gates/live/health-gate.ts";
import type { GateTarget } from "../../gates/live/track.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { systemClock } from "../../io/clock.ts";
import { helmStoreOpener } from "../../io/helm-store.ts";
import { contentHash, valuesHash } from "../../records/chart-content.ts";
import { type HelmStore, liveRevision } from "../../records/stored-release.ts";
import { messageOf } from "../../shared/message-of.ts";
import { type Kept, type KeptRelease, NAMESPACES } from "../release/keep.ts";
import { objectChanges, renderedObjects } from "../release/object-changes.ts";

/**
 * Proves that the cluster has the objects of what was promoted, not only its images: Helm's newest revision is of the
 * promoted chart, renders the same objects where it was given the same values, and the API has each of them so. Nothing is
 * judged where the promotion did not record its charts.
 */
export async function judgeObjects(
  { kubeconfig, signal, onProgress }: Pick<GateTarget, "kubeconfig" | "signal" | "onProgress">,
  { releases }: Pick<Kept, "releases">,
  deadlineSeconds: number,
): Promise<GateResult[]> {
  if (Object.keys(releases).length === 0) return [];
  const { objectsApart } = await import("../../io/object-proof.ts");
  const store = helmStoreOpener(signal)(kubeconfig);
  const apart = (objects: Parameters<typeof objectsApart>[1]) => objectsApart(kubeconfig, objects, signal);
  const run = async () => {
    try {
      const found = await Promise.all(
        Object.entries(releases).map(([name, kept]) => apartOf(name, kept, store, apart)),
      );
      return found.flat().length === 0 ? undefined : found.flat().join("; ");
    } catch (error) {
      return `the Kubernetes API did not answer: ${messageOf(error)}`;
    }
  };
  const probes = [{ name: "objects as promoted", run }];
  return runHealthGate({ gate: "rollback", probes, deadlineSeconds, clock: systemClock, signal, onProgress });
}

type Apart = (objects: ReturnType<typeof renderedObjects>) => Promise<string[]>;

async function apartOf(name: string, kept: KeptRelease, store: HelmStore, apart: Apart): Promise<string[]> {
  const live = liveRevision((await store.revisions(NAMESPACES[name] ?? "", name)) ?? []);
  if (live === undefined) return [`Helm has no ${name}`];
  if (live.status !== "deployed") return [`${name} is ${live.status}`];
  if (contentHash(live.chart) !== kept.content) return [`${name} has another chart than was promoted`];
  const objects = renderedObjects(live.manifest);
  const isGiven = kept.manifest !== undefined && valuesHash(live.values) === valuesHash(kept.values);
  const changed = isGiven ? objectChanges(renderedObjects(kept.manifest ?? ""), objects) : [];
  return [
    ...changed.map(({ object }) => `${object} is rendered otherwise than when it was promoted`),
    ...(await apart(objects)),
  ];
}
