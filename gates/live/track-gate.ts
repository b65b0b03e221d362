import { systemClock } from "../../io/clock.ts";
import type { KubernetesClient } from "../../io/kubernetes.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { isRollbackUpdate } from "../../records/rollback-mode.ts";
import { namespaceOf, serviceOf, type Track, trackName } from "../../stacks/services.ts";
import type { HealthSample, PodSnapshot } from "../health.ts";
import type { GateResult } from "../verdict.ts";
import { type GateProgress, progressLine, runSloGate } from "./gate-runner.ts";
import { runHealthGate } from "./health-gate.ts";
import { httpProbe } from "./http-probe.ts";
import { paceOf } from "./pace.ts";
import { expectationOf, type GateTarget, headersOf, nameOf, urlOf } from "./track.ts";
import { trackSources } from "./track-sources.ts";

/**
 * Judges one track: healthy first, then within its objectives and beside the fleet; the second only after the first,
 * not of a release that is gone back to, and not of a service that no user reaches, whose requests say nothing.
 */
export async function runTrackGate(target: GateTarget, track: Track): Promise<GateResult[]> {
  // The client takes half a second to load, and a preview runs no gate.
  const { KubernetesClient } = await import("../../io/kubernetes.ts");
  const client = new KubernetesClient(target.kubeconfig, target.signal);
  // The domain resolves to the load balancer for the gate alone: same host header and certificate as after the cutover.
  const network = openNetwork(target.env, { [target.config.domain]: target.loadBalancer });
  try {
    const health = await judgeHealth(target, track, network, client);
    const isEnough = isRollbackUpdate(target.env) || serviceOf(track.workload).entrance === undefined;
    if (isEnough || health.some(({ verdict }) => verdict !== "pass")) return health;
    return [...health, ...(await judgeObjectives(target, track, network, client))];
  } finally {
    await network.close();
  }
}

function judgeHealth(
  target: GateTarget,
  track: Track,
  network: Network,
  client: KubernetesClient,
): Promise<GateResult[]> {
  const { config, env } = target;
  const pace = paceOf(config.gate, env);
  const { probes = [] } = serviceOf(track.workload).entrance ?? {};
  const sample = () => client.sampleHealth(namespaceOf(track.workload), trackName(track));
  return runHealthGate({
    gate: nameOf(track),
    pods: {
      expected: expectationOf(config, track),
      sample: isRollbackUpdate(env) ? sinceFirstLook(sample) : sample,
    },
    probes: probes.map((path) => httpProbe(network, path, `${urlOf(config)}${path}`, headersOf(track))),
    deadlineSeconds: pace.healthDeadlineSeconds,
    outageSeconds: pace.outageSeconds,
    endsAt: target.endsAt,
    clock: systemClock,
    signal: target.signal,
    onProgress: target.onProgress,
  });
}

async function judgeObjectives(
  target: GateTarget,
  track: Track,
  network: Network,
  client: KubernetesClient,
): Promise<GateResult[]> {
  const { config, env } = target;
  const fleet: Track = { ...track, kind: "fleet" };
  const isBeside =
    track.kind === "one-box" && (await client.hasReadyPods(namespaceOf(fleet.workload), trackName(fleet)));
  const pace = paceOf(config.gate, env, isBeside ? 2 : 1);
  return runSloGate({
    gate: nameOf(track),
    objectives: config.objectives,
    errorRate: config.gate.maxWrongVerdictRatio,
    sources: trackSources(target, track, network, pace, config.release.id),
    // Whatever release the fleet runs is what users have now.
    fleet: isBeside ? trackSources(target, fleet, network, pace) : undefined,
    lookEverySeconds: pace.lookEverySeconds,
    deadlineSeconds: pace.deadlineSeconds,
    sourceRetrySeconds: pace.sourceRetrySeconds,
    clock: systemClock,
    signal: target.signal,
    onProgress: throttled(target.onProgress),
  });
}

const PROGRESS_EVERY_SECONDS = 2;

/** A line every two seconds: enough to see it move, few enough to read in a log. */
function throttled(onProgress: (text: string) => void): (progress: GateProgress) => void {
  let next = 0;
  return (progress) => {
    if (progress.elapsedSeconds < next) return;
    next = progress.elapsedSeconds + PROGRESS_EVERY_SECONDS;
    onProgress(progressLine(progress));
  };
}

/**
 * Looks at pods by what happens from the first look on. Pods of a release that is gone back to may have served for
 * weeks: a restart or an error line from then says nothing about now.
 */
export function sinceFirstLook(sample: () => Promise<HealthSample>): () => Promise<HealthSample> {
  let first: ReadonlyMap<string, PodSnapshot> | undefined;
  return async () => {
    const found = await sample();
    first ??= new Map(found.pods.map((pod) => [pod.name, pod]));
    const known = first;
    return { ...found, pods: found.pods.map((pod) => since(pod, known.get(pod.name))) };
  };
}

function since(pod: PodSnapshot, before: PodSnapshot | undefined): PodSnapshot {
  if (before === undefined) return pod;
  const old = new Set([...before.errorLines, ...before.outages]);
  return {
    ...pod,
    restarts: Math.max(0, pod.restarts - before.restarts),
    errorLines: pod.errorLines.filter((line) => !old.has(line)),
    outages: pod.outages.filter((line) => !old.has(line)),
  };
}
