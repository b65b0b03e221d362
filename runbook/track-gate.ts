import type { GateResult } from "../gates/verdict.ts";
import type { StackConfig } from "../stacks/schema.ts";
import { type GateProgress, progressLine, runSloGate } from "./gate-runner.ts";
import { runHealthGate } from "./health-gate.ts";
import { httpProbe } from "./http-probe.ts";
import { systemClock } from "./io/clock.ts";
import { type Network, openNetwork } from "./io/network.ts";
import { openPrometheus } from "./io/prometheus.ts";
import { prometheusCounts } from "./io/prometheus-counts.ts";
import { syntheticTraffic } from "./io/synthetic.ts";
import { paceOf } from "./pace.ts";

/** What a gate needs to reach a release before any name points to it. */
export interface GateTarget {
  readonly config: StackConfig;
  readonly kubeconfig: string;
  /** The load balancer's own DNS name. */
  readonly loadBalancer: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** A workload's pods of one kind; also the name of their Helm release and of their target group. */
export interface Track {
  readonly workload: "engine" | "web";
  readonly kind: "one-box" | "fleet";
}

/** What the gate asks of a workload: `paths` make up the synthetic traffic too. */
const PATHS: Readonly<Record<Track["workload"], readonly string[]>> = {
  engine: ["/health", "/api/projects", "/api/cache/health"],
  web: ["/"],
};

/** Judges one track: healthy first, then within its objectives; the second only when the first has passed. */
export async function runTrackGate(target: GateTarget, track: Track): Promise<GateResult[]> {
  // The domain resolves to the load balancer for the gate alone: same host header and certificate as after the cutover.
  const network = openNetwork(target.env, { [target.config.domain]: target.loadBalancer });
  try {
    const health = await judgeHealth(target, track, network);
    if (health.some(({ verdict }) => verdict !== "pass")) return health;
    return [...health, ...(await judgeObjectives(target, track, network))];
  } finally {
    await network.close();
  }
}

async function judgeHealth(target: GateTarget, track: Track, network: Network): Promise<GateResult[]> {
  const { config, env } = target;
  // The client takes half a second to load, and a preview runs no gate.
  const { KubernetesClient } = await import("./io/kubernetes.ts");
  const client = new KubernetesClient(target.kubeconfig);
  const image = config.release.images[track.workload];
  return runHealthGate({
    gate: nameOf(track),
    pods: {
      expected: {
        digest: image.slice(image.indexOf("@") + 1),
        minReplicas: track.kind === "fleet" ? config[track.workload].replicas : 1,
      },
      sample: () => client.sampleHealth(`sparki-${track.workload}`, `${track.workload}-${track.kind}`),
    },
    probes: PATHS[track.workload].map((path) => httpProbe(network, path, `${urlOf(config)}${path}`, headersOf(track))),
    deadlineSeconds: paceOf(config.gate, env).healthDeadlineSeconds,
    clock: systemClock,
    signal: target.signal,
    onProgress: target.onProgress,
  });
}

function judgeObjectives(target: GateTarget, track: Track, network: Network): Promise<GateResult[]> {
  const { config, env } = target;
  const pace = paceOf(config.gate, env);
  const prometheus = openPrometheus(network, config.storm.prometheusUrl);
  const labels = {
    namespace: `sparki-${track.workload}`,
    track: track.kind,
    release: config.release.id,
    synthetic: "false",
  };
  return runSloGate({
    gate: nameOf(track),
    objectives: config.objectives,
    errorRate: config.gate.maxWrongVerdictRatio,
    sources: {
      users: prometheusCounts(prometheus, { labels, now: systemClock.now }),
      synthetic: syntheticTraffic(network, {
        urls: PATHS[track.workload].map((path) => `${urlOf(config)}${path}`),
        headers: headersOf(track),
        requestsPerSecond: pace.syntheticRequestsPerSecond,
      }),
    },
    lookEverySeconds: pace.lookEverySeconds,
    deadlineSeconds: pace.deadlineSeconds,
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

function nameOf(track: Track): string {
  return `${track.workload} ${track.kind}`;
}

function urlOf(config: StackConfig): string {
  return `https://${config.domain}`;
}

function headersOf(track: Track): Record<string, string> {
  return { "x-sparki-track": track.kind };
}
