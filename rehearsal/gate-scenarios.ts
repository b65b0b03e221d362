import type { Fault, Scenario } from "./scenario.ts";

/** The gate of the engine's one-box runs within this step, before the step changes anything. */
const ONE_BOX_GATE = "engine-fleet";

interface GateScenario extends Fault {
  readonly name: string;
  /** The fault's own id and words, where it can be put into any release. */
  readonly fault?: readonly [id: string, summary: string];
}

const CASES: readonly GateScenario[] = [
  {
    name: "error-spike",
    fault: ["F38", "five requests in a hundred are answered with 500"],
    summary: "a second release that answers five requests in a hundred with 500",
    behaviours: { engine: { errorRatio: 0.05 } },
  },
  {
    name: "error-spike-1",
    summary: "a second release that answers one request in a hundred with 500",
    behaviours: { engine: { errorRatio: 0.01 } },
  },
  {
    name: "slow-p99",
    fault: ["F39", "five requests in a hundred take six seconds"],
    summary: "a second release that takes six seconds for five requests in a hundred",
    behaviours: { engine: { slowRatio: 0.05, slowMilliseconds: 6_000 } },
  },
  {
    name: "worse-than-fleet",
    summary: "a second release within its objectives, but clearly slower than the fleet beside it",
    behaviours: { engine: { slowRatio: 0.01, slowMilliseconds: 1_200 } },
  },
  {
    name: "no-traffic",
    fault: ["F41", "nobody uses the release, and the firewall turns the gate's own requests away"],
    summary: "nobody uses the second release, and the firewall turns the gate's own requests away",
    faults: { at: ONE_BOX_GATE, hold: { gateRequests: 50 } },
  },
  {
    name: "metrics-down",
    fault: ["F42", "Prometheus stops"],
    summary: "Prometheus stops while the gate looks",
    faults: { at: ONE_BOX_GATE, hold: { down: ["metrics"] } },
  },
  {
    name: "metrics-nan",
    fault: ["F43", "the metrics are NaN, while people use it"],
    summary: "a second release whose metrics are NaN, while people use it",
    behaviours: { engine: { metricsNotNumbers: true } },
    faults: { hold: { users: 50 } },
  },
  {
    name: "cache-down",
    fault: ["F37", "Redis stops"],
    summary: "Redis stops while the gate looks",
    faults: { at: ONE_BOX_GATE, hold: { down: ["cache"] } },
  },
  {
    name: "db-down",
    fault: ["F36", "PostgreSQL stops"],
    summary: "PostgreSQL stops while the gate looks",
    faults: { at: ONE_BOX_GATE, hold: { down: ["database"] } },
  },
  {
    name: "already-burning",
    summary: "the live release fails its users when the second one is to start",
    faults: { hold: { users: 100, fleet: { errorRatio: 0.05 } } },
  },
];

/** What a gate may meet, each in a second release over a good first one. */
export const GATE_SCENARIOS: readonly Scenario[] = CASES.map(({ name, summary, behaviours = {}, faults }) => ({
  name,
  summary,
  releases: [
    { release: "configured", behaviours: {} },
    { release: "next", behaviours, ...(faults && { faults }) },
  ],
}));

/** The same by the faults' ids, for any release. */
export const GATE_FAULTS: Readonly<Record<string, Fault>> = Object.fromEntries(
  CASES.flatMap(({ fault, name: _, ...broken }) => {
    if (fault === undefined) return [];
    const [id, summary] = fault;
    return [[id, { ...broken, summary }]];
  }),
);
