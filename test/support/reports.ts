import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import type { PreflightReport } from "../../runbook/preflight/check.ts";
import { CHECKLIST } from "../../runbook/preflight/checklist.ts";
import type { VerifyReport } from "../../runbook/verify/verify.ts";
import { successTable } from "../../runbook/verify/verify.ts";

type Name = (text: string) => string;

const CONFIRMED = { confirmed: true, how: "flag" } as const;

/** A checklist with one warning, one thing skipped, and else nothing wrong. */
export function preflightReport(name: Name): PreflightReport {
  const checks = CHECKLIST.map(({ id, group, title }, index) => {
    const looked = { id, group, title, seconds: 0.2 };
    if (index === 2) return { ...looked, status: "skipped", reason: name("there is no state yet") } as const;
    if (index !== 5) return { ...looked, status: "pass", reason: name("as it should be") } as const;
    const evidence = [name("line one"), name("line two")];
    return {
      ...looked,
      status: "warn",
      reason: name("it is old"),
      fix: name("npx sparki make it new"),
      evidence,
    } as const;
  });
  const confirmations = { "on-call-confirmed": CONFIRMED, "window-announced": CONFIRMED };
  return { stack: "prod", release: "2026.11.1", outcome: "passed", exitCode: 0, seconds: 4.2, checks, confirmations };
}

/** A verification in which all is well, but for a cache that does not answer. */
export function verifyReport(name: Name): VerifyReport {
  const ids = ["pods", "slo-errors", "slo-p99", "error-budget", "database", "cache", "dns"];
  const checks = ids.map((id) => {
    const looked = { id, title: name(`Check of ${id}`), seconds: 1 };
    if (id !== "cache") return { ...looked, status: "pass", reason: name("healthy") } as const;
    return {
      ...looked,
      status: "fail",
      reason: name("/api/cache/health answered 503"),
      fix: name("npx sparki diagnose"),
    } as const;
  });
  const success = successTable(checks, RUNBOOK_OBJECTIVES);
  const end = { outcome: "failed", exitCode: 1, seconds: 31 } as const;
  return { stack: "prod", release: "2026.11.1", ...end, checks, slos: [], success };
}
