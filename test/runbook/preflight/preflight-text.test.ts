import { PassThrough } from "node:stream";
import { type CheckResult, type PreflightReport, preflightText } from "../../../runbook/preflight/check.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeContext } from "../../support/preflight.ts";

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
