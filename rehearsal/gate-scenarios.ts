import type { Behaviours, Scenario, ScenarioRelease, TimedFaults } from "./scenarios.ts";

/** The gate of the engine's one-box runs within this step, before the step changes anything. */
const ONE_BOX_GATE = "engine-fleet";

/** What a gate may meet, each in a second release over a good first one. */
export const GATE_SCENARIOS: readonly Scenario[] = [
  upgrade("error-spike", "a second release that answers five requests in a hundred with 500", {
    behaviours: { engine: { errorRatio: 0.05 } },
  }),
  upgrade("error-spike-1", "a second release that answers one request in a hundred with 500", {
    behaviours: { engine: { errorRatio: 0.01 } },
  }),
  upgrade("slow-p99", "a second release that takes six seconds for five requests in a hundred", {
    behaviours: { engine: { slowRatio: 0.05, slowMilliseconds: 6_000 } },
  }),
  upgrade("worse-than-fleet", "a second release within its objectives, but clearly slower than the fleet beside it", {
    behaviours: { engine: { slowRatio: 0.01, slowMilliseconds: 1_200 } },
  }),
  upgrade("no-traffic", "nobody uses the second release, and the firewall turns the gate's own requests away", {
    faults: { at: ONE_BOX_GATE, hold: { gateRequests: 50 } },
  }),
  upgrade("metrics-down", "Prometheus stops while the gate looks", {
    faults: { at: ONE_BOX_GATE, hold: { down: ["metrics"] } },
  }),
  upgrade("metrics-nan", "a second release whose metrics are NaN, while people use it", {
    behaviours: { engine: { metricsNotNumbers: true } },
    faults: { hold: { users: 50 } },
  }),
  upgrade("cache-down", "Redis stops while the gate looks", {
    faults: { at: ONE_BOX_GATE, hold: { down: ["cache"] } },
  }),
  upgrade("db-down", "PostgreSQL stops while the gate looks", {
    faults: { at: ONE_BOX_GATE, hold: { down: ["database"] } },
  }),
  upgrade("already-burning", "the live release fails its users when the second one is to start", {
    faults: { hold: { users: 100, fleet: { errorRatio: 0.05 } } },
  }),
];

interface Second {
  readonly behaviours?: Behaviours;
  readonly faults?: TimedFaults;
}

function upgrade(name: string, summary: string, { behaviours = {}, ...faults }: Second): Scenario {
  const first: ScenarioRelease = { release: "configured", behaviours: {} };
  return { name, summary, releases: [first, { release: "next", behaviours, ...faults }] };
}
