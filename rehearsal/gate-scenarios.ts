import type { Fault, Scenario } from "./scenarios.ts";

/** The gate of the engine's one-box runs within this step, before the step changes anything. */
const ONE_BOX_GATE = "engine-fleet";

interface GateScenario extends Fault {
  readonly name: string;
  /** The fault's id, where it has one of its own. */
  readonly id?: string;
}

const CASES: readonly GateScenario[] = [
  {
    name: "error-spike",
    id: "F38",
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
    id: "F39",
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
    id: "F41",
    summary: "nobody uses the second release, and the firewall turns the gate's own requests away",
    faults: { at: ONE_BOX_GATE, hold: { gateRequests: 50 } },
  },
  {
    name: "metrics-down",
    id: "F42",
    summary: "Prometheus stops while the gate looks",
    faults: { at: ONE_BOX_GATE, hold: { down: ["metrics"] } },
  },
  {
    name: "metrics-nan",
    id: "F43",
    summary: "a second release whose metrics are NaN, while people use it",
    behaviours: { engine: { metricsNotNumbers: true } },
    faults: { hold: { users: 50 } },
  },
  {
    name: "cache-down",
    id: "F37",
    summary: "Redis stops while the gate looks",
    faults: { at: ONE_BOX_GATE, hold: { down: ["cache"] } },
  },
  {
    name: "db-down",
    id: "F36",
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
  CASES.flatMap(({ id, name: _, ...fault }) => (id === undefined ? [] : [[id, fault]])),
);
