import { SERVICE_NAMES } from "../../stacks/services.ts";
import type { DeployDocument } from "../deploy/deploy-document.ts";
import { liveIn } from "../deploy/deploy-text.ts";
import type { Finding, Status } from "../preflight/check.ts";
import type { PreflightReport } from "../preflight/run.ts";
import type { VerifyReport } from "../verify/verify.ts";
import { countsText } from "../verify/verify-text.ts";
import { gatesSection } from "./deploy-html-gates.ts";
import { duration } from "./duration.ts";
import { PLOT_STYLE } from "./gate-plot.ts";
import { factTable, type Link, linksSection, list, nowSection, page, section, table, text, toned } from "./page.ts";
import { policyHtml } from "./policy-html.ts";
import { goneBackHtml } from "./rollback-html.ts";
import { TIMELINE_STYLE, timelinePicture } from "./timeline-picture.ts";
import { toneOf, toneOfEnd } from "./tones.ts";
import { whatNow } from "./what-now.ts";

/** What a report says beside the document. */
export interface DeployPage {
  /** ISO 8601. */
  readonly madeAt: string;
  /** Such as that it was a rehearsal. */
  readonly notes: readonly string[];
  readonly links: readonly Link[];
  /** No real stack was touched. @default false */
  readonly isRehearsal?: boolean;
}

/** A deploy as one HTML page for people, the outcome first, that needs no network and no script, and fits a telephone's width. */
export function deployHtml(
  document: DeployDocument,
  { madeAt, notes, links, isRehearsal = false }: DeployPage,
): string {
  const { stack, release, outcome, exitCode, reason, decisions, steps, gates, notifications } = document;
  const { preflight, verify, rollback } = document;
  const body = [
    `<h1>Deploy of ${text(release.id)} to ${text(stack)}: <span class="${toneOfEnd(outcome, exitCode)}">${outcome}</span></h1>`,
    `<p>${text(reason)}</p>`,
    nowSection(
      whatNow({ stack, outcome, exitCode, release: release.id, previous: document.previous?.id, isRehearsal }),
    ),
    ...notes.map((note) => `<p>${text(note)}</p>`),
    factTable("At a glance", [...facts(document), ["Made", madeAt]]),
    section("Live before and now", liveTable(document)),
    section("Decisions", decisionList(decisions)),
    section("Timeline", timelinePicture(steps)),
    section("Gates", gatesSection(gates)),
    ...(verify === null ? [] : [section("Verified", verifyHtml(verify))]),
    ...(rollback === null ? [] : [section(`Rollback to ${rollback.release.id}`, goneBackHtml(rollback))]),
    ...(preflight === null ? [] : [section("Checklist before", preflightHtml(preflight))]),
    section("Policies", policyHtml(document.policy)),
    section("Told", list(notifications.map(notificationItem))),
    ...linksSection(links),
  ];
  return page(`Deploy of ${release.id} to ${stack}: ${outcome}`, body, `${TIMELINE_STYLE}${PLOT_STYLE}`);
}

function facts({ release, previous, exitCode, timing }: DeployDocument): [string, string][] {
  const { wallSeconds, previewSeconds, upSeconds, detectSeconds, rollbackSeconds } = timing;
  const times = [`preview ${duration(previewSeconds)}`, `update ${duration(upSeconds)}`];
  const rows: ([string, string] | undefined)[] = [
    ["Release", `${release.id}, commit ${release.gitSha}`],
    ["Before", previous === null ? "nothing: the first deploy" : `${previous.id}, commit ${previous.gitSha}`],
    ["Exit code", `${exitCode}`],
    ["Time", `${duration(wallSeconds)}: ${times.join(", ")}`],
    detectSeconds === null ? undefined : ["Refused after", duration(detectSeconds)],
    rollbackSeconds === null ? undefined : ["Gone back in", duration(rollbackSeconds)],
  ];
  return rows.filter((row) => row !== undefined);
}

function liveTable(document: DeployDocument): string {
  const before = document.previous?.id ?? "nothing";
  const rows = SERVICE_NAMES.flatMap((kind) =>
    (["fleet", "oneBox"] as const).map((track) => {
      const now = liveIn(document, kind, track);
      const shown = now === before ? `${text(now)}, as before` : `<strong>${text(now)}</strong>`;
      return [`${kind} ${track === "fleet" ? "fleet" : "one-box"}`, text(before), shown];
    }),
  );
  return table(["Track", "Promoted before", "Runs now"], rows);
}

function decisionList(decisions: DeployDocument["decisions"]): string {
  const item = ({ phase, action, reason, page: pages }: DeployDocument["decisions"][number]) => {
    const shown = action === "proceed" ? action : `<strong>${action}</strong>`;
    return `${phase}: ${shown}${pages ? ` <strong class="bad">a person must look</strong>` : ""}. ${text(reason)}`;
  };
  return list(decisions.map(item), "ordered");
}

function notificationItem({ channel, text: said, problem }: DeployDocument["notifications"][number]): string {
  const how = problem === null ? "" : `: <strong class="bad">not delivered</strong>, ${text(problem)}`;
  return `${text(channel)}${how}<pre>${text(said)}</pre>`;
}

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
