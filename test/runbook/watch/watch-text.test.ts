import { PassThrough } from "node:stream";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { judgeLook } from "../../../runbook/watch/look.ts";
import { lookLines, watchText } from "../../../runbook/watch/watch-text.ts";
import { releaseNamed } from "../../support/updates.ts";
import { checkOf, failing, rowOf, seenOf } from "../../support/watching.ts";

const { paint } = plainScreen(new PassThrough());
const at = { at: 0, elapsedSeconds: 600, canRollBack: true, rollbackTried: false };

describe("lookLines", () => {
  it("say of a look at which all is well only that, with the next one's time", () => {
    expect(lookLines(judgeLook(seenOf(), at), 900, paint)).toEqual([
      "  ✓ well  T+10 min 00 s  0 % of 1000 failed, budget 100 % left, 1 of 1 checks;",
      "          next at T+15 min 00 s",
    ]);
  });

  it("tell what is wrong and what is decided, in words beside the signs", () => {
    const look = judgeLook(failing(300), at);
    const [first, ...more] = lookLines(look, undefined, paint);
    expect(first).toMatch(/^ {2}✗ BAD {2}T\+10 min 00 s/);
    expect(more[0]).toBe("      errors: 5 min burn rate: 400 of 4000 requests bad");
    expect(more.slice(1).join("").replace(/ {8}/g, " ")).toMatch(
      /^ {6}→ rollback: more than 1 % have failed for five minutes.*\(errors: 5 min burn rate: .*\)$/,
    );
  });

  it("stay within 80 columns, whatever was found", () => {
    const look = { ...judgeLook(failing(300), at), problems: ["a problem that goes on ".repeat(12)] };
    const lines = lookLines(look, 900, paint);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("say that requests could not be counted, and name a silent source once", () => {
    const rows = ["errors: 5 min burn rate", "slow: 5 min burn rate"].map((name) => rowOf(name, "error", "no answer"));
    expect(lookLines(judgeLook(seenOf({ rows, anomalies: rows }), at), undefined, paint).slice(0, 2)).toEqual([
      "  ! BLIND  T+10 min 00 s  requests not counted, 1 of 1 checks",
      "      errors: 5 min burn rate and 1 more: no answer",
    ]);
  });

  it("say that nobody asked, and that nothing was checked", () => {
    const look = judgeLook(seenOf({ rows: [], budgetLeft: null, checks: [checkOf("dashboards", "skipped")] }), at);
    expect(lookLines(look, undefined, paint)).toEqual([
      "  - open  T+10 min 00 s  no requests, budget untouched, 0 of 0 checks",
    ]);
  });
});

describe("watchText", () => {
  it("ends with the outcome, the reason and how many looks were how", () => {
    const looks = [judgeLook(seenOf(), at), judgeLook(seenOf(), at), judgeLook(failing(300), at)];
    const run = { release: releaseNamed("2.0"), promotedAt: 0, looks, rollback: null };
    expect(watchText({ ...run, outcome: "rolled-back", exitCode: 1, reason: "1.0 serves" }, "prod", paint)).toBe(
      "\nwatch prod 2.0: rolled-back (exit 1)\n1.0 serves\n  looks: 2 well, 1 bad\n",
    );
  });
});
