import { type GateResult, percent, type Verdict } from "../../gates/gate.ts";
import type { Objective } from "../../gates/objective.ts";
import { EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { type EndedCheck, type Finding, findingLines, runSideBySide, type Status, wrap } from "../preflight/check.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { e2e, testProject } from "./checks/application.ts";
import { budget, burns, GOOD_BUDGET_LEFT, percentileOf, ReleaseObjectives, sloId } from "./checks/objectives.ts";
import { cache, certificate, database, dns, outside, pods, smoke, storm } from "./checks/serving.ts";
import type { Verification, VerifyContext } from "./verification.ts";

/** All that was verified of a release; also the document of `--json`. */
export interface VerifyReport {
  readonly stack: string;
  readonly release: string;
  readonly outcome: "verified" | "unproven" | "failed";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held">;
  readonly seconds: number;
  readonly checks: readonly EndedCheck[];
  /** The objectives' counts and bounds; empty when they could not be judged. */
  readonly slos: readonly GateResult[];
  /** The runbook's success criteria. */
  readonly success: readonly Criterion[];
}

/** What is verified, in the order in which it is shown. */
export function verifications(objectives: ReleaseObjectives): readonly Verification[] {
  const reach = [pods, database, cache, dns, certificate, outside];
  return [...reach, smoke, e2e, testProject, ...objectives.checks, budget, ...burns, storm];
}

/** Verifies the release side by side, live on the screen; lasts as long as the slowest check and rejects only when aborted. */
export async function runVerify(
  context: VerifyContext,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<VerifyReport> {
  const { clock, config, stack } = context;
  const start = clock.now();
  const objectives = new ReleaseObjectives(context);
  // Where Storm runs elsewhere, the checklist looks at it before each deployment.
  const list = verifications(objectives).filter((each) => each !== storm || config.storm.inCluster === true);
  const checks = (await runSideBySide("verify", list, context, { screen, signal })).map(unprovenWhereBlind);
  return {
    stack,
    release: config.release.id,
    ...ENDS[verdictOf(checks)],
    seconds: clock.now() - start,
    checks,
    slos: objectives.results,
    success: successTable(checks, config.objectives),
  };
}

const ENDS = {
  pass: { outcome: "verified", exitCode: EXIT.done.code },
  inconclusive: { outcome: "unproven", exitCode: EXIT.held.code },
  fail: { outcome: "failed", exitCode: EXIT.refused.code },
} as const;

/** What nobody could look at is not proven; it does not say that the release is not well. */
function unprovenWhereBlind(check: EndedCheck): EndedCheck {
  return check.isBlind === true ? { ...check, status: "warn" } : check;
}

/** `fail` when a check failed, `inconclusive` when one could not prove what it looks at, else `pass`. */
export function verdictOf(checks: readonly Pick<EndedCheck, "status" | "advisory">[]): Exclude<Verdict, "error"> {
  if (checks.some(({ status }) => status === "fail")) return "fail";
  return checks.some(isUnproven) ? "inconclusive" : "pass";
}

function isUnproven({ status, advisory }: Pick<EndedCheck, "status" | "advisory">): boolean {
  return status === "warn" && advisory !== true;
}

/** What did not pass, in one sentence; undefined when everything did. */
export function verifyProblem({ checks }: Pick<VerifyReport, "checks">): string | undefined {
  const verdict = verdictOf(checks);
  if (verdict === "pass") return undefined;
  const isWanted = verdict === "fail" ? ({ status }: EndedCheck) => status === "fail" : isUnproven;
  const told = checks.filter(isWanted).map(({ title, reason }) => `${title}: ${reason}`);
  return told.join("; ");
}

/** One line of the runbook's success table. */
export interface Criterion {
  readonly metric: string;
  readonly threshold: string;
  /** What was found, or why nothing was. */
  readonly found: string;
  readonly verdict: "pass" | "fail" | "not proven" | "no data yet";
}

interface Checked extends Finding {
  readonly id: string;
}

const VERDICTS: Readonly<Record<Status, Criterion["verdict"]>> = {
  pass: "pass",
  fail: "fail",
  warn: "not proven",
  skipped: "no data yet",
};

/** The runbook's success criteria, from what was verified; one that was not checked is not proven. */
export function successTable(checks: readonly Checked[], objectives: readonly Objective[]): Criterion[] {
  const row = (metric: string, threshold: string, id: string): Criterion => {
    const check = checks.find((each) => each.id === id);
    const found = check?.reason ?? "not checked";
    return { metric, threshold, found, verdict: check === undefined ? "not proven" : VERDICTS[check.status] };
  };
  const errors = objectives.find(({ kind }) => kind.type === "errors");
  const slowest = slowestOf(objectives);
  return [
    row("Pod Health", "100 % running", "pods"),
    ...(errors === undefined ? [] : [row("Error Rate", `< ${percent(errors.maxRatio)}`, sloId(errors))]),
    ...(slowest === undefined ? [] : [row(`${slowest.name} Latency`, `< ${slowest.seconds} s`, slowest.id)]),
    row("Error Budget", `> ${percent(GOOD_BUDGET_LEFT)}`, "error-budget"),
    row("Database", "healthy", "database"),
    row("Cache", "healthy", "cache"),
    row("DNS", "resolving", "dns"),
  ];
}

/** The objective of the fewest slow requests: P99 in the runbook. */
function slowestOf(objectives: readonly Objective[]) {
  const [strictest] = objectives
    .flatMap(({ kind, maxRatio }) => (kind.type === "slowerThan" ? [{ kind, maxRatio }] : []))
    .sort((one, other) => one.maxRatio - other.maxRatio);
  if (strictest === undefined) return undefined;
  return { name: `P${percentileOf(strictest.maxRatio)}`, id: sloId(strictest), seconds: strictest.kind.seconds };
}

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
  return counts.join(", ") || "nothing was checked";
}

const WORDS = { verified: "is verified", unproven: "is not proven yet", failed: "is UNHEALTHY" } as const;

function summary({ checks, outcome, seconds, stack, release }: VerifyReport, paint: Paint): string {
  const text = `${stack}: ${release} ${WORDS[outcome]}`;
  const colour = outcome === "verified" ? paint.good(text) : outcome === "failed" ? paint.bad(text) : text;
  return `${colour}: ${countsText(checks)}, in ${duration(seconds)}.`;
}
