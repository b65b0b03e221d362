import type { Status } from "../preflight/check.ts";
import { findingLines, wrap } from "../preflight/preflight-text.ts";
import { duration } from "../report/duration.ts";
import type { Paint } from "../report/screen.ts";
import type { Criterion } from "./success-table.ts";
import type { VerifyReport } from "./verify.ts";

/** Everything that was verified, for a person: each check with what was found, then the success table. */
export function verifyText(report: VerifyReport, paint: Paint): string {
  const lines = report.checks.flatMap((check) => findingLines(check, paint));
  return `${["", paint.strong(`Release ${report.release}`), ...lines, "", ...successLines(report.success, paint), "", summary(report, paint)].join("\n")}\n`;
}

const METRIC = 14;
const THRESHOLD = 15;
const VERDICT = 13;
const WIDTH = 80;
const INDENT = 2;

/** The runbook's success table in 80 columns, a word for each verdict. */
export function successLines(success: readonly Criterion[], paint: Paint): string[] {
  const head = `${"Metric".padEnd(METRIC)}${"Threshold".padEnd(THRESHOLD)}${"Verdict".padEnd(VERDICT)}Found`;
  return [`  ${paint.strong(head)}`, ...success.flatMap((criterion) => criterionLines(criterion, paint))];
}

function criterionLines({ metric, threshold, verdict, found }: Criterion, paint: Paint): string[] {
  const before = INDENT + METRIC + THRESHOLD + VERDICT;
  const [first = "", ...rest] = wrap(found, WIDTH - before);
  const word = (verdict === "fail" ? "FAIL" : verdict).padEnd(VERDICT);
  const shown = verdict === "pass" ? paint.good(word) : verdict === "fail" ? paint.bad(word) : word;
  const line = `  ${metric.padEnd(METRIC)}${threshold.padEnd(THRESHOLD)}${shown}${first}`;
  return [line, ...rest.map((text) => `${" ".repeat(before)}${text}`)];
}

/** How many checks ended how, such as `15 passed, 2 skipped`. */
export function countsText(checks: readonly { readonly status: Status }[]): string {
  const words = { pass: "passed", warn: "warned", skipped: "skipped", fail: "failed" } as const;
  const counts = (["pass", "warn", "skipped", "fail"] as const).flatMap((status) => {
    const count = checks.filter((check) => check.status === status).length;
    return count === 0 ? [] : [`${count} ${words[status]}`];
  });
  return counts.join(", ") || "nothing was looked at";
}

const WORDS = { verified: "is verified", unproven: "is not proven yet", failed: "is NOT well" } as const;

function summary({ checks, outcome, seconds, stack, release }: VerifyReport, paint: Paint): string {
  const text = `${stack}: ${release} ${WORDS[outcome]}`;
  const colour = outcome === "verified" ? paint.good(text) : outcome === "failed" ? paint.bad(text) : text;
  return `${colour}: ${countsText(checks)}, in ${duration(seconds)}.`;
}
