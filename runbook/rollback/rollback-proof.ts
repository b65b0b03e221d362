import { type GateResult, type GateSubject, judgeGate, percent, subjectOf } from "../../gates/gate.ts";
import { type GateProgress, progressLine, runSloGate, type SloGate } from "../../gates/live/gate-runner.ts";
import { judgeRunningDigests, runHealthGate } from "../../gates/live/health-gate.ts";
import { paceOf } from "../../gates/live/pace.ts";
import type { GateTarget } from "../../gates/live/track.ts";
import { entranceSources, runTrackGate } from "../../gates/live/track-gate.ts";
import { HIGH_ERROR_RATIO } from "../../gates/tree.ts";
import { systemClock } from "../../io/clock.ts";
import { helmStoreOpener } from "../../io/helm.ts";
import { type LiveRelease, readLiveRelease } from "../../io/live-release.ts";
import { openNetwork } from "../../io/network.ts";
import { contentHash, ROLLBACK_ENVIRONMENT, valuesHash } from "../../records/helm-release.ts";
import { type HelmStore, liveRevision } from "../../records/stored-release.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { servicesOf, tracksOf } from "../../stacks/services.ts";
import { type Kept, type KeptRelease, NAMESPACES } from "../release/keep.ts";
import { objectChanges, renderedObjects } from "../release/object-changes.ts";

/** The runbook's limit: within two minutes the previous release must be seen to serve. */
export const PROOF_SECONDS = 120;

const ROLLBACK: GateSubject = { gate: "rollback", phase: "rollback" };

/** That a release which was rolled back to serves again. */
export interface Proof {
  /** As the Kubernetes API reports the running pods, after everything else was checked. */
  readonly live: LiveRelease;
  readonly gates: readonly GateResult[];
}

/**
 * Proves within two minutes, all parts together, that the config's release is what runs, with the objects of its own charts and
 * values, is healthy, and keeps the error rate. Where the traffic of that time cannot prove the limit, the bound that it does prove is accepted up to 1 %, and
 * said to be weaker.
 */
export async function proveRollback(target: GateTarget, kept: Pick<Kept, "releases">): Promise<Proof> {
  const endsAt = systemClock.now() + PROOF_SECONDS;
  const left = () => Math.max(0, endsAt - systemClock.now());
  const hasty = {
    ...target,
    env: { ...target.env, ...ROLLBACK_ENVIRONMENT },
    config: withHealthDeadline(target.config),
    endsAt,
  };
  const health = (
    await Promise.all(tracksOf(servicesOf(target.config)).map((track) => runTrackGate(hasty, track)))
  ).flat();
  if (health.some(({ verdict }) => verdict !== "pass")) return proofOf(target, health);
  const digests = await judgeRunningDigests(target, ROLLBACK, left());
  if (digests.some(({ verdict }) => verdict !== "pass")) return proofOf(target, [...health, ...digests]);
  const objects = await judgeObjects(target, kept, left());
  if (objects.some(({ verdict }) => verdict !== "pass")) return proofOf(target, [...health, ...digests, ...objects]);
  const errors = await judgeErrors(target, left());
  return proofOf(target, [...health, ...digests, ...objects, ...errors]);
}

async function proofOf({ kubeconfig, signal }: GateTarget, gates: readonly GateResult[]): Promise<Proof> {
  return { live: await readLiveRelease(kubeconfig, signal), gates };
}

function withHealthDeadline(config: GateTarget["config"]): GateTarget["config"] {
  const healthDeadlineMinutes = Math.min(PROOF_SECONDS / 60, config.gate.healthDeadlineMinutes);
  return { ...config, gate: { ...config.gate, healthDeadlineMinutes } };
}

/** What users get through the entrance, whichever track answers: only errors, for two minutes say little of latency. */
async function judgeErrors(target: GateTarget, deadlineSeconds: number): Promise<GateResult[]> {
  const { config, env, signal, onProgress } = target;
  const network = openNetwork(env, { [config.domain]: target.loadBalancer });
  const pace = paceOf(config.gate, env);
  try {
    return await proveErrors({
      ...ROLLBACK,
      objectives: config.objectives.filter(({ kind }) => kind.type === "errors"),
      errorRate: config.gate.maxWrongVerdictRatio,
      sources: entranceSources(target, network, pace),
      lookEverySeconds: pace.lookEverySeconds,
      deadlineSeconds,
      sourceRetrySeconds: pace.sourceRetrySeconds,
      clock: systemClock,
      signal,
      onProgress: (progress: GateProgress) => onProgress(progressLine(progress)),
    });
  } finally {
    await network.close();
  }
}

/** Judges errors in what is left of the time; without any left, or with a source that gives nothing usable, none passes. */
export async function proveErrors(gate: SloGate): Promise<GateResult[]> {
  if (gate.deadlineSeconds <= 0) return judgeGate(gate.objectives, {}, subjectOf(gate)).map(outOfTime);
  let trouble: string | undefined;
  const results = await runSloGate({
    ...gate,
    onProgress: (progress) => {
      trouble = progress.problem;
      gate.onProgress?.(progress);
    },
  });
  return trouble === undefined ? results.map(acceptWeaker) : results;
}

function outOfTime(result: GateResult): GateResult {
  return { ...result, reason: `nothing was left of the ${PROOF_SECONDS} s to prove it in; ${result.reason}` };
}

/**
 * Takes a release for good again whose errors could not be proven to be under the limit in the time there was, if it was
 * measured under the limit, nothing is proven against it, and they are proven to be under what a live release is gone
 * back from for; the reason states the bound that the traffic allows.
 */
export function acceptWeaker(result: GateResult): GateResult {
  const { verdict, requests, bad, limit, upper, reason } = result;
  if (verdict !== "inconclusive" || requests === 0 || bad > requests * limit) return result;
  if (upper > HIGH_ERROR_RATIO) {
    const most = `at most ${percent(upper)}, but a rollback needs a bound of ${percent(HIGH_ERROR_RATIO)}`;
    return { ...result, reason: `${reason}; ${most}` };
  }
  const bound = `${bad} of ${requests} requests bad: at most ${percent(upper)}, a weaker bound than ${percent(limit)}`;
  return { ...result, verdict: "pass", reason: `${bound}, for lack of traffic (${reason})` };
}

/**
 * Proves that the cluster has the objects of what was promoted, not only its images: Helm's newest revision is of the
 * promoted chart, renders the same objects where it was given the same values, and the API has each of them so. Nothing is
 * judged where the promotion did not record its charts.
 */
async function judgeObjects(
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
      return `the Kubernetes API did not respond: ${messageOf(error)}`;
    }
  };
  const probes = [{ name: "objects as promoted", run }];
  return runHealthGate({ ...ROLLBACK, probes, deadlineSeconds, clock: systemClock, signal, onProgress });
}

type Apart = (objects: ReturnType<typeof renderedObjects>) => Promise<string[]>;

async function apartOf(name: string, kept: KeptRelease, store: HelmStore, apart: Apart): Promise<string[]> {
  const live = liveRevision((await store.revisions(NAMESPACES[name] ?? "", name)) ?? []);
  if (live === undefined) return [`Helm has no ${name}`];
  if (live.status !== "deployed") return [`${name} is ${live.status}`];
  if (contentHash(live.chart) !== kept.content) return [`${name} has a different chart than was promoted`];
  const objects = renderedObjects(live.manifest);
  const isGiven = kept.manifest !== undefined && valuesHash(live.values) === valuesHash(kept.values);
  const changed = isGiven ? objectChanges(renderedObjects(kept.manifest ?? ""), objects) : [];
  return [
    ...changed.map(({ object }) => `${object} renders differently than when it was promoted`),
    ...(await apart(objects)),
  ];
}
