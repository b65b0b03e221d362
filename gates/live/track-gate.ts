import { systemClock } from "../../io/clock.ts";
import type { KubernetesClient } from "../../io/kubernetes.ts";
import { whileAway } from "../../io/kubernetes-call.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";
import { syntheticTraffic } from "../../io/synthetic.ts";
import { isRollbackUpdate } from "../../records/helm-release.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { ENTERED, namespaceOf, type ServiceName, serviceOf, type Track, trackName } from "../../stacks/services.ts";
import { type GateResult, worst } from "../gate.ts";
import type { HealthSample, PodSnapshot } from "../health.ts";
import { type GateProgress, progressLine, runSloGate, type TrackSources, type TrafficSource } from "./gate-runner.ts";

import { httpProbe, runHealthGate } from "./health-gate.ts";
import { type Pace, paceOf, TRACKS_AT_ONCE } from "./pace.ts";
import type { StartTarget } from "./start-gate.ts";
import { expectationOf, type GateTarget, headersOf, subjectOfTrack, urlOf } from "./track.ts";

/**
 * Judges one track: healthy first, then within its objectives and beside the fleet; the second only after the first,
 * not of a release that is rolled back to, and not of a service that no user reaches, whose requests say nothing.
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

/**
 * Judges tracks, TRACKS_AT_ONCE side by side, which take as long as the slowest of them. One that fails decides, and ends
 * the others; one that cannot be proven waits for them, since a failure would be the reason to roll back. What is ended says
 * nothing.
 */
export async function judgeSideBySide(
  tracks: readonly Track[],
  signal: AbortSignal,
  judge: (track: Track, signal: AbortSignal) => Promise<GateResult[]>,
): Promise<GateResult[]> {
  const [first, later] = [tracks.slice(0, TRACKS_AT_ONCE), tracks.slice(TRACKS_AT_ONCE)];
  const results = await judgeAtOnce(first, signal, judge);
  if (later.length === 0 || worst(results.map(({ verdict }) => verdict)) !== "pass") return results;
  return [...results, ...(await judgeSideBySide(later, signal, judge))];
}

async function judgeAtOnce(...[tracks, signal, judge]: Parameters<typeof judgeSideBySide>): Promise<GateResult[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.all(
    tracks.map(async (track) => {
      try {
        const found = await judge(track, either);
        if (found.some(({ verdict }) => verdict === "fail")) failed.abort();
        return found;
      } catch (error) {
        if (failed.signal.aborted) return [];
        failed.abort();
        throw error;
      }
    }),
  );
  return results.flat();
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
    ...subjectOfTrack(track),
    pods: {
      expected: expectationOf(config, track),
      sample: sinceBefore(sample, target.podsBefore ?? (isRollbackUpdate(env) ? undefined : new Map())),
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
    track.kind === "one-box" &&
    (await whileAway(() => client.hasReadyPods(namespaceOf(fleet.workload), trackName(fleet)), target.signal));
  const pace = paceOf(config.gate, env, isBeside ? 2 : target.tracksAtOnce);
  return runSloGate({
    ...subjectOfTrack(track),
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

type PodsBefore = NonNullable<GateTarget["podsBefore"]>;

/** The pods that tracks have now; none where there is no such workload yet. */
export async function podsOf(target: StartTarget, tracks: readonly Track[]): Promise<PodsBefore> {
  const { KubernetesClient } = await import("../../io/kubernetes.ts");
  const client = new KubernetesClient(target.kubeconfig, target.signal);
  const found = await Promise.all(
    tracks.map((track) => client.sampleHealth(namespaceOf(track.workload), trackName(track))),
  );
  return byName(found.flatMap(({ pods }) => pods));
}

/**
 * Looks at pods by what happens in this deployment. A pod that it has not replaced may have served for weeks: a restart or
 * an error line from then says nothing about now. Without an earlier look, the first one stands for it.
 */
export function sinceBefore(
  sample: () => Promise<HealthSample>,
  before: PodsBefore | undefined,
): () => Promise<HealthSample> {
  let known = before;
  return async () => {
    const found = await sample();
    known ??= byName(found.pods);
    const earlier = known;
    const gone = (pod: PodSnapshot) => pod.evicted !== undefined && earlier.get(pod.name)?.evicted !== undefined;
    return { ...found, pods: found.pods.filter((pod) => !gone(pod)).map((pod) => since(pod, earlier.get(pod.name))) };
  };
}

function byName(pods: readonly PodSnapshot[]): PodsBefore {
  return new Map(pods.map((pod) => [pod.name, pod]));
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

/** Users' requests to a track of one release, or of any, and synthetic ones beside them. */
function trackSources(
  { config, stack }: GateTarget,
  track: Track,
  network: Network,
  pace: Pace,
  release?: string,
): TrackSources {
  const labels = {
    namespace: namespaceOf(track.workload),
    stack,
    track: track.kind,
    ...(release !== undefined && { release }),
    synthetic: "false",
  };
  return {
    users: prometheusCounts(openPrometheus(network, config.storm.prometheusUrl), { labels, now: systemClock.now }),
    synthetic: syntheticTraffic(network, {
      urls: trafficUrls(config, [track.workload]),
      headers: headersOf(track),
      ...paced(pace),
    }),
  };
}

/** What users ask of either track of the config's release, and synthetic requests that go the way users' do. */
export function entranceSources({ config, stack }: GateTarget, network: Network, pace: Pace): TrackSources {
  const labels = { stack, release: config.release.id, synthetic: "false" };
  return {
    users: prometheusCounts(openPrometheus(network, config.storm.prometheusUrl), { labels, now: systemClock.now }),
    synthetic: entranceTraffic(config, network, pace),
  };
}

/** Synthetic requests that go the way users' do. */
export function entranceTraffic(config: StackConfig, network: Network, pace: Pace): TrafficSource {
  return syntheticTraffic(network, { urls: trafficUrls(config, ENTERED), ...paced(pace) });
}

function paced({ syntheticRequestsPerSecond, syntheticConcurrency, isServerTimed }: Pace) {
  return { requestsPerSecond: syntheticRequestsPerSecond, concurrency: syntheticConcurrency, isServerTimed };
}

/** What a gate's own requests to these services ask for. */
function trafficUrls(config: StackConfig, services: readonly ServiceName[]): string[] {
  return services.flatMap((name) => serviceOf(name).entrance?.traffic ?? []).map((path) => `${urlOf(config)}${path}`);
}
