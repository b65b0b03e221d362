import type { X509Certificate } from "node:crypto";
import type { HealthSample } from "../../gates/health.ts";
import type { TrafficSource } from "../../gates/live/gate-runner.ts";
import type { Pace } from "../../gates/live/pace.ts";
import { paceOf, timeScaleOf } from "../../gates/live/pace.ts";
import type { ReleaseCounts } from "../../gates/live/release-slo.ts";
import { releaseCounts } from "../../gates/live/release-slo.ts";
import type { GateTarget } from "../../gates/live/track.ts";
import { entranceTraffic } from "../../gates/live/track-gate.ts";
import type { Job } from "../../io/cluster-job.ts";
import type { Http, HttpAnswer, HttpRequest } from "../../io/http.ts";
import { request } from "../../io/http.ts";
import { openNetwork, servedCertificate } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import type { Track } from "../../stacks/services.ts";
import { namespaceOf, trackName } from "../../stacks/services.ts";
import { gateTargetOf, type StackTarget } from "../deploy/stack-target.ts";
import type { Look } from "../preflight/check.ts";
import type { Names, Tokens } from "../preflight/context.ts";

/** Everything that is checked once a release is live, each part replaceable by a test. */
export interface VerifyContext {
  readonly stack: string;
  /** Its release is the one that should be live. */
  readonly config: StackConfig;
  /** Reaches the domain as the world does: through DNS and TLS. */
  readonly http: Http;
  /** Reaches the domain at the load balancer's own name, whatever DNS says. */
  readonly balancer: Http;
  /** Tokens of the services that are asked; never part of any output. */
  readonly tokens: Tokens;
  readonly names: Pick<Names, "addressesOf">;
  /** The load balancer's own DNS name. */
  readonly loadBalancer: string;
  /** The certificate that is served for a name, trusted or not; rejects when there is none. */
  certificateOf(name: string, signal: AbortSignal): Promise<ServedCertificate>;
  /** A track's Deployment and its pods. */
  podsOf(track: Track): Promise<HealthSample>;
  /** Runs a Job to its end; resolves with why it failed, or undefined when it succeeded. */
  runJob(job: Job, log: NodeJS.WritableStream, signal: AbortSignal): Promise<string | undefined>;
  /** Shows a line while something runs. */
  say(line: string): void;
  readonly counts: ReleaseCounts;
  /** Requests through the entrance, not started yet, for where too few were made to prove anything. */
  traffic(): TrafficSource;
  readonly pace: Pace;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly clock: Clock;
}

export interface ServedCertificate {
  readonly certificate: X509Certificate;
  /** Why nobody should trust it; undefined when it is trusted for the name. */
  readonly problem: string | undefined;
}

/**
 * One thing to verify. `fail` says that the release is not well, `warn` that it is not proven to be, and `skipped` that
 * there is nothing yet that could be checked.
 */
export interface Verification extends Look<VerifyContext> {
  /** One sentence for the docs: what holds when it passes. */
  readonly proves: string;
}

/** The next command where the release's own requests fail. */
export function diagnoseErrors({ stack }: Pick<VerifyContext, "stack">): string {
  return `npx sparki diagnose errors --stack ${stack}`;
}

/** The next command where too little was asked for a proof. */
export function verifyLater({ stack }: Pick<VerifyContext, "stack">): string {
  return `npx sparki verify --stack ${stack}, once there has been more traffic`;
}

/** Asks the site at the load balancer's own name, as what it is: a request of our own. */
export function askEntrance(
  { balancer, config }: Pick<VerifyContext, "balancer" | "config">,
  path: string,
  { headers, ...options }: HttpRequest,
): Promise<HttpAnswer> {
  return balancer(`https://${config.domain}${path}`, { ...options, headers: { ...headers, ...SYNTHETIC } });
}

/** Does work with the ports to a release that should be live; throws when the stack's outputs do not say how to reach it. */
export async function withVerify<T>(
  target: StackTarget,
  release: Release,
  work: (context: VerifyContext) => Promise<T>,
): Promise<T> {
  const { clock, screen } = target;
  const say = (text: string) => screen.line(`    ${screen.paint.dim(text.slice(0, screen.width - 4))}`);
  const { context, close } = await openVerify(await gateTargetOf(target, release, say), clock);
  try {
    return await work(context);
  } finally {
    await close();
  }
}

interface OpenVerify {
  readonly context: VerifyContext;
  close(): Promise<void>;
}

/** The real ports to a release that is live: cluster, metrics and network as the environment says. */
async function openVerify(target: GateTarget, clock: Clock): Promise<OpenVerify> {
  const { config, env, kubeconfig, loadBalancer, stack, onProgress } = target;
  // The client takes half a second to load.
  const { KubernetesClient } = await import("../../io/kubernetes.ts");
  const { runJob } = await import("../../io/cluster-job.ts");
  const cluster = new KubernetesClient(kubeconfig, target.signal);
  const world = openNetwork(env);
  const balancer = openNetwork(env, { [config.domain]: loadBalancer });
  const pace = paceOf(config.gate, env);
  const context: VerifyContext = {
    stack,
    config,
    http: (url, options) => request(world, url, options),
    balancer: (url, options) => request(balancer, url, options),
    tokens: { storm: env.SPARKI_STORM_TOKEN },
    names: world,
    loadBalancer,
    certificateOf: (name, signal) => servedCertificate(world, name, signal),
    podsOf: (track) => cluster.sampleHealth(namespaceOf(track.workload), trackName(track)),
    runJob: (job, log, signal) => runJob(kubeconfig, job, log, signal),
    say: onProgress,
    counts: releaseCounts(openPrometheus(world, config.storm.prometheusUrl), { stack, config }, () => clock.now()),
    traffic: () => entranceTraffic(config, world, pace),
    pace,
    timeScale: timeScaleOf(env),
    clock,
  };
  const close = async () => {
    await Promise.all([world.close(), balancer.close()]);
  };
  return { context, close };
}
