import { systemClock } from "../../io/clock.ts";
import type { Network } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";
import { syntheticTraffic } from "../../io/synthetic.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { ENTERED, namespaceOf, type ServiceName, serviceOf, type Track } from "../../stacks/services.ts";
import type { TrackSources, TrafficSource } from "./gate-evidence.ts";
import type { Pace } from "./pace.ts";
import { type GateTarget, headersOf, urlOf } from "./track.ts";

/** Users' requests to a track of one release, or of any, and synthetic ones beside them. */
export function trackSources(
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
    urls: trafficUrls(config, ENTERED),
    requestsPerSecond: pace.syntheticRequestsPerSecond,
    concurrency: pace.syntheticConcurrency,
  });
}

/** What a gate's own requests to these services ask for. */
function trafficUrls(config: StackConfig, services: readonly ServiceName[]): string[] {
  return services.flatMap((name) => serviceOf(name).entrance?.traffic ?? []).map((path) => `${urlOf(config)}${path}`);
}
