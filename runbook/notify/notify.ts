import { type GateResult, percent } from "../../gates/gate.ts";
import { isSameRelease } from "../../records/promotion.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { Mention, type Message, type SlackText, slack, slackLines } from "../../shared/text/markup.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { clusterWords, type DeployRun, type Rollback } from "../deploy/deploy-document.ts";
import { duration } from "../report/columns.ts";

/** What every message about a stack needs. */
export interface Occasion {
  readonly stack: string;
  readonly config: Pick<StackConfig, "contacts" | "objectives">;
  /** Seconds since 1970. */
  readonly at: number;
}

export function startMessage({ stack, config, at }: Occasion, release: Release, previous: Release | null): Message {
  return to(config.contacts.platform, slack`🚀 ${titleOf(stack)} deployment started`, [
    ["Version", versionOf(release)],
    ["Live now", previous === null ? "nothing yet" : versionOf(previous)],
    ["Started at", timeOf(at)],
    ["Deployments", "engine, web"],
  ]);
}

/** The runbook's message for how a deploy ended. What a person must look at goes to the incidents' channel, with a mention. */
export function endMessage(occasion: Occasion, run: DeployRun, budget: string): Message {
  switch (run.outcome) {
    case "promoted":
      return promotedMessage(occasion, run, budget);
    case "rolled-back":
      return rolledBackMessage(occasion, run.release, run.reason, run.rollback, toldByCluster(run));
    case "held":
      return endedMessage(
        occasion,
        run,
        "⏸️",
        isLive(run) ? "live, but not proven good" : "held: not proven good, so not promoted",
      );
    case "stopped":
      return endedMessage(occasion, run, "⛔", "stopped");
    case "failed":
      return run.exitCode === EXIT.rollback.code && run.rollback !== undefined
        ? failedRollbackMessage(occasion, run.reason, run.rollback)
        : endedMessage(occasion, run, "⚠️", isLive(run) ? "live, but unhealthy" : "failed");
  }
}

function promotedMessage({ stack, config, at }: Occasion, { release, deployment }: DeployRun, budget: string): Message {
  const fleet = deployment.gates.filter(({ phase }) => phase === "fleet");
  return to(config.contacts.platform, slack`✅ ${titleOf(stack)} deployment successful!`, [
    ["Version", versionOf(release)],
    ["Deployed at", timeOf(at)],
    ["Deployments", "engine, web"],
    ["Status", "All healthy"],
    [],
    ["Error Budget", budget],
    ["Error Rate", errorRate(fleet, config.objectives)],
    ["P99 Latency", slowestOfHundred(fleet, config.objectives)],
    [],
    ["Next", "Monitor for 1 hour"],
  ]);
}

/** A deploy that went back by itself, or a release that someone went back from. */
export function rolledBackMessage(
  { stack, config }: Occasion,
  release: Release,
  reason: string,
  rollback: Rollback | undefined,
  words?: string,
): Message {
  return to(config.contacts.incidents, slack`⚠️ ${titleOf(stack)} deployment rolled back${after(words)}`, [
    ["Version", versionOf(release)],
    ["Reason", short(reason)],
    ["Rolled back to", rollback === undefined ? "nothing" : versionOf(rollback.release)],
    ["Status", "All healthy"],
    ["Proof", rollback?.reason ?? "none"],
    [],
    ["Action", "Platform team investigating"],
    ["Next", "Post-incident review in 24h"],
  ]);
}

/** The page: nothing more happens by itself. */
export function failedRollbackMessage({ stack, config }: Occasion, reason: string, rollback: Rollback): Message {
  const { incidents, platform } = config.contacts;
  const [first, second] = [new Mention(incidents), new Mention(platform)];
  return to(incidents, slack`🚨 ${titleOf(stack)} rollback failed: ${first} ${second} investigate now`, [
    ["Rolling back to", versionOf(rollback.release)],
    ["Reason", short(reason)],
    ["Status", "Not proven healthy"],
    [],
    ["Action", "No further step is automatic, and deploys are refused"],
    ["Next", `when the cause is fixed: npx sparki rollback --stack ${stack}`],
  ]);
}

function endedMessage({ stack, config }: Occasion, run: DeployRun, mark: string, how: string): Message {
  const pages = run.decisions.some(({ page }) => page);
  const words = after(toldByCluster(run));
  const title = pages
    ? slack`${mark} ${titleOf(stack)} deployment ${how}: ${new Mention(config.contacts.incidents)} investigate now${words}`
    : slack`${mark} ${titleOf(stack)} deployment ${how}${words}`;
  return to(config.contacts.incidents, title, [
    ["Version", versionOf(run.release)],
    ["Reason", short(run.reason)],
    ["Live", run.live === null ? "nothing yet" : `${versionOf(run.live)} serves`],
    [],
    ["Action", ruleOf(run) ?? "none"],
    ["Next", nextOf(stack, run)],
  ]);
}

/** Why the last decision was taken, by the decision tree alone: what was met has a line of its own. */
function ruleOf({ decisions }: DeployRun): string | undefined {
  const last = decisions.at(-1);
  return last?.rule ?? last?.reason;
}

/** What the cluster itself said of why a deploy was refused; it is told on the first line. */
function toldByCluster({ deployment, reason }: DeployRun): string | undefined {
  return clusterWords({ gates: deployment.gates, reason });
}

function after(words: string | undefined): string {
  return words === undefined ? "" : `: ${bounded(oneLine(words), LONGEST_WORDS)}`;
}

/** What was promoted is live until it is gone back from, verified or not. */
function isLive({ live, release }: DeployRun): boolean {
  return live !== null && isSameRelease(live, release);
}

function nextOf(stack: string, { verify }: DeployRun): string {
  if (verify === undefined) return `when the cause is fixed: npx sparki deploy --stack ${stack}`;
  return `npx sparki verify --stack ${stack}, or roll back: npx sparki rollback --stack ${stack}`;
}

/** The deploy itself broke off, for a reason that is not the release's: the state is saved, and it can continue. */
export function brokenMessage({ stack, config }: Occasion, release: Release, reason: string): Message {
  return to(config.contacts.incidents, slack`⚠️ ${titleOf(stack)} deployment interrupted`, [
    ["Version", versionOf(release)],
    ["Reason", short(reason)],
    ["Next", `npx sparki deploy --stack ${stack}, which continues from where it stopped`],
  ]);
}

export type Field = readonly [name: string, value: string] | readonly [];

/** A message to a contact's channel: its title, then a line for each field. */
export function to({ channel }: { readonly channel: string }, title: SlackText, fields: readonly Field[]): Message {
  const lines = fields.map(([name, value = ""]) => (name === undefined ? slack`` : slack`${name}: ${value}`));
  return { channel, text: slackLines([title, slack``, ...lines]) };
}

/** A stack's name as people write it. */
export function titleOf(stack: string): string {
  return stack === "prod" ? "Production" : `${stack.slice(0, 1).toUpperCase()}${stack.slice(1)}`;
}

const LONGEST_REASON = 300;
/** Of the cluster's own words in a message's first line. */
const LONGEST_WORDS = 160;

/** As much of a reason as people read in a message; the report has all of it. */
export function short(reason: string): string {
  return bounded(oneLine(reason), LONGEST_REASON);
}

/** A release as messages name it. */
function versionOf({ gitSha, id }: Release): string {
  return `${gitSha} (release ${id})`;
}

function timeOf(at: number): string {
  return new Date(at * 1000).toISOString();
}

type Objectives = StackConfig["objectives"];

function errorRate(gates: readonly GateResult[], objectives: Objectives): string {
  const names = objectives.filter(({ kind }) => kind.type === "errors").map(({ name }) => name);
  const found = gates.filter(({ objective }) => names.includes(objective));
  const { requests, bad } = sumOf(found);
  if (requests === 0) return "not measured: the fleet did not change";
  const most = Math.max(...found.map(({ upper }) => upper));
  return `${percent(bad / requests)} of ${requests} requests, at most ${percent(most)}`;
}

/** The lowest latency that fewer than one request in a hundred exceeded, of those that an objective counts. */
function slowestOfHundred(gates: readonly GateResult[], objectives: Objectives): string {
  const counted = objectives
    .flatMap(({ name, kind }) => (kind.type === "slowerThan" ? [{ name, seconds: kind.seconds }] : []))
    .sort((one, other) => one.seconds - other.seconds)
    .map(({ name, seconds }) => ({ seconds, ...sumOf(gates.filter(({ objective }) => objective === name)) }))
    .filter(({ requests }) => requests > 0);
  const last = counted.at(-1);
  if (last === undefined) return "not measured: the fleet did not change";
  const within = counted.find(({ requests, bad }) => bad < requests * 0.01);
  return within === undefined ? `over ${last.seconds * 1000} ms` : `under ${within.seconds * 1000} ms`;
}

function sumOf(gates: readonly GateResult[]): { readonly requests: number; readonly bad: number } {
  const total = (count: (gate: GateResult) => number) => gates.reduce((sum, gate) => sum + count(gate), 0);
  return { requests: total(({ requests }) => requests), bad: total(({ bad }) => bad) };
}

/** What a watch tells people of. */
interface WatchNews {
  readonly release: Release;
  /** Since the promotion. */
  readonly elapsedSeconds: number;
  readonly reason: string;
}

/** Something is not as it was when the release was promoted; nobody has to get up for it. */
export function anomalyMessage({ stack, config }: Occasion, { release, elapsedSeconds, reason }: WatchNews): Message {
  return to(config.contacts.platform, slack`👀 ${titleOf(stack)}: something has changed since the deployment`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Found", short(reason)],
    [],
    ["Next", `npx sparki diagnose --stack ${stack}`],
  ]);
}

/** The page: the tree leaves it to a person. */
export function escalationMessage(
  { stack, config }: Occasion,
  { release, elapsedSeconds, reason }: WatchNews,
): Message {
  const { incidents, platform } = config.contacts;
  const [first, second] = [new Mention(incidents), new Mention(platform)];
  return to(incidents, slack`🚨 ${titleOf(stack)} after its deployment: ${first} ${second} investigate now`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Reason", short(reason)],
    [],
    ["Next", `npx sparki diagnose --stack ${stack}; to roll back: npx sparki rollback --stack ${stack}`],
  ]);
}

/** What people were told of is no more. */
export function resolvedMessage({ stack, config }: Occasion, { release, elapsedSeconds, reason }: WatchNews): Message {
  return to(config.contacts.platform, slack`✅ ${titleOf(stack)} has recovered`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Found", short(reason)],
  ]);
}
