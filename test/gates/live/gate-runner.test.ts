import { type Verdict, worst } from "../../../gates/gate.ts";
import {
  type GateProgress,
  progressLine,
  runSloGate,
  type SloGate,
  type TrafficSource,
} from "../../../gates/live/gate-runner.ts";
import {
  type CountsReading,
  type MetricSource,
  NO_COUNTS,
  type Objective,
  type Reading,
} from "../../../gates/objective.ts";
import { NO_TRAFFIC, type TrafficCounts } from "../../../gates/traffic.ts";
import type { Clock } from "../../../shared/clock.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const errors: Objective = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 };
const slow: Objective = { name: "slow", kind: { type: "slowerThan", seconds: 1 }, maxRatio: 0.05 };

/** Synthetic traffic at 60 requests a second of the fake clock. */
function traffic(clock: Clock, bad: (requests: number) => Partial<TrafficCounts> = () => ({})) {
  const log: string[] = [];
  const started = clock.now();
  const source: TrafficSource = {
    start: () => void log.push("start"),
    stop: async () => void log.push("stop"),
    counts: () => {
      const requests = Math.round((clock.now() - started) * 60);
      return { ...NO_TRAFFIC, requests, ...bad(requests) };
    },
  };
  return { source, log };
}

function users(answer: (look: number) => CountsReading): MetricSource {
  let look = 0;
  return { countsSince: async () => answer(look++) };
}

function gateWith(clock: Clock, rest: Partial<SloGate>): SloGate {
  return {
    gate: "one-box",
    objectives: [errors],
    sources: {},
    lookEverySeconds: 1,
    deadlineSeconds: 300,
    clock,
    ...rest,
  };
}

describe("runSloGate", () => {
  it("passes a clean release on synthetic requests alone, in under 75 s at 60 a second, and stops the traffic", async () => {
    const clock = fakeClock(1_000);
    const { source, log } = traffic(clock);
    const results = await runSloGate(gateWith(clock, { sources: { synthetic: source } }));
    expect(results).toMatchObject([{ verdict: "pass", bad: 0, needed: 0 }]);
    expect(clock.now() - 1_000).toBeLessThan(75);
    expect(log).toEqual(["start", "stop"]);
  });

  it("fails a 5 % spike within seconds", async () => {
    const clock = fakeClock(1_000);
    const { source } = traffic(clock, (requests) => ({ errors: Math.floor(requests * 0.05) }));
    const results = await runSloGate(gateWith(clock, { objectives: [errors, slow], sources: { synthetic: source } }));
    expect(results[0]?.verdict).toBe("fail");
    expect(clock.now() - 1_000).toBeLessThanOrEqual(3);
  });

  it("keeps how the bounds closed in, up to the look that decided", async () => {
    const clock = fakeClock(1_000);
    const { source } = traffic(clock);
    const [errorsResult] = await runSloGate(gateWith(clock, { sources: { synthetic: source } }));
    const { looks = [] } = errorsResult ?? {};
    expect(looks[0]).toMatchObject({ seconds: 1, requests: 60, lower: 0 });
    expect(looks.at(-1)).toMatchObject({ requests: errorsResult?.requests, bad: 0 });
    const uppers = looks.map(({ upper }) => upper);
    expect(uppers).toEqual(uppers.toSorted((one, other) => other - one));
  });

  it("is inconclusive when its own requests no longer reach the release, soon and with the reason", async () => {
    const clock = fakeClock(1_000);
    const { source } = traffic(clock);
    const problem = () => (clock.now() > 1_010 ? "the firewall turns them away" : undefined);
    const synthetic = { ...source, problem };
    const results = await runSloGate(gateWith(clock, { sources: { synthetic }, sourceRetrySeconds: 5 }));
    expect(results).toMatchObject([{ verdict: "inconclusive" }]);
    expect(results[0]?.reason).toMatch(/^the firewall turns them away; 0 of \d+ requests bad: not proven/);
    expect(clock.now()).toBe(1_016);
  });

  it("is inconclusive at its deadline without any request", async () => {
    const clock = fakeClock(1_000);
    const results = await runSloGate(gateWith(clock, { sources: { users: users(() => ({ kind: "no-data" })) } }));
    expect(results).toMatchObject([{ verdict: "inconclusive", requests: 0 }]);
    expect(results[0]?.reason).toMatch(/no requests.*undecided after 300 s/);
    expect(clock.now()).toBe(1_300);
  });

  it("ends in error once the metrics source stayed silent for the retry time, whatever the synthetic requests prove", async () => {
    const clock = fakeClock(1_000);
    const down = users(() => ({ kind: "unreachable", reason: "connect ECONNREFUSED" }));
    const { source } = traffic(clock);
    const results = await runSloGate(
      gateWith(clock, { sources: { users: down, synthetic: source }, sourceRetrySeconds: 90 }),
    );
    expect(results).toMatchObject([{ verdict: "error" }]);
    expect(results[0]?.reason).toContain("ECONNREFUSED");
    expect(clock.now() - 1_000).toBeGreaterThanOrEqual(90);
    expect(clock.now() - 1_000).toBeLessThan(95);
  });

  it.each<Reading<never>>([
    { kind: "not-a-number", reason: "http_requests_total" },
    { kind: "stale", ageSeconds: 120 },
  ])("is inconclusive, never a pass, while samples are $kind", async (reading) => {
    const clock = fakeClock(1_000);
    const { source } = traffic(clock);
    const results = await runSloGate(gateWith(clock, { sources: { users: users(() => reading), synthetic: source } }));
    expect(worst(results.map(({ verdict }) => verdict))).toBe("inconclusive");
  });

  it("never passes on counts of a part, however good, and fails on them where they are bad", async () => {
    const reason = "b has answered no scrape for 120 s";
    const judge = async (bad: number) => {
      const clock = fakeClock(1_000);
      const part = users((look) => {
        const requests = look * 100;
        return { kind: "partial", reason, value: { errors: { requests, bad: requests * bad } } };
      });
      const { source } = traffic(clock);
      return runSloGate(gateWith(clock, { sources: { users: part, synthetic: source } }));
    };
    expect(await judge(0)).toMatchObject([{ verdict: "inconclusive", reason: expect.stringContaining(reason) }]);
    expect(await judge(0.05)).toMatchObject([{ verdict: "fail" }]);
  });

  it("recovers when the metrics source comes back within the retry time", async () => {
    const clock = fakeClock(1_000);
    const flaky = users((look) =>
      look < 30
        ? { kind: "unreachable", reason: "down" }
        : { kind: "value", value: { errors: { requests: look * 10, bad: 0 } } },
    );
    const { source } = traffic(clock);
    const results = await runSloGate(gateWith(clock, { sources: { users: flaky, synthetic: source } }));
    expect(results).toMatchObject([{ verdict: "pass" }]);
    expect((results[0]?.requests ?? 0) - (results[0]?.synthetic ?? 0)).toBeGreaterThan(0);
  });

  it("calls a counter that goes backwards an error", async () => {
    const clock = fakeClock(1_000);
    const broken = users((look) => ({
      kind: "value",
      value: { errors: { requests: look === 1 ? 500 : 400 - look, bad: 0 } },
    }));
    const results = await runSloGate(gateWith(clock, { sources: { users: broken }, deadlineSeconds: 30 }));
    expect(results[0]).toMatchObject({ verdict: "error" });
    expect(results[0]?.reason).toContain("went backwards");
  });

  it("holds a release within its objectives that is clearly worse than the fleet", async () => {
    const clock = fakeClock(1_000);
    const oneBox = traffic(clock, (requests) => ({ over1s: Math.floor(requests * 0.03) }));
    const fleet = traffic(clock, (requests) => ({ over1s: Math.floor(requests * 0.003) }));
    const results = await runSloGate(
      gateWith(clock, {
        objectives: [errors, slow],
        sources: { synthetic: oneBox.source },
        fleet: { synthetic: fleet.source },
      }),
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass", "inconclusive"]);
    expect(results[3]?.reason).toMatch(/clearly worse, at least [\d.]+ times as bad/);
    expect(fleet.log).toEqual(["start", "stop"]);
  });

  it("reports each look with requests, bound and what is needed", async () => {
    const clock = fakeClock(1_000);
    const seen: GateProgress[] = [];
    const { source } = traffic(clock);
    await runSloGate(
      gateWith(clock, { sources: { synthetic: source }, onProgress: (progress) => seen.push(progress) }),
    );
    expect(seen.map(progressLine)[0]).toMatch(/^one-box 1 s: errors: 0\/60 bad, at most .* % of 0\.1 %, \d+ to go$/);
    expect(seen.map(progressLine).at(-1)).toMatch(/, pass$/);
  });

  it("tells of the worst objective first, for a line may be cut", () => {
    const common = { gate: "g", requests: 9, bad: 0, measured: 0, limit: 0.1, lower: 0, upper: 0.2, synthetic: 9 };
    const result = (objective: string, verdict: Verdict, needed = 0) => ({
      ...common,
      kind: "objective" as const,
      objective,
      verdict,
      needed,
      reason: "",
    });
    const results = [
      result("a", "pass"),
      result("b", "inconclusive", 3),
      result("c", "inconclusive", 7),
      result("d", "fail"),
    ];
    const line = progressLine({ gate: "g", elapsedSeconds: 1, results, problem: undefined });
    expect(line.match(/\b[a-d](?=: )/g)).toEqual(["d", "c", "b", "a"]);
  });

  it("stops the traffic and rejects when it is aborted", async () => {
    const clock = { ...fakeClock(1_000), sleep: async () => Promise.reject(new Error("interrupted")) };
    const { source, log } = traffic(clock);
    await expect(runSloGate(gateWith(clock, { sources: { synthetic: source } }))).rejects.toThrow("interrupted");
    expect(log).toEqual(["start", "stop"]);
  });

  it("never passes on nothing", async () => {
    const clock = fakeClock(1_000);
    const nothing = users(() => ({ kind: "value", value: { errors: NO_COUNTS } }));
    expect((await runSloGate(gateWith(clock, { sources: { users: nothing } })))[0]?.verdict).toBe("inconclusive");
    expect((await runSloGate(gateWith(clock, { sources: {} })))[0]?.verdict).toBe("inconclusive");
  });
});
