import {
  DECIDERS,
  drawStream,
  generator,
  type Row,
  type Simulation,
  shortfalls,
  simulate,
  TARGETS,
  whereBehind,
} from "../../../gates/simulation/table.ts";

const simulation: Simulation = {
  badRatios: TARGETS.map(({ badRatio }) => badRatio),
  streams: 300,
  requestsPerStream: 20_000,
  seed: 5,
  maxRatio: 0.001,
  errorRate: 0.05,
  requestsPerSecond: 20,
  requestsPerLook: 25,
};

/** All steps of a simulation at once. */
function tableOf(...simulated: Parameters<typeof simulate>): Row[] {
  const steps = simulate(...simulated);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

describe("simulate", () => {
  const rows = tableOf(DECIDERS, simulation);

  it("comes up for air at least every 250 streams", () => {
    const few = { ...simulation, badRatios: [0, 0.01], streams: 600 };
    expect([...simulate(DECIDERS, few)]).toHaveLength(2 * 3);
  });

  it.each(TARGETS)("shows the gate meeting its target at a true ratio of $badRatio", (target) => {
    const row = rows.find(({ decider, badRatio }) => decider === "sparki" && badRatio === target.badRatio);
    expect(row && shortfalls(row, target)).toEqual([]);
  });

  it("gives the same table for the same seed, and another for another", () => {
    const few = { ...simulation, streams: 20 };
    expect(tableOf(DECIDERS, few)).toEqual(tableOf(DECIDERS, few));
    expect(tableOf(DECIDERS, { ...few, seed: 6 })).not.toEqual(tableOf(DECIDERS, few));
  });

  it("does not depend on the rate of requests, but in seconds", () => {
    const [sparki] = DECIDERS;
    if (sparki === undefined) throw new Error("no decider");
    const few = { ...simulation, streams: 20 };
    const [slow, fast] = [1, 1_000].map((requestsPerSecond) => tableOf([sparki], { ...few, requestsPerSecond }));
    const untimed = (row: object) => ({ ...row, medianSeconds: null });
    expect(slow?.map(untimed)).toEqual(fast?.map(untimed));
  });
});

describe("DECIDERS", () => {
  /** Every minute of 1,000 requests has this many bad ones. */
  const stream = (badPerMinute: number) => ({
    requests: 30_000,
    badUpTo: (requests: number) => Math.floor(requests / 1_000) * badPerMinute,
  });
  const setting = { maxRatio: 0.001, errorRate: 0.05, requestsPerSecond: 1_000 / 60, requestsPerLook: 25 };

  it.each([
    ["fixed 5 min", 0, "pass", 5_000],
    ["fixed 5 min", 2, "fail", 5_000],
    ["Flagger", 0, "pass", 10_000],
    ["Flagger", 2, "fail", 10_000],
    ["Argo Rollouts", 0, "pass", 5_000],
    ["Argo Rollouts", 2, "fail", 1_000],
  ])("%s with %i bad of 1,000 a minute: %s after %i requests", (name, bad, verdict, requests) => {
    const decider = DECIDERS.find((one) => one.name === name);
    expect(decider?.decide(stream(bad), setting)).toEqual({ verdict, requests });
  });

  it.each(DECIDERS)("$name is undecided on a stream that is too short", (decider) => {
    expect(decider.decide({ requests: 10, badUpTo: () => 0 }, setting).verdict).toBe("inconclusive");
  });
});

describe("drawStream", () => {
  it("has bad requests at the asked ratio, counted exactly", () => {
    const stream = drawStream(0.01, 1_000_000, generator(3));
    expect(stream.badUpTo(1_000_000) / 1_000_000).toBeCloseTo(0.01, 3);
    expect(stream.badUpTo(0)).toBe(0);
    const steps = Array.from({ length: 1_000 }, (_, i) => stream.badUpTo(i + 1) - stream.badUpTo(i));
    expect(steps.every((step) => step === 0 || step === 1)).toBe(true);
  });
});

describe("whereBehind", () => {
  const row = {
    badRatio: 0,
    decider: "x",
    pass: 1,
    fail: 0,
    undecided: 0,
    wrong: 0,
    medianRequests: 100,
    maxRequests: 100,
    medianSeconds: 1,
  };
  it.each([
    ["as good", {}, 0],
    ["wrong more often and later", { wrong: 0.1, medianRequests: 200 }, 0],
    ["sooner", { medianRequests: 50 }, 1],
    ["never answering", { medianRequests: null }, 0],
  ])("names where a rival is %s", (_, change, count) => {
    expect(whereBehind(row, { ...row, ...change })).toHaveLength(count);
  });
});
