import type { GateResult, Verdict } from "../../gates/gate.ts";
import type { Decision } from "../../gates/tree.ts";
import type { LiveRelease } from "../../io/live-release.ts";
import type { EngineResult, Step, Violation } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { redacted } from "../../shared/text/secrets.ts";
import { oneLine } from "../../shared/text/visible.ts";
import { imageReference } from "../../stacks/fields.ts";
import type { Release } from "../../stacks/schema.ts";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import type { Notification } from "../notify/notifications.ts";
import type { PlanFiles } from "../plan/plan-files.ts";
import { type Finding, findingLines, type PreflightReport } from "../preflight/check.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Proof } from "../rollback/rollback-proof.ts";
import { countsText, successLines, type VerifyReport } from "../verify/verify.ts";
import { type Deployment, gateCountsText, isCounted, type Outcome } from "./deployment.ts";

/** What a rollback came to; only `pass` says that its release serves again. */
export interface Rollback {
  readonly release: Release;
  /** Undefined when even the preview could not be made. */
  readonly deployment: Deployment | undefined;
  /** Undefined when there was nothing to prove yet. */
  readonly proof: Proof | undefined;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly decision: Decision;
  /** From its beginning to the end of its proof. */
  readonly seconds: number;
}

/** What became of a deploy: its outcome, what was decided on the way, and the rollback where there was one. */
export interface Conclusion extends Outcome {
  readonly rollback: Rollback | undefined;
  /** What the promotion record named when the update had ended, before any rollback; null when nothing was promoted. */
  readonly live: Release | null;
  /** Undefined when it did not come to that: also for a promotion that the pods or the entrance do not show. */
  readonly verify?: VerifyReport | undefined;
  readonly decisions: readonly Decision[];
}

/** Where the plan of a deploy can be read. */
export interface PlanRecord {
  readonly hash: string;
  readonly files: PlanFiles;
  /** How long the plan expects it to take at AWS; the one figure that every page gives for it. */
  readonly expected?: { readonly typicalSeconds: number; readonly longestSeconds: number };
}

/** The parts of a conclusion that nothing verified, and that rolled nothing back. */
export const UNVERIFIED = { rollback: undefined, verify: undefined };

/** A deploy from its preview to its end, the rollback included where there was one. */
export interface DeployRun extends Conclusion {
  readonly release: Release;
  /** What was live before; null for a first deploy. */
  readonly previous: Release | null;
  /** Undefined when it was refused before the checklist. */
  readonly preflight?: PreflightReport | undefined;
  /** Undefined when it was refused before the plan. */
  readonly plan?: PlanRecord | undefined;
  readonly deployment: Deployment;
}

/** A release as documents show it. */
type Described = Pick<Release, "id" | "gitSha" | "images">;

/** One resource operation as documents show it. */
export interface DocumentStep extends Omit<Step, "urn"> {
  /** It is one of those that decided when the update ended. */
  readonly critical?: true;
}

/** The one JSON document of a deploy, rehearsed or real; seconds are of the wall clock unless their name says model. */
export interface DeployDocument extends Outcome {
  readonly stack: string;
  readonly release: Described;
  /** The release that was live before; null for a first deploy. */
  readonly previous: Described | null;
  /** Of the deploy itself; a rollback has its own. */
  readonly steps: readonly DocumentStep[];
  readonly gates: readonly GateResult[];
  readonly decisions: readonly Decision[];
  /** Null when nothing was rolled back to. */
  readonly rollback: RollbackDocument | null;
  /** The checklist before it; null when the deploy was refused before. */
  readonly preflight: PreflightReport | null;
  /** What was planned and deployed; null when it was refused before. */
  readonly plan: PlanRecord | null;
  /** What was verified of the release once it was live; null for one that never was. */
  readonly verify: VerifyReport | null;
  readonly notifications: readonly Notification[];
  readonly policy: { readonly checked: number; readonly violations: readonly Violation[] };
  /** As the Kubernetes API reports the running pods at the end. */
  readonly live: LiveRelease;
  readonly timing: DeployTiming;
}

/** The rollback to the release before, and the proof that it serves again. */
export interface RollbackDocument {
  readonly release: Described;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly steps: readonly DocumentStep[];
  readonly gates: readonly GateResult[];
  readonly seconds: number;
}

export interface DeployTiming {
  readonly wallSeconds: number;
  /** From the end of the bad track's rollout until it was refused; null when nothing was. */
  readonly detectSeconds: number | null;
  /** From the decision to the end of the proof; null without a rollback. */
  readonly rollbackSeconds: number | null;
  readonly previewSeconds: number;
  readonly upSeconds: number;
}

/** What only who ran the deploy knows. */
export interface DeployCircumstances {
  readonly stack: string;
  readonly live: LiveRelease;
  readonly notifications: readonly Notification[];
  readonly wallSeconds: number;
  /** Of what is in the state; without them no step is known to be critical. */
  readonly dependencies?: Dependencies;
}

export function deployDocument(run: DeployRun, circumstances: DeployCircumstances): DeployDocument {
  const { outcome, exitCode, reason, release, previous, deployment, rollback, decisions } = run;
  const { stack, live, notifications, wallSeconds } = circumstances;
  const { preview, up, gates } = deployment;
  return {
    stack,
    outcome,
    exitCode,
    reason,
    release,
    previous,
    steps: stepsOf(up, circumstances.dependencies),
    gates,
    decisions,
    rollback: rollbackDocument(rollback),
    notifications,
    preflight: run.preflight ?? null,
    plan: run.plan ?? null,
    verify: run.verify ?? null,
    policy: (up ?? preview)?.policy ?? { checked: 0, violations: [] },
    live,
    timing: {
      wallSeconds,
      detectSeconds: detectSeconds(up),
      rollbackSeconds: rollback?.seconds ?? null,
      previewSeconds: preview?.seconds ?? 0,
      upSeconds: up?.seconds ?? 0,
    },
  };
}

/** What a document tells of a rollback; null without one. */
export function rollbackDocument(rollback: Rollback | undefined): RollbackDocument | null {
  if (rollback === undefined) return null;
  const { release, deployment, proof, verdict, reason, seconds } = rollback;
  const gates = [...(deployment?.gates ?? []), ...(proof?.gates ?? [])];
  return { release, verdict, reason, steps: stepsOf(deployment?.up), gates, seconds };
}

/** How long the refused part of a release had been out: from the end of the step before until the refusal. */
function detectSeconds(up: EngineResult | undefined): number | null {
  const refused = up?.steps.find(({ status }) => status === "failed");
  if (refused === undefined) return null;
  return (refused.endSeconds ?? refused.startSeconds) - refused.startSeconds;
}

/** The steps as a document shows them. */
function stepsOf(up: EngineResult | undefined, dependencies?: Dependencies): DocumentStep[] {
  const steps = up?.steps ?? [];
  const critical = dependencies === undefined ? undefined : criticalSteps(steps, dependencies);
  return steps.map((step) => {
    const { urn: _, ...shown } = step;
    return critical?.has(step) === true ? { ...shown, critical: true } : shown;
  });
}

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

export interface Timeline {
  /** How long the same update would have taken at AWS's own pace, with the order of steps as it was here. */
  readonly modelSeconds: number;
  /** The longest chain of steps in which each needs the one before: no order of steps can be faster. */
  readonly criticalPathSeconds: number;
}

/** A pause before a step that is longer than this had a reason that the recorded dependencies do not name. */
const UNEXPLAINED_SECONDS = 0.5;

/**
 * Stretches a rehearsed update to the time it models. Steps at AWS last their wall time divided by the time scale;
 * everything else is real and lasts what it lasted.
 */
export function timelineOf(steps: readonly Step[], dependencies: Dependencies, timeScale: number): Timeline {
  const models = new Map<string, number>();
  const shortest = new Map<string, number>();
  const done: Done[] = [];
  for (const step of steps.toSorted((a, b) => a.startSeconds - b.startSeconds)) {
    const needs = needsOf(step.urn, dependencies);
    const duration = modelDuration(step, timeScale);
    shortest.set(step.urn, latest(needs, shortest) + duration);
    const needed = done.filter((each) => needs.has(each.step.urn));
    const modelEnd = modelStart(step, needed, done) + duration;
    models.set(step.urn, modelEnd);
    done.push({ step, modelEnd });
  }
  return { modelSeconds: greatest(models.values()), criticalPathSeconds: greatest(shortest.values()) };
}

interface Done {
  readonly step: Step;
  readonly modelEnd: number;
}

/** Starts after what it needs; after a pause that its needs do not explain, also after what ended last before it. */
function modelStart({ startSeconds }: Step, needed: readonly Done[], done: readonly Done[]): number {
  const afterNeeds = greatest(needed.map(({ modelEnd }) => modelEnd));
  if (startSeconds - greatest(needed.map(({ step }) => endOf(step))) <= UNEXPLAINED_SECONDS) return afterNeeds;
  const before = done.filter(({ step }) => endOf(step) <= startSeconds);
  const last = greatest(before.map(({ step }) => endOf(step)));
  const afterLast = greatest(before.filter(({ step }) => endOf(step) === last).map(({ modelEnd }) => modelEnd));
  return Math.max(afterNeeds, afterLast + startSeconds - last);
}

function modelDuration(step: Step, timeScale: number): number {
  const seconds = endOf(step) - step.startSeconds;
  return step.type.startsWith("aws:") && timeScale > 0 ? seconds / timeScale : seconds;
}

function endOf({ startSeconds, endSeconds }: Step): number {
  return endSeconds ?? startSeconds;
}

/** Everything a resource waits for, through what had no step of its own. */
function needsOf(urn: string, dependencies: Dependencies): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (from: string) => {
    for (const need of dependencies.get(from) ?? []) {
      if (found.has(need)) continue;
      found.add(need);
      walk(need);
    }
  };
  walk(urn);
  return found;
}

function latest(urns: ReadonlySet<string>, ends: ReadonlyMap<string, number>): number {
  return greatest([...urns].map((urn) => ends.get(urn) ?? 0));
}

function greatest(values: Iterable<number>): number {
  return Math.max(0, ...values);
}

/**
 * The steps that decided when an update ended: the one that ended last, before it what it needed that ended last, and so
 * on to the begin. Nothing else that is made faster brings the end forward. A step that the state does not know, because
 * it failed, counts as needing all that had ended, and so does a deletion, for which the engine waits until the new
 * serves. None when there were no steps.
 */
export function criticalSteps(steps: readonly Step[], dependencies: Dependencies): ReadonlySet<Step> {
  const found = new Set<Step>();
  let latest = lastOf(steps.filter(isWork));
  while (latest !== undefined) {
    found.add(latest);
    const { urn, op, startSeconds } = latest;
    const needs = dependencies.has(urn) && !op.startsWith("delete") ? needsOf(urn, dependencies) : undefined;
    const before = steps.filter((step) => isWork(step) && endOf(step) <= startSeconds && !found.has(step));
    latest = lastOf(before.filter((step) => needs?.has(step.urn) ?? true));
  }
  return found;
}

function lastOf(steps: readonly Step[]): Step | undefined {
  return steps.reduce<Step | undefined>(
    (last, step) => (last === undefined || endOf(step) > endOf(last) ? step : last),
    undefined,
  );
}

/**
 * What stays the same is passed over at once, whenever its turn comes; a replacement's own work is to create the new and
 * to delete the old, each a step of its own.
 */
export function isWork({ op }: Pick<Step, "op">): boolean {
  return op !== "same" && op !== "replace";
}
