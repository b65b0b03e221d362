import { systemClock } from "../../io/clock.ts";
import { type Network, openNetwork } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { type PrometheusCounts, prometheusCounts } from "../../io/prometheus-counts.ts";
import { ENTERED, namespaceOf, type Track, trackName } from "../../stacks/services.ts";
import { type BurnWindow, judgeStart, RELEASE_WINDOWS } from "../burn-rate.ts";
import type { GateResult } from "../gate.ts";
import { type CountsReading, problemOfReading } from "../objective.ts";
import { paceOf, timeScaleOf } from "./pace.ts";
import { readWindow } from "./release-slo.ts";
import type { GateTarget } from "./track.ts";

/** What the gate needs: it asks the release nothing, so there need be no way in yet. */
export type StartTarget = Omit<GateTarget, "loadBalancer">;

const LOOK_EVERY_SECONDS = 1;

/**
 * Judges whether the error budget is burning already (gates/burn-rate.ts), by what the fleets answered users over the
 * release windows; no result where there is no fleet yet. A source without a usable answer is asked for the retry time.
 */
export async function runStartGate(target: StartTarget): Promise<GateResult[]> {
  const { KubernetesClient } = await import("../../io/kubernetes.ts");
  const client = new KubernetesClient(target.kubeconfig, target.signal);
  const network = openNetwork(target.env);
  try {
    const results: GateResult[] = [];
    for (const workload of ENTERED) {
      const fleet: Track = { workload, kind: "fleet" };
      if (!(await client.hasReadyPods(namespaceOf(workload), trackName(fleet)))) continue;
      const counts = countsOf(target, fleet, network);
      for (const window of RELEASE_WINDOWS) results.push(...(await judgeWindow(target, workload, counts, window)));
    }
    return results;
  } finally {
    await network.close();
  }
}

function countsOf({ config, stack }: StartTarget, fleet: Track, network: Network): PrometheusCounts {
  const labels = { namespace: namespaceOf(fleet.workload), stack, track: fleet.kind, synthetic: "false" };
  return prometheusCounts(openPrometheus(network, config.storm.prometheusUrl), { labels, now: systemClock.now });
}

async function judgeWindow(
  target: StartTarget,
  workload: Track["workload"],
  counts: PrometheusCounts,
  window: BurnWindow,
): Promise<GateResult[]> {
  const { objectives, gate } = target.config;
  const reading = await readPatiently(target, counts, window.seconds * timeScaleOf(target.env));
  return judgeStart(objectives, window, reading, {
    gate: `start ${workload}`,
    phase: "preflight",
    service: workload,
    track: "fleet",
    errorRate: gate.maxWrongVerdictRatio,
  });
}

/** A reading of the window; one without a usable answer is tried again for the retry time. */
async function readPatiently(
  { config, env, signal, onProgress }: StartTarget,
  counts: PrometheusCounts,
  seconds: number,
): Promise<CountsReading> {
  const deadline = systemClock.now() + paceOf(config.gate, env).sourceRetrySeconds;
  for (;;) {
    const reading = await readWindow(counts, config.objectives, seconds, systemClock.now);
    if (reading.kind === "value" || reading.kind === "no-data" || systemClock.now() >= deadline) return reading;
    onProgress(`start: ${problemOfReading(reading)}`);
    await systemClock.sleep(LOOK_EVERY_SECONDS, signal);
  }
}
