import { systemClock } from "../../io/clock.ts";
import { type Http, request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { SYNTHETIC } from "../../io/synthetic.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { enteredOf, type ServiceName, serviceOf, servicesOf, TRACK_KINDS } from "../../stacks/services.ts";
import type { GateResult } from "../gate.ts";
import { type HealthProbe, runHealthGate } from "./health-gate.ts";
import { paceOf } from "./pace.ts";
import { type GateTarget, headersOf, urlOf } from "./track.ts";

/**
 * Proves that the load balancer answers for the domain, over TLS with the domain's certificate, before DNS says so: for
 * every service that users reach, on each of its tracks.
 */
export async function runEntranceGate(target: GateTarget): Promise<GateResult[]> {
  const { config, loadBalancer, env } = target;
  const network = openNetwork(env, { [config.domain]: loadBalancer });
  try {
    return await runHealthGate({
      gate: "entrance",
      phase: "cutover",
      probes: entranceProbes(config, (url, options) => request(network, url, options)),
      deadlineSeconds: paceOf(config.gate, env).healthDeadlineSeconds,
      clock: systemClock,
      signal: target.signal,
      onProgress: target.onProgress,
    });
  } finally {
    await network.close();
  }
}

const TIMEOUT_SECONDS = 10;

/**
 * A probe for each service that users reach, by an `ask` that reaches the load balancer. Each track is asked by itself: of
 * requests without a track the one-box answers some, so one good answer says nothing of a fleet without healthy targets.
 */
export function entranceProbes(config: StackConfig, ask: Http): HealthProbe[] {
  return enteredOf(servicesOf(config)).map((service) => ({
    name: `certificate and ${service}`,
    run: async () => {
      for (const { way, url, headers } of requestsTo(service, config)) {
        const answer = await ask(url, { headers: { ...headers, ...SYNTHETIC }, timeoutSeconds: TIMEOUT_SECONDS });
        if (!answer.answered) return `${url}${way}: ${answer.error}`;
        if (answer.status !== 200) return `${url}${way} answered ${answer.status}; expected 200`;
      }
      return undefined;
    },
  }));
}

/** Each path that proves the service, on each track and then as users ask for it. */
function requestsTo(service: ServiceName, config: StackConfig) {
  const tracks = TRACK_KINDS.map((kind) => ({
    way: ` on the ${kind}`,
    headers: headersOf({ workload: service, kind }),
  }));
  const paths = serviceOf(service).entrance?.probes ?? [];
  return [...tracks, { way: "", headers: {} }].flatMap((way) =>
    paths.map((path) => ({ ...way, url: `${urlOf(config)}${path}` })),
  );
}
