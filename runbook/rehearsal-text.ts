import type { GateResult } from "../gates/verdict.ts";
import type { RehearsalReport } from "./rehearsal-report.ts";
import { duration } from "./report/duration.ts";
import type { Paint } from "./report/screen.ts";

/** The short report that a person reads at the end: at most 80 columns, the outcome first. */
export function rehearsalText(report: RehearsalReport, paint: Paint): string {
  return `${[
    "",
    headline(report, paint),
    "",
    row("release", `${report.release.id}${report.previous ? `, over ${report.previous.id}` : ""}`),
    row("live", liveText(report)),
    row("steps", countsOf(report.steps.map(({ op, status }) => (status === "failed" ? "failed" : op)))),
    row("policies", `${report.policy.checked} checks, ${report.policy.violations.length} violations`),
    row("world", worldText(report)),
    ...gateTable(report.gates, paint),
    ...report.decisions.map(({ phase, action, reason }) => row(action, `${phase}: ${reason}`)),
    ...rollbackTable(report, paint),
    row("time", timeText(report)),
    ...report.replaced.map(({ key, by }) => row("replaced", `${key}: ${by}`)),
    ...report.world.findings.map((finding) => row("", finding)),
  ].join("\n")}\n`;
}

function headline({ scenario, outcome, exitCode, reason }: RehearsalReport, paint: Paint): string {
  const colour = exitCode === 0 ? paint.good : paint.bad;
  const why = exitCode === 0 ? "" : `\n${reason}`;
  return `${paint.strong(scenario)}: ${colour(outcome)} (exit ${exitCode})${why}`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text}`;
}

function liveText({ live, release, previous }: RehearsalReport): string {
  const whose = (digests: readonly string[], kind: "engine" | "web") => {
    if (digests.length === 0) return "nothing";
    const owner = [release, previous].find((each) => digests.every((digest) => each?.images[kind].endsWith(digest)));
    return owner?.id ?? digests.map((digest) => digest.slice(0, 19)).join(", ");
  };
  const tracks = (kind: "engine" | "web") =>
    `${kind} ${whose(live[kind].fleet, kind)} (one-box ${whose(live[kind].oneBox, kind)})`;
  return `${tracks("engine")}\n${row("", tracks("web"))}`;
}

function worldText({ world }: RehearsalReport): string {
  const { resources, orphans, duplicates, drift } = world;
  return `${resources} resources, ${orphans} orphans, ${duplicates} duplicates, ${drift} drifted`;
}

function countsOf(words: readonly string[]): string {
  const counts = Map.groupBy(words, (word) => word);
  return [...counts].map(([word, all]) => `${all.length} ${word}`).join(", ") || "none";
}

/** One line for each gate that passed, with its tightest evidence; every objective that refused, with its own. */
function gateTable(gates: readonly GateResult[], paint: Paint): string[] {
  return [...Map.groupBy(gates, ({ gate }) => gate)].flatMap(([name, results]) => {
    const refusing = results.filter(({ verdict }) => verdict !== "pass");
    if (refusing.length === 0) return [row("gate", `${paint.good("pass")} ${name}: ${passText(results)}`)];
    return refusing.map((result) =>
      row("gate", `${paint.bad(result.verdict)} ${name}, ${result.objective}: ${evidenceOf(result)}`),
    );
  });
}

/** What it went back to, the steps that it took, and what proves that it serves again. */
function rollbackTable({ rollback }: RehearsalReport, paint: Paint): string[] {
  if (rollback === null) return [];
  const { release, verdict, reason, steps, gates, seconds } = rollback;
  const changed = steps.filter(({ op }) => /^(create|update|replace)$/.test(op)).map(({ name }) => name);
  const text = `to ${release.id} in ${duration(seconds)}: ${changed.join(", ") || "nothing had to change"}`;
  const shown = verdict === "pass" ? paint.good("pass") : paint.bad(verdict);
  return [row("back", text), row("", `${shown} ${gates.length} checks; ${reason}`)];
}

function passText(results: readonly GateResult[]): string {
  const [strictest] = results.filter(isCounted).toSorted((one, other) => one.limit - other.limit);
  const looks = results.filter((result) => !isCounted(result)).length;
  const counted = strictest === undefined ? [] : [`${strictest.objective} ${evidenceOf(strictest)}`];
  return [...(looks > 0 ? [`${looks} checks`] : []), ...counted].join("; ");
}

/** Health is seen, not counted: it has no limit. */
function isCounted({ limit }: GateResult): boolean {
  return limit > 0;
}

function evidenceOf(gate: GateResult): string {
  return isCounted(gate) ? `${gate.bad} of ${gate.requests} bad, ${boundsOf(gate)}` : gate.reason;
}

function boundsOf({ lower, upper, limit }: GateResult): string {
  return `${percent(lower)} to ${percent(upper)}, limit ${percent(limit)}`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(2))} %`;
}

function timeText({ timing }: RehearsalReport): string {
  const { wallSeconds, modelSeconds, criticalPathSeconds, detectSeconds } = timing;
  const detected = detectSeconds === null ? "" : `, refused after ${duration(detectSeconds)}`;
  const model = `at AWS's pace ${duration(modelSeconds)}, critical path ${duration(criticalPathSeconds)}`;
  return `${duration(wallSeconds)} here; ${model}${detected}`;
}
