import type { RequestedRollback } from "../../../runbook/rollback/requested-rollback.ts";
import type { Seen } from "../../../runbook/watch/look.ts";
import { END_SECONDS, LOOKS } from "../../../runbook/watch/schedule.ts";
import type { Promoted, WatchPorts } from "../../../runbook/watch/watch-run.ts";
import { runWatch } from "../../../runbook/watch/watch-run.ts";
import type { Clock } from "../../../shared/clock.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { releaseNamed } from "../../support/updates.ts";
import { checkOf, failing, seenOf } from "../../support/watching.ts";

const START = 1_000_000;
const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];
const promoted: Promoted = { release: two, promotedAt: START, isReturned: false, baseline: [] };
const restored: RequestedRollback = {
  outcome: "rolled-back",
  exitCode: 0,
  reason: "1.0 serves",
  release: one,
  previous: two,
  rollback: null,
};

interface Situation {
  /** What is seen at each time since the promotion; an Error is thrown. */
  readonly at?: (elapsedSeconds: number) => Seen | Error;
  readonly rollBack?: () => Promise<RequestedRollback>;
  readonly obstacle?: string;
  readonly frozen?: string;
  readonly promotedNow?: (look: number) => Promoted | Error;
  readonly isOnce?: boolean;
  readonly mayRollBack?: boolean;
  readonly from?: number;
  readonly first?: Promoted;
  readonly timeScale?: number;
  readonly controller?: AbortController;
  readonly clock?: Clock;
}

async function watch(situation: Situation = {}) {
  const { at = () => seenOf(), timeScale = 1, first = promoted, controller = new AbortController() } = situation;
  const clock = situation.clock ?? fakeClock(START + (situation.from ?? 0) * timeScale);
  const said: string[] = [];
  const reaches: number[] = [];
  let looks = 0;
  const given = <T>(value: T | Error): T => {
    if (value instanceof Error) throw value;
    return value;
  };
  const ports: WatchPorts = {
    promoted: async () => given((situation.promotedNow ?? (() => first))(++looks)),
    see: async (_, elapsed, sinceLook) => {
      reaches.push(sinceLook);
      return given(at(elapsed));
    },
    frozen: async () => situation.frozen,
    obstacle: async () => situation.obstacle,
    rollBack: async (leaving, why) => {
      said.push(`roll back: ${why}`);
      expect(leaving).toEqual(first.release);
      return (situation.rollBack ?? (async () => restored))();
    },
    tell: (look, what) => said.push(`${what} at ${Math.round(look.elapsedSeconds)}`),
    show: () => undefined,
    showDone: () => undefined,
    wait: (seconds) => clock.sleep(seconds, controller.signal),
  };
  const { isOnce = false, mayRollBack = true } = situation;
  const { signal } = controller;
  const run = await runWatch(first, ports, { isOnce, mayRollBack, timeScale, clock, signal });
  return { run, said, reaches, times: run.looks.map(({ elapsedSeconds }) => Math.round(elapsedSeconds)) };
}

const from =
  (start: number, seen: Seen, end = Number.POSITIVE_INFINITY) =>
  (elapsed: number) =>
    elapsed >= start && elapsed < end ? seen : seenOf();

describe("runWatch", () => {
  it("reaches back to the look before, and an hour where it knows of none (W19)", async () => {
    expect((await watch({ isOnce: true, from: 3_600 })).reaches).toEqual([3_600]);
    const { reaches, times } = await watch({ from: 3_600 });
    expect(reaches[0]).toBe(0);
    for (const [index, reach] of reaches.entries())
      if (index > 0) expect(Math.round(reach)).toBe((times[index] ?? 0) - (times[index - 1] ?? 0));
  });

  it("looks at once and then at every time of the schedule, and ends well", async () => {
    const { run, times, said } = await watch();
    expect(times).toEqual([0, ...LOOKS]);
    expect(run).toMatchObject({ outcome: "well", exitCode: 0 });
    expect(said).toEqual([]);
  });

  it("goes on in the stage where the release is, when it is started late", async () => {
    const { times } = await watch({ from: 3.9 * 3_600 });
    expect(times.slice(0, 4)).toEqual([14_040, 14_400, 18_000, 21_600]);
    expect((await watch({ from: 30 * 3_600 })).times).toEqual([108_000]);
  });

  it("takes the same looks in compressed time", async () => {
    expect((await watch({ timeScale: 0.01 })).times).toEqual([0, ...LOOKS]);
  });

  it("takes one look when asked for one", async () => {
    expect(await watch({ isOnce: true })).toMatchObject({ times: [0], run: { outcome: "well", exitCode: 0 } });
  });

  it("takes none when asked for one after the first day, with an hour's grace for a late schedule", async () => {
    expect((await watch({ isOnce: true, from: 24.9 * 3_600 })).times).toEqual([89_640]);
    expect(await watch({ isOnce: true, from: 25.1 * 3_600 })).toMatchObject({
      times: [],
      run: { outcome: "well", exitCode: 0, reason: "its first day is over: from now on only the alerts watch it" },
    });
  });

  it("looks again every minute while errors are high, and rolls back after five minutes (F40)", async () => {
    const at = (elapsed: number) => (elapsed < 900 ? seenOf() : failing(elapsed - 900));
    const { run, times, said } = await watch({ at });
    expect(times.slice(-6)).toEqual([900, 960, 1_020, 1_080, 1_140, 1_200].slice(-6));
    expect(run).toMatchObject({ outcome: "rolled-back", exitCode: 1, rollback: { release: { id: "1.0" } } });
    expect(said.at(-1)).toMatch(/^roll back: watch: more than 1 % have failed for five minutes/);
    expect(run.looks.at(-1)).toMatchObject({ decision: { action: "rollback" }, done: "1.0 serves" });
  });

  it("only tells of a rollback without --yes, pages once, and ends with 3 while it stays bad", async () => {
    const { run, said } = await watch({ at: () => failing(300), mayRollBack: false, from: 80_000 });
    expect(said).toEqual(["escalation at 80000"]);
    expect(run).toMatchObject({ outcome: "anomalies", exitCode: 3, rollback: null });
    expect(run.looks[0]?.done).toBe("reported only: without --yes nothing is rolled back");
  });

  it("ends with 5 when the rollback failed, and tries it once", async () => {
    const failed = { ...restored, outcome: "failed", exitCode: 5, reason: "not healthy" } as const;
    const { run, said } = await watch({ at: () => failing(300), from: 600, rollBack: async () => failed });
    expect(run).toMatchObject({ outcome: "rollback-failed", exitCode: 5, reason: "not healthy" });
    expect(said.filter((each) => each.startsWith("roll back"))).toHaveLength(1);
  });

  it("pages and watches on, without another try, when the rollback could not begin", async () => {
    const rollBack = async () => {
      throw new DeployError("SPARKI_OUTSIDE", "the state is locked");
    };
    const { run, said } = await watch({ at: from(600, failing(300), 1_200), from: 600, rollBack });
    expect(said).toEqual([expect.stringMatching(/^roll back/), "escalation at 600", "resolved at 1200"]);
    expect(run.looks[0]?.done).toBe("the rollback could not start: the state is locked");
    expect(run.looks[1]?.decision).toMatchObject({ action: "escalate", page: true });
    expect(run).toMatchObject({ outcome: "well", exitCode: 0 });
  });

  it("escalates where something forbids rolling back, and says what", async () => {
    const { run, said } = await watch({ at: () => failing(300), from: 80_000, obstacle: "roll forward instead" });
    expect(said).toEqual(["escalation at 80000"]);
    expect(run.looks[0]?.decision).toMatchObject({
      action: "escalate",
      reason: expect.stringMatching(/roll forward instead$/),
    });
  });

  it("tries no rollback again that another look has tried: a frozen stack is for a person (F49)", async () => {
    const frozen = "the rollback to 1.0 failed: no image";
    const { run, said } = await watch({ at: () => failing(300), isOnce: true, from: 600, frozen });
    expect(said).toEqual(["escalation at 600"]);
    expect(run.looks[0]?.decision).toMatchObject({
      action: "escalate",
      page: true,
      reason: expect.stringMatching(/^errors continue after a rollback.*; the rollback to 1\.0 failed: no image$/),
    });
    expect(run).toMatchObject({ outcome: "anomalies", exitCode: 3, rollback: null });
  });

  it("escalates errors of a release that was rolled back to", async () => {
    const { run } = await watch({
      at: () => failing(300),
      isOnce: true,
      from: 600,
      first: { ...promoted, isReturned: true },
    });
    expect(run.looks[0]?.decision.reason).toContain("errors continue after a rollback");
  });

  it("survives looks that throw: each is an error, the next is taken a minute later", async () => {
    const at = (elapsed: number) => (elapsed > 250 && elapsed < 400 ? new Error("Prometheus went away") : seenOf());
    const { run, times, said } = await watch({ at });
    expect(times.slice(0, 5)).toEqual([0, 300, 360, 420, 600]);
    expect(run.looks[1]).toMatchObject({ verdict: "error", problems: ["could not check: Prometheus went away"] });
    expect({ outcome: run.outcome, said }).toEqual({ outcome: "well", said: [] });
  });

  it("survives a state that cannot be read", async () => {
    const promotedNow = (look: number) => (look === 2 ? new Error("no backend") : promoted);
    const { run } = await watch({ promotedNow });
    expect(run.looks[1]).toMatchObject({ verdict: "error", problems: ["could not check: no backend"] });
    expect(run.exitCode).toBe(0);
  });

  it("ends with 4 when the last look could not be taken, and pages", async () => {
    const { run, said } = await watch({ from: END_SECONDS - 60, at: () => new Error("blind") });
    expect(run).toMatchObject({ outcome: "blind", exitCode: 4 });
    expect(said).toEqual([expect.stringMatching(/^escalation at 86400/)]);
  });

  it("ends with 3 for an anomaly that stays, tells it once, and with 0 for one that goes away", async () => {
    const sick = seenOf({ checks: [checkOf("pods", "warn")] });
    const stays = await watch({ at: from(7_200, sick) });
    expect(stays).toMatchObject({ said: ["anomaly at 7200"], run: { outcome: "anomalies", exitCode: 3 } });
    const goes = await watch({ at: from(7_200, sick, 10_000) });
    expect(goes).toMatchObject({
      said: ["anomaly at 7200", "resolved at 10800"],
      run: { outcome: "well", exitCode: 0 },
    });
  });

  it("ends with 3 when nobody used the release to the end", async () => {
    expect((await watch({ at: () => seenOf({ rows: [] }) })).run).toMatchObject({ outcome: "not-proven", exitCode: 3 });
  });

  it("leaves off when another release is live", async () => {
    const promotedNow = (look: number) => (look < 4 ? promoted : { ...promoted, release: releaseNamed("3.0") });
    const { run } = await watch({ promotedNow });
    expect(run).toMatchObject({ outcome: "superseded", exitCode: 0, reason: "3.0 is live now: watch that one" });
    expect(run.looks).toHaveLength(3);
  });

  it("ends cleanly at Ctrl-C, with all it saw", async () => {
    const controller = new AbortController();
    const at = (elapsed: number) => {
      if (elapsed === 600) controller.abort(new DeployError("SPARKI_OUTSIDE", "interrupted by SIGINT"));
      return seenOf();
    };
    const { run, times } = await watch({ at, controller });
    expect(run).toMatchObject({ outcome: "interrupted", exitCode: 4 });
    expect(times).toEqual([0, 300]);
    expect(run.reason).toBe("interrupted after 2 looks: the same command continues from here");
  });
});
