import { systemClock } from "../../io/clock.ts";
import { openNetwork } from "../../io/network.ts";
import type { GateResult } from "../verdict.ts";
import { httpProbe, runHealthGate } from "./health-gate.ts";
import { paceOf } from "./pace.ts";
import { type GateTarget, urlOf } from "./track.ts";

/** Proves that the load balancer answers for the domain, over TLS with the domain's certificate, before DNS says so. */
export async function runEntranceGate(target: GateTarget): Promise<GateResult[]> {
  const { config, loadBalancer, env } = target;
  const network = openNetwork(env, { [config.domain]: loadBalancer });
  const url = urlOf(config);
  try {
    return await runHealthGate({
      gate: "entrance",
      phase: "cutover",
      probes: [
        httpProbe(network, "certificate and engine", `${url}/health`),
        httpProbe(network, "certificate and web UI", `${url}/`),
      ],
      deadlineSeconds: paceOf(config.gate, env).healthDeadlineSeconds,
      clock: systemClock,
      signal: target.signal,
      onProgress: target.onProgress,
    });
  } finally {
    await network.close();
  }
}
