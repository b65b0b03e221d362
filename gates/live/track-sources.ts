import { systemClock } from "../../io/clock.ts";
import type { Network } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";
import { syntheticTraffic } from "../../io/synthetic.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { TrackSources, TrafficSource } from "./gate-evidence.ts";
import type { Pace } from "./pace.ts";
import { type GateTarget, headersOf, namespaceOf, type Track, urlOf } from "./track.ts";

/** What the gate's own requests ask for: what users do, and so not `/health`, which tells little of the service. */
const PATHS: Readonly<Record<Track["workload"], readonly string[]>> = {
  engine: ["/api/projects", "/api/cache/health"],
  web: ["/"],
};

/** Users' requests to a track of one release, or of any, and synthetic ones beside them. */
export function trackSources(
  { config, stack }: GateTarget,
  track: Track,
  network: Network,
  pace: Pace,
  release?: string,
): TrackSources {
  const labels = {
    namespace: namespaceOf(track),
    stack,
    track: track.kind,
    ...(release !== undefined && { release }),
    synthetic: "false",
  };
  return {
    users: prometheusCounts(openPrometheus(network, config.storm.prometheusUrl), { labels, now: systemClock.now }),
    synthetic: syntheticTraffic(network, {
      urls: PATHS[track.workload].map((path) => `${urlOf(config)}${path}`),
      headers: headersOf(track),
      requestsPerSecond: pace.syntheticRequestsPerSecond,
      concurrency: pace.syntheticConcurrency,
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
  return syntheticTraffic(network, {
    urls: [...PATHS.engine, ...PATHS.web].map((path) => `${urlOf(config)}${path}`),
    requestsPerSecond: pace.syntheticRequestsPerSecond,
    concurrency: pace.syntheticConcurrency,
  });
}
