import { type GateResult, type Look, percent, worst } from "../../gates/gate.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import {
  type DeployDocument,
  type DocumentStep,
  isWork,
  liveIn,
  type RollbackDocument,
} from "../deploy/deploy-document.ts";
import type { ConfiguredStack, RunningWork } from "../deploy/stack-target.ts";
import type { Finding, PreflightReport, Status } from "../preflight/check.ts";
import { CHECKOUT_DIRECTORY, DEPLOYS_DIRECTORY } from "../project.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import { countsText, type VerifyReport } from "../verify/verify.ts";
import { duration } from "./columns.ts";
import {
  factTable,
  type Link,
  linksSection,
  list,
  nowSection,
  page,
  policyHtml,
  section,
  table,
  text,
  toned,
  toneOf,
  toneOfEnd,
} from "./page.ts";
import { docsLinks, planLinks, writeReport } from "./report-files.ts";
import { afterRollback, whatNow } from "./what-now.ts";

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
    rollbackSeconds === null ? undefined : ["Rolled back in", duration(rollbackSeconds)],
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
    return `${phase}: ${shown}${pages ? ` <strong class="bad">a person must act</strong>` : ""}. ${text(reason)}`;
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
    const remedy = fix === undefined ? "" : `<br>What to do: ${text(fix)}`;
    return [
      text(title),
      statusHtml(status),
      `${text(reason)}${remedy}${evidence.length > 0 ? list(evidence.map(text)) : ""}`,
    ];
  });
  return table(["Check", "Status", "Found"], rows);
}

function statusHtml(status: Status): string {
  if (status === "skipped") return status;
  return toned(toneOf(status), status);
}

interface RollbackPage {
  /** ISO 8601. */
  readonly madeAt: string;
  readonly links: readonly Link[];
}

/** A rollback that someone asked for as one HTML page, the outcome first, of the same kind as a deploy's. */
export function rollbackHtml(
  done: RequestedRollback & { readonly stack: string },
  { madeAt, links }: RollbackPage,
): string {
  const { stack, release, previous, outcome, exitCode, reason, rollback } = done;
  const target = release === null ? "nothing" : release.id;
  const facts: [string, string][] = [
    ["Rolled back to", release === null ? target : `${target}, commit ${release.gitSha}`],
    ["Live before", previous === null ? "nothing" : `${previous.id}, commit ${previous.gitSha}`],
    ["Exit code", `${exitCode}`],
    ["Made", madeAt],
  ];
  const body = [
    `<h1>Rollback of ${text(stack)} to ${text(target)}: <span class="${toneOfEnd(outcome, exitCode)}">${outcome}</span></h1>`,
    `<p>${text(reason)}</p>`,
    nowSection(afterRollback({ stack, outcome, exitCode, release: target, previous: previous?.id })),
    factTable("At a glance", facts),
    ...(rollback === null ? [] : [section("What was done, and its proof", goneBackHtml(rollback))]),
    ...linksSection(links),
  ];
  return page(`Rollback of ${stack} to ${target}: ${outcome}`, body, TIMELINE_STYLE);
}

/** What a rollback changed, how long that took, and what proves that it serves again. */
export function goneBackHtml({ verdict, reason, seconds, steps, gates }: RollbackDocument): string {
  return `<p>${toned(toneOf(verdict), verdict)} after ${duration(seconds)}: ${text(reason)}</p>${timelinePicture(steps)}${gatesSection(gates)}`;
}

type Target = Pick<ConfiguredStack, "stack" | "config"> & Pick<RunningWork, "clock" | "screen">;

/** Writes a deploy's report into the project's folder; resolves with the page's path, or null when it cannot be written. */
export async function reportDeploy(document: DeployDocument, target: Target, cwd: string): Promise<string | null> {
  const { stack, release } = document;
  const links = [...planLinks(document, CHECKOUT_DIRECTORY, DEPLOYS_DIRECTORY), ...docsLinks(await target.config())];
  const page = (madeAt: string) => deployHtml(document, { madeAt, notes: [], links });
  return write({ stack, release: release.id, document, page }, target, cwd);
}

/** Writes a rollback's report there; null also where nothing was rolled back to. */
export async function reportRollback(done: RequestedRollback, target: Target, cwd: string): Promise<string | null> {
  const { release, rollback } = done;
  if (release === null || rollback === null) return null;
  const document = { stack: target.stack, ...done };
  const links = docsLinks(await target.config());
  const page = (madeAt: string) => rollbackHtml(document, { madeAt, links });
  return write({ stack: target.stack, release: release.id, document, page }, target, cwd);
}

function write(reported: Parameters<typeof writeReport>[0], { clock, screen }: Target, cwd: string) {
  return writeReport(reported, { directory: DEPLOYS_DIRECTORY, at: clock.now(), cwd }, screen.line);
}

const TIMELINE_STYLE = `
.timeline { list-style: none; padding: 0; }
.timeline li { padding: .2rem 0; border-bottom: 1px solid var(--soft); }
svg.mark { width: .75em; height: .75em; fill: var(--mark); }
.timeline li > svg { display: block; width: 100%; height: .75rem; background: var(--soft); }
.timeline rect { fill: var(--line); }
.timeline .critical rect { fill: var(--mark); }
.timeline .failed rect { fill: var(--bad); }
.timeline line { stroke: var(--line); stroke-width: 1; stroke-dasharray: 2 3; vector-effect: non-scaling-stroke; }
.timeline .name { display: flex; justify-content: space-between; gap: .75rem; }
.timeline .when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ticks :nth-child(even) { display: none; }
.ticks { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
@media (min-width: 48rem) {
  .timeline li { display: grid; grid-template-columns: minmax(0, 1fr) 50%; gap: .75rem; align-items: center; }
  .ticks { grid-column: 2; }
  .ticks :nth-child(even) { display: inline; }
}
`;

/** What lasted shorter than this share of the whole is only counted, unless it decided or failed. */
const SHORTEST_STEP_SHARE = 0.02;
const TIMELINE_WIDTH = 1000;
const TIMELINE_HEIGHT = 12;
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

/**
 * An update's steps as bars over its time, with their times as text beside them; on a narrow page each bar is below its
 * step. Short steps are in a list that opens.
 */
function timelinePicture(steps: readonly DocumentStep[]): string {
  const work = steps
    .filter((step) => isWork(step) && step.op !== "read")
    .toSorted((a, b) => a.startSeconds - b.startSeconds);
  if (work.length === 0) return "<p>Nothing had to change.</p>";
  const end = Math.max(...work.map(endOf), Number.MIN_VALUE);
  const isShown = (step: DocumentStep) =>
    step.critical === true || step.status === "failed" || endOf(step) - step.startSeconds >= end * SHORTEST_STEP_SHARE;
  const shorter = work.filter((step) => !isShown(step));
  const rows = work.filter(isShown).map((step) => bar(step, end));
  const isMarked = work.some(({ critical }) => critical === true);
  const legend = isMarked
    ? `<p>${criticalMark("The mark")} on the critical path: only a faster step there ends the deployment sooner.</p>`
    : "";
  return `${legend}<ol class="timeline">${axis(end)}${rows.join("")}</ol>${shortList(shorter)}`;
}

function bar(step: DocumentStep, end: number): string {
  const { startSeconds, status, critical } = step;
  const classes = [...(critical ? ["critical"] : []), ...(status === "failed" ? ["failed"] : [])];
  const x = (startSeconds / end) * TIMELINE_WIDTH;
  const width = Math.max(3, ((endOf(step) - startSeconds) / end) * TIMELINE_WIDTH);
  const shape = `<rect x="${rounded(Math.min(x, TIMELINE_WIDTH - 3))}" width="${rounded(width)}" height="${TIMELINE_HEIGHT}"/>`;
  const picture = `<svg viewBox="0 0 ${TIMELINE_WIDTH} ${TIMELINE_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${grid()}${shape}</svg>`;
  const name = `<span class="name"><span>${markOf(step)}${nameOf(step)}</span><span class="when">${timesOf(step)}</span></span>`;
  return `<li class="${classes.join(" ")}">${name}${picture}</li>`;
}

function markOf({ critical, status }: DocumentStep): string {
  const failed = status === "failed" ? `<strong class="bad">failed</strong> ` : "";
  return critical ? `${criticalMark("on the critical path")} ${failed}` : failed;
}

/** Drawn, because not every font has such a sign. */
function criticalMark(label: string): string {
  return `<svg class="mark" viewBox="0 0 10 10" role="img" aria-label="${label}"><polygon points="5,0 10,5 5,10 0,5"/></svg>`;
}

function nameOf({ op, type, name }: DocumentStep): string {
  return text(`${op} ${type.split(":").at(-1)} ${name}`);
}

function timesOf(step: DocumentStep): string {
  return `${duration(step.startSeconds)} – ${duration(endOf(step))}`;
}

function axis(end: number): string {
  const ticks = QUARTERS.map((share) => `<span>${duration(end * share)}</span>`);
  return `<li aria-hidden="true"><span class="ticks">${ticks.join("")}</span></li>`;
}

function grid(): string {
  const lines = QUARTERS.slice(1, -1).map(
    (share) => `<line x1="${share * TIMELINE_WIDTH}" x2="${share * TIMELINE_WIDTH}" y2="${TIMELINE_HEIGHT}"/>`,
  );
  return lines.join("");
}

function shortList(steps: readonly DocumentStep[]): string {
  if (steps.length === 0) return "";
  const items = steps.map((step) => `${nameOf(step)}: ${timesOf(step)}`);
  const title = steps.length === 1 ? "One shorter step" : `${steps.length} shorter steps`;
  return `<details><summary>${title}</summary>${list(items, "ordered")}</details>`;
}

function endOf({ startSeconds, endSeconds }: DocumentStep): number {
  return endSeconds ?? startSeconds;
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

const PLOT_STYLE = `
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; background: var(--soft); }
figure text { fill: var(--text); font: 11px system-ui, sans-serif; }
.band { fill: var(--line); opacity: .25; }
.bound, .measured, .limit { fill: none; vector-effect: non-scaling-stroke; }
.bound { stroke: var(--line); stroke-width: 1; }
.measured { stroke: var(--text); stroke-width: 2; }
figure text.limit-mark { font-weight: 700; }
figure circle { fill: var(--text); }
.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 6 4; }
.looks { font-size: .875rem; font-variant-numeric: tabular-nums; }
`;

/** Says once how to read every plot. */
const PLOT_LEGEND =
  "Each plot goes from left to right with the number of requests. Thick line: the measured share of bad requests; " +
  "shaded: where the true share is, with the bounds that hold at every check; dashed: the limit, with its figure in bold at the left. A gate passes once all " +
  "of the shade is below the limit, and fails once all of it is above.";

const WIDTH = 340;
const HEIGHT = 170;
const LEFT = 48;
const TOP = 8;
const INNER_WIDTH = WIDTH - LEFT - 10;
const INNER_HEIGHT = HEIGHT - TOP - 24;
/** How far above the limit a plot shows, unless more was measured. */
const ABOVE_LIMIT = 2.5;

/** One objective's evidence as a plot, with the same in words below it and as a table that opens. */
function gatePlot(result: GateResult, looks: readonly Look[]): string {
  const { objective, verdict } = result;
  const mark = toned(toneOf(verdict), verdict);
  const caption = `<figcaption>${text(objective)}: ${mark}. ${text(evidenceOf(result))}.</figcaption>`;
  return `<figure>${plot(result, looks)}${caption}${looksTable(result, looks)}</figure>`;
}

/** A result's numbers in one sentence, without its end. */
function evidenceOf({ requests, bad, lower, upper, limit, synthetic }: GateResult): string {
  const counts = `${bad} of ${requests} requests bad (${synthetic} synthetic)`;
  // A number is never parted from its sign.
  return `${counts}: ${percent(lower)} to ${percent(upper)}, limit ${percent(limit)}`.replaceAll(" %", "\u00a0%");
}

/** Before the first look nothing is known. */
const IGNORANCE: Look = { seconds: 0, requests: 0, bad: 0, lower: 0, upper: 1 };

function plot(result: GateResult, looks: readonly Look[]): string {
  const { gate, objective, verdict, limit } = result;
  const most = Math.max(1, ...looks.map(({ requests }) => requests));
  const top = topOf(result, looks);
  const at = (requests: number, ratio: number) => `${x(requests, most)},${y(ratio, top)}`;
  const known = [IGNORANCE, ...looks];
  const upper = known.map((look) => at(look.requests, look.upper)).join(" ");
  const lower = known.map((look) => at(look.requests, look.lower));
  const measured = looks.map((look) => at(look.requests, measuredOf(look))).join(" ");
  const [endX, endY] = at(most, result.measured ?? 0).split(",");
  const inside = [
    `<polygon class="band" points="${upper} ${lower.toReversed().join(" ")}"/>`,
    `<polyline class="bound" points="${upper}"/><polyline class="bound" points="${lower.join(" ")}"/>`,
    `<polyline class="measured" points="${measured}"/><circle cx="${endX}" cy="${endY}" r="3"/>`,
    `<polyline class="limit" points="0,${y(limit, top)} ${INNER_WIDTH},${y(limit, top)}"/>`,
  ];
  const label = `${gate}, ${objective}: ${verdict}, ${evidenceOf(result)}`;
  // What is above the plot's top is cut off by the inner picture's own edge.
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${text(label)}">${axes(top, most, limit)}<svg x="${LEFT}" y="${TOP}" width="${INNER_WIDTH}" height="${INNER_HEIGHT}">${inside.join("")}</svg></svg>`;
}

/** The highest ratio that the plot shows: where the decision fell, a failure's at its lower bound. */
function topOf({ limit, upper, verdict }: GateResult, looks: readonly Look[]): number {
  const settled = looks.slice(Math.floor(looks.length / 2)).map(measuredOf);
  const decided = verdict === "fail" ? 0 : upper;
  return Math.min(1, Math.max(limit * ABOVE_LIMIT, decided * 1.1, ...settled.map((ratio) => ratio * 1.4)));
}

/** Two marks of the left axis that are nearer than this would be written over each other. */
const MARK_HEIGHT = 12;

/** At the left nothing, the limit and the top, below none and all requests; nothing is written over the curves. */
function axes(top: number, most: number, limit: number): string {
  const isApart = (ratio: number) => Math.abs(y(ratio, top) - y(limit, top)) >= MARK_HEIGHT;
  const marks = [...[0, top].filter(isApart), limit].map((ratio) => {
    const height = rounded(TOP + y(ratio, top) + 4);
    const weight = ratio === limit ? ' class="limit-mark"' : "";
    return `<text x="${LEFT - 4}" y="${height}" text-anchor="end"${weight}>${short(ratio)}</text>`;
  });
  const bottom = HEIGHT - 8;
  const below = `<text x="${LEFT}" y="${bottom}">0</text><text x="${WIDTH - 10}" y="${bottom}" text-anchor="end">${most} requests</text>`;
  return `<g aria-hidden="true">${marks.join("")}${below}</g>`;
}

function looksTable({ objective }: GateResult, looks: readonly Look[]): string {
  const rows = looks.map(({ seconds, requests, bad, lower, upper }) => [
    `${Number(seconds.toFixed(1))} s`,
    `${requests}`,
    `${bad}`,
    percent(lower),
    percent(upper),
  ]);
  const title = looks.length === 1 ? `One check at ${objective}` : `${looks.length} checks at ${objective}`;
  return `<details class="looks"><summary>${text(title)}</summary>${table(["at", "requests", "bad", "lower", "upper"], rows)}</details>`;
}

function measuredOf({ requests, bad }: Look): number {
  return requests === 0 ? 0 : bad / requests;
}

function x(requests: number, most: number): number {
  // So that the last look's mark is whole.
  return rounded((requests / most) * (INNER_WIDTH - 4));
}

function y(ratio: number, top: number): number {
  // The bottom line stays inside.
  return rounded((INNER_HEIGHT - 2) * (1 - ratio / top) + 1);
}

function short(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(2))} %`;
}

/** Every gate in the order it ran: what it counted as plots, and what it only checked in words. */
function gatesSection(gates: readonly GateResult[]): string {
  if (gates.length === 0) return "<p>No gate had to run.</p>";
  const byGate = [...Map.groupBy(gates, ({ gate }) => gate)];
  const hasPlots = gates.some(({ looks = [] }) => looks.length > 0);
  return `${hasPlots ? `<p>${PLOT_LEGEND}</p>` : ""}${byGate.map(([name, results]) => gateText(name, results)).join("\n")}`;
}

function gateText(name: string, results: readonly GateResult[]): string {
  const plotted = results.flatMap((result) => (result.looks?.length ? [gatePlot(result, result.looks)] : []));
  const others = results.filter(({ looks = [] }) => looks.length === 0);
  const plots = plotted.length === 0 ? "" : `<div class="plots">${plotted.join("")}</div>`;
  return `<h3>${text(name)}: ${verdictOf(results)}</h3>${othersText(others)}${plots}`;
}

/** So many that passed are only counted, in a list that opens. */
const MANY = 5;

function othersText(others: readonly GateResult[]): string {
  if (others.length === 0) return "";
  const refusing = others.filter(({ verdict }) => verdict !== "pass");
  const passed = others.filter(({ verdict }) => verdict === "pass");
  if (passed.length < MANY) return list(others.map(item));
  const counted = `<details><summary>${passed.length} checks passed</summary>${list(passed.map(item))}</details>`;
  return `${refusing.length === 0 ? "" : list(refusing.map(item))}${counted}`;
}

/** Health is seen, not counted: it has no limit. */
function item(result: GateResult): string {
  const { kind, objective, reason, requests, lower, upper } = result;
  const isCounted = kind !== "health" && requests > 0 && !(lower === 0 && upper === 1);
  return `${verdictOf([result])} ${text(objective)}: ${text(isCounted ? evidenceOf(result) : reason)}`;
}

function verdictOf(results: readonly GateResult[]): string {
  const verdict = worst(results.map((result) => result.verdict));
  return toned(toneOf(verdict), verdict);
}
