import type { Decision } from "../../gates/tree.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { redacted } from "../../shared/text/secrets.ts";
import { oneLine } from "../../shared/text/visible.ts";
import { imageReference } from "../../stacks/fields.ts";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import { type Finding, findingLines } from "../preflight/check.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { countsText, successLines } from "../verify/verify.ts";
import type { DeployDocument } from "./deploy-document.ts";
import { gateCountsText, isCounted } from "./ending.ts";

/** The short report of a deploy that a person reads at the end: the outcome first, in words that fit a terminal. */
export function deployText(document: DeployDocument, paint: Paint): string {
  const { timing } = document;
  const title = headline(`deploy ${document.stack}`, document, paint);
  const lines = ["", ...deployRows(document, paint), row("time", duration(timing.wallSeconds))];
  return `\n${title}\n${inColumns(lines.join("\n"))}\n`;
}

/** What a deploy did, what its gates found, what was decided and what it went back to. */
export function deployRows(document: DeployDocument, paint: Paint): string[] {
  const { release, previous, steps, policy, gates, notifications } = document;
  return [
    row("release", `${release.id}${previous ? `, over ${previous.id}` : ""}`),
    row("live", liveText(document)),
    row("steps", countsOf(steps.map(({ op, status }) => (status === "failed" ? "failed" : op)))),
    row("policies", `${policy.checked} checks, ${policy.violations.length} violations`),
    ...gateTable(gates, paint),
    ...decisionRows(document),
    ...checksRows(document, paint),
    ...rollbackTable(document, paint),
    ...notifications.map(({ channel, text, problem }) =>
      row(
        problem === null ? "posted" : "not posted",
        `${channel}: ${text.split("\n")[0]}${problem === null ? "" : ` (${problem})`}`,
      ),
    ),
  ];
}

/**
 * What ran, how it ended and, unless that was well, why. The cluster's own words, such as a probe's answer, are on the first
 * line, which is one however long it is: a log that shows only that line says what is wrong.
 */
export function headline(title: string, document: DeployDocument, paint: Paint): string {
  const { outcome, exitCode, reason } = document;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const first = `${paint.strong(title)}: ${colour(outcome)} (exit ${exitCode})`;
  if (exitCode === EXIT.done.code) return inColumns(first);
  const words = clusterWords(document);
  if (words === undefined) return inColumns(`${first}\n${reason}`);
  return `${redacted(oneLine(`${first}: ${words}`))}\n${inColumns(reason.slice(words.length).replace(/^; /, ""))}`;
}

/** What the cluster itself said of the refusal that a deploy ended with, as its reason begins with it; undefined without. */
export function clusterWords({ gates, reason }: Pick<DeployDocument, "gates" | "reason">): string | undefined {
  return gates.map(({ words }) => words).find((words) => words !== undefined && reason.startsWith(words));
}

/** A line of a report: its name, and what is said of it. */
export function row(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text}`;
}

function liveText(document: DeployDocument): string {
  const tracks = (service: ServiceName) =>
    `${service} ${liveIn(document, service, "fleet")} (one-box ${liveIn(document, service, "oneBox")})`;
  return SERVICE_NAMES.map(tracks).join(`\n${row("", "")}`);
}

/** Which of the two releases a track's pods run; the digests where it is neither. */
export function liveIn(
  { live, release, previous }: DeployDocument,
  kind: ServiceName,
  track: "fleet" | "oneBox",
): string {
  const digests = live[kind][track];
  if (digests.length === 0) return "nothing";
  const owner = [release, previous].find((each) => digests.every((digest) => digest === digestOf(each?.images[kind])));
  return owner?.id ?? digests.map((digest) => digest.slice(0, 19)).join(", ");
}

function digestOf(image: string | undefined): string | undefined {
  return image === undefined ? undefined : imageReference(image).digest;
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

/** Going on after a gate is told once for all that have a row of their own; every other decision by its words. */
function decisionRows({ decisions, gates }: DeployDocument): string[] {
  const shown = new Set(gates.map(({ gate }) => gate));
  const isGoingOn = ({ gate }: Decision) => gate !== undefined && shown.has(gate);
  const passed = decisions.filter(isGoingOn).length;
  const rest = decisions.filter((decision) => !isGoingOn(decision));
  return [
    ...(passed === 0 ? [] : [row("proceed", `${passed} ${passed === 1 ? "gate" : "gates"} passed`)]),
    ...rest.map(({ phase, action, reason }) => row(action, `${phase}: ${reason}`)),
  ];
}

/** What it went back to, the steps that it took, and what proves that it serves again. */
function rollbackTable({ rollback }: DeployDocument, paint: Paint): string[] {
  if (rollback === null) return [];
  const { release, verdict, reason, steps, gates, seconds } = rollback;
  const changed = steps.filter(({ op }) => /^(create|update|replace)$/.test(op)).map(({ name }) => name);
  const text = `to ${release.id} in ${duration(seconds)}: ${changed.join(", ") || "nothing had to change"}`;
  const shown = verdict === "pass" ? paint.good("pass") : paint.bad(verdict);
  return [row("back", text), row("", `${shown} ${gateCountsText(gates)}; ${reason}`)];
}

function passText(results: readonly GateResult[]): string {
  const [strictest] = results.filter(isCounted).toSorted((one, other) => one.limit - other.limit);
  const counted = strictest === undefined ? [] : [`${strictest.objective} ${evidenceOf(strictest)}`];
  return [gateCountsText(results), ...counted].join("; ");
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

interface Checks {
  readonly checks: readonly (Finding & { readonly title: string })[];
  readonly seconds: number;
}

/** What the checklist and the verification came to: counts, what did not pass, and the success table. */
export function checksRows(
  { preflight, plan, verify }: Pick<DeployDocument, "preflight" | "plan" | "verify">,
  paint: Paint,
): string[] {
  return [
    ...rowsOf("preflight", preflight, paint),
    ...(plan === null ? [] : [`  plan      ${plan.files.html}`]),
    ...rowsOf("verify", verify, paint),
    ...(verify === null ? [] : ["", ...successLines(verify.success, paint), ""]),
  ];
}

function rowsOf(name: string, found: Checks | null, paint: Paint): string[] {
  if (found === null) return [];
  const loud = found.checks.filter(({ status }) => status === "fail" || status === "warn");
  const counts = `  ${name.padEnd(10)}${countsText(found.checks)}, in ${duration(found.seconds)}`;
  return [counts, ...loud.flatMap((check) => findingLines(check, paint))];
}
