import { paceOf, timeScaleOf } from "../../gates/live/pace.ts";
import { releaseCounts } from "../../gates/live/release-slo.ts";
import type { GateTarget } from "../../gates/live/track.ts";
import { entranceTraffic } from "../../gates/live/track-sources.ts";
import { request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { servedCertificate } from "../../io/served-certificate.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Release } from "../../stacks/schema.ts";
import { namespaceOf, trackName } from "../../stacks/services.ts";
import { gateTargetOf } from "../deploy/gate-target.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import type { VerifyContext } from "./verification.ts";

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
