import type { Finding, Status } from "../preflight/check.ts";
import type { PreflightReport } from "../preflight/run.ts";
import type { VerifyReport } from "../verify/verify.ts";
import { countsText } from "../verify/verify-text.ts";
import { duration } from "./duration.ts";
import { list, table, text, toned } from "./page.ts";
import { toneOf } from "./tones.ts";

interface Checked extends Finding {
  readonly title: string;
}

/** The checklist before a deploy: what did not pass first, the rest in a table that opens. */
export function preflightHtml({ checks, seconds }: PreflightReport): string {
  return `<p>${countsText(checks)}, in ${duration(seconds)}.</p>${checksHtml(checks)}`;
}

/** What was verified of the release: the success table, then each check. */
export function verifyHtml({ checks, success, seconds }: VerifyReport): string {
  const rows = success.map(({ metric, threshold, found, verdict }) => [
    `${text(metric)}, ${text(threshold)}`,
    toned(toneOf(verdict), verdict),
    text(found),
  ]);
  const counts = `<p>${countsText(checks)}, in ${duration(seconds)}.</p>`;
  return `${table(["Metric", "Verdict", "Found"], rows)}${counts}${checksHtml(checks)}`;
}

function checksHtml(checks: readonly Checked[]): string {
  const open = checks.filter(({ status }) => status === "fail" || status === "warn");
  const others = checks.filter((check) => !open.includes(check));
  const shown = open.length === 0 ? "" : checkTable(open);
  const rest =
    others.length === 0 ? "" : `<details><summary>${countsText(others)}</summary>${checkTable(others)}</details>`;
  return `${shown}${rest}`;
}

function checkTable(checks: readonly Checked[]): string {
  const rows = checks.map(({ title, status, reason, fix, evidence = [] }) => {
    const mend = fix === undefined ? "" : `<br>What to do: ${text(fix)}`;
    return [
      text(title),
      statusHtml(status),
      `${text(reason)}${mend}${evidence.length > 0 ? list(evidence.map(text)) : ""}`,
    ];
  });
  return table(["Check", "Status", "Found"], rows);
}

function statusHtml(status: Status): string {
  if (status === "skipped") return status;
  return toned(toneOf(status), status);
}
