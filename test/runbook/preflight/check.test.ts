import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../io/clock.ts";
import {
  type Check,
  type CheckResult,
  type Finding,
  fail,
  type PreflightReport,
  pass,
  preflightText,
  runPreflight,
  skipped,
  warn,
} from "../../../runbook/preflight/check.ts";
import { CHECKLIST } from "../../../runbook/preflight/checklist.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import type { Clock } from "../../../shared/clock.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeContext } from "../../support/preflight.ts";

const check = (id: string, run: Check["run"], timeLimitSeconds = 5): Check => ({
  id,
  group: "Infrastructure",
  title: id,
  proves: "",
  timeLimitSeconds,
  run,
});
const finding = (found: Finding) => check(found.status, async () => found);
const screen = plainScreen(new PassThrough());
const run = (checks: readonly Check[], signal = new AbortController().signal) =>
  runPreflight(fakeContext({ clock: systemClock }), checks, screen, signal);

describe("runPreflight", () => {
  it("passes with exit 0 while nothing fails, whatever is warned of or skipped", async () => {
    const report = await run([finding(pass("good")), finding(warn("hm", "fix")), finding(skipped("none yet"))]);
    expect(report).toMatchObject({ outcome: "passed", exitCode: 0, stack: "prod", release: "2026.11.1" });
    expect(report.checks.map(({ status }) => status)).toEqual(["pass", "warn", "skipped"]);
  });

  it("fails with exit 1 when one fails, and keeps its reason and its fix", async () => {
    const report = await run([finding(pass("good")), finding(fail("bad", "fix it"))]);
    expect(report).toMatchObject({ outcome: "failed", exitCode: 1 });
    expect(report.checks[1]).toMatchObject({ id: "fail", reason: "bad", fix: "fix it" });
  });

  it("records what people confirmed, and how", async () => {
    const { confirmations } = await run([]);
    expect(confirmations["on-call-confirmed"]).toEqual({ confirmed: true, how: "flag" });
  });

  it("counts a check that throws as a failure with its message and its hint", async () => {
    const error = new DeployError("SPARKI_OUTSIDE", "AWS is away", { hint: "wait" });
    const { checks } = await run([
      check("with hint", () => Promise.reject(error)),
      check("without", () => Promise.reject(new Error("odd"))),
    ]);
    expect(checks[0]).toMatchObject({ status: "fail", reason: "could not check: AWS is away", fix: "wait" });
    expect(checks[1]).toMatchObject({ status: "fail", reason: "could not check: odd" });
  });

  it("ends a check at its time limit, and tells it so", async () => {
    let told = false;
    const stubborn = check(
      "stubborn",
      (_, signal) => {
        signal.addEventListener("abort", () => {
          told = true;
        });
        return new Promise(() => {});
      },
      0.2,
    );
    const { checks } = await run([stubborn]);
    expect(checks[0]).toMatchObject({ status: "fail", reason: "not finished within 0.2 s" });
    expect(told).toBe(true);
  });

  it("gives a check more time in a rehearsal, where one machine answers for everything", async () => {
    const limits: number[] = [];
    const clock: Clock = {
      now: () => 0,
      sleep: (seconds) => {
        limits.push(seconds);
        return Promise.resolve();
      },
    };
    for (const isRehearsal of [false, true])
      await runPreflight(
        fakeContext({ clock, isRehearsal }),
        [check("stubborn", () => new Promise(() => {}), 10)],
        screen,
        new AbortController().signal,
      );
    expect(limits).toEqual([10, 40]);
  });

  it("takes at most the time of its slowest check and 2 s, however many there are", async () => {
    const slow = Array.from({ length: 40 }, (_, index) =>
      check(`${index}`, async () => {
        await delay(index === 0 ? 1_000 : 500);
        return pass("good");
      }),
    );
    const { seconds, checks } = await run(slow);
    expect(Math.max(...checks.map((each) => each.seconds))).toBeGreaterThanOrEqual(0.99);
    expect(seconds).toBeLessThan(3);
  });

  it("rejects with the interruption's reason instead of a report", async () => {
    const interruption = new AbortController();
    const running = run([check("endless", () => new Promise(() => {}), 60)], interruption.signal);
    interruption.abort(new Error("interrupted"));
    await expect(running).rejects.toThrow("interrupted");
  });
});

describe("CHECKLIST", () => {
  it("has every check once, in the order of the runbook's groups", () => {
    const ids = CHECKLIST.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(CHECKLIST.map(({ group }) => group))]).toEqual([
      "Infrastructure",
      "Application",
      "Communication",
      "Observability",
    ]);
  });

  it("looks at each of Storm's eight services", () => {
    const services = ["prometheus", "grafana", "jaeger", "elasticsearch", "logstash", "kibana", "alertmanager"];
    expect(CHECKLIST.map(({ id }) => id)).toEqual(expect.arrayContaining([...services, "command-center"]));
  });

  it("gives no check more than a minute", () => {
    expect(Math.max(...CHECKLIST.map(({ timeLimitSeconds }) => timeLimitSeconds))).toBeLessThanOrEqual(60);
  });

  it("says of every failure what to do about it, where nothing answers at all", async () => {
    const { checks } = await runPreflight(
      fakeContext({ clock: systemClock }),
      CHECKLIST,
      screen,
      new AbortController().signal,
    );
    for (const { status, fix } of checks) if (status === "fail") expect(fix).toMatch(/\w{3}/);
  });
});

const { paint } = plainScreen(new PassThrough());
const arn = `arn:aws:iam::111122223333:role/${"x".repeat(80)}`;
const result = (parts: Partial<CheckResult>): CheckResult => ({
  id: "a",
  group: "Infrastructure",
  title: "Quotas",
  status: "pass",
  reason: "room enough",
  seconds: 1,
  ...parts,
});
const text = (checks: readonly CheckResult[], outcome: PreflightReport["outcome"] = "passed") =>
  preflightText(
    {
      stack: "prod",
      release: "1",
      outcome,
      exitCode: outcome === "passed" ? 0 : 1,
      seconds: 4.2,
      checks,
      confirmations: fakeContext().answers,
    },
    paint,
  );

describe("preflightText", () => {
  it("tells each status by a word, not by colour or sign alone", () => {
    const statuses = ["pass", "warn", "fail", "skipped"] as const;
    const shown = text(statuses.map((status) => result({ status })));
    for (const word of ["pass", "warn", "FAIL", "skip"])
      expect(shown).toMatch(new RegExp(`^  \\S ${word}  Quotas`, "m"));
  });

  it("stays within 80 columns, but for a word that has no place to break", () => {
    const shown = text([result({ status: "fail", reason: "word ".repeat(60).trim(), fix: `use ${arn}` })], "failed");
    const long = shown.split("\n").filter((line) => line.length > 80);
    expect(long).toHaveLength(1);
    expect(long[0]).toContain(arn);
  });

  it("shows the groups in order, and the fix below what failed", () => {
    const shown = text([
      result({ group: "Observability" }),
      result({ status: "fail", reason: "none left", fix: "ask" }),
    ]);
    expect(shown.indexOf("Infrastructure")).toBeLessThan(shown.indexOf("Observability"));
    expect(shown).toContain("✗ FAIL  Quotas: none left\n          fix: ask\n");
  });

  it("ends with the verdict, the counts and what comes next", () => {
    expect(text([result({})])).toMatch(
      /Preflight of prod passed: 1 passed, 0 warned, 0 skipped, 0 failed, in 4.2 s\.\n$/,
    );
    expect(text([result({ status: "fail" })], "failed")).toContain("Nothing was changed. Fix what failed");
  });
});
