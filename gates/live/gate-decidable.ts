import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { type Levels, levelsOf, requestsToPass } from "../bounds.ts";
import { percent } from "../gate.ts";
import { NO_COUNTS, type Objective, problemOfObjective } from "../objective.ts";

/** The bounds that the engine's and the web UI's request histograms have. */
const BUCKET_SECONDS = [0.1, 1, 5];

/** Throws SPARKI_CONFIG, with each change that would fix it, when the stack's gates could not pass even a clean release. */
export function assertDecidable(config: Pick<StackConfig, "objectives" | "gate">, stack: string): void {
  const { gate, objectives } = config;
  const found = undecidable({
    objectives,
    errorRate: gate.maxWrongVerdictRatio,
    requestsPerSecond: gate.syntheticRequestsPerSecond,
    deadlineSeconds: gate.deadlineMinutes * 60,
    bucketSeconds: BUCKET_SECONDS,
  });
  if (found === undefined) return;
  const changes = found.changes.map(({ setting, from, to }) => `  ${setting} from ${from} to ${to}`);
  const ways = changes.length === 0 ? "" : `\neither of these would fix it:\n${changes.join("\n")}`;
  throw new DeployError("SPARKI_CONFIG", `the gates of ${stack} could never decide: ${found.reason}${ways}`, {
    hint: `pulumi config set --stack ${stack} --path 'sparki:gate.deadlineMinutes' <minutes>`,
  });
}

/** What a gate is configured with, before it starts. */
export interface GatePlan {
  readonly objectives: readonly Objective[];
  readonly errorRate: number;
  /** Synthetic requests a second; users' requests may come on top but are never counted on. */
  readonly requestsPerSecond: number;
  readonly deadlineSeconds: number;
  /** The durations that requests are counted by: bounds of the histogram's buckets. */
  readonly bucketSeconds: readonly number[];
}

/** One setting that would make a gate decidable. */
interface SettingChange {
  readonly setting: string;
  readonly from: number;
  readonly to: number;
}

/** Why a gate could never pass even a clean release, and the changes that would each fix it: more traffic before a weaker limit. */
interface Undecidable {
  readonly reason: string;
  readonly changes: readonly SettingChange[];
}

/** Refuses a gate that could not decide; undefined when a clean release passes within the gate's time and rate. */
export function undecidable(plan: GatePlan): Undecidable | undefined {
  const { objectives, errorRate, bucketSeconds } = plan;
  if (objectives.length === 0) return { reason: "no objectives: nothing could be proven", changes: [] };
  if (!(errorRate > 0 && errorRate <= 0.5)) return wrongErrorRate(errorRate);
  for (const objective of objectives) {
    const problem = problemOfObjective(objective);
    if (problem !== undefined) return { reason: problem, changes: [] };
    const uncounted = withoutBucket(objective, bucketSeconds);
    if (uncounted !== undefined) return uncounted;
  }
  return tooFewRequests(plan);
}

function wrongErrorRate(errorRate: number): Undecidable {
  const reason = `the share of wrong verdicts is ${errorRate}; expected more than 0 and at most 0.5`;
  return { reason, changes: [{ setting: "gate.maxWrongVerdictRatio", from: errorRate, to: 0.05 }] };
}

function withoutBucket({ name, kind }: Objective, bounds: readonly number[]): Undecidable | undefined {
  if (kind.type === "errors" || bounds.includes(kind.seconds)) return undefined;
  const reason = `${name}: no histogram bucket ends at ${kind.seconds} s; there are ${bounds.join(", ") || "none"}`;
  const nearest = [...bounds].sort((a, b) => ratio(a, kind.seconds) - ratio(b, kind.seconds))[0];
  const setting = `objectives "${name}" seconds`;
  return { reason, changes: nearest === undefined ? [] : [{ setting, from: kind.seconds, to: nearest }] };
}

function ratio(a: number, b: number): number {
  return Math.abs(Math.log(a / b));
}

function tooFewRequests(plan: GatePlan): Undecidable | undefined {
  const { requestsPerSecond, deadlineSeconds } = plan;
  const possible = Math.floor(requestsPerSecond * deadlineSeconds);
  const levels = levelsOf(plan.errorRate, 1);
  const neededFor = ({ maxRatio }: Objective) => requestsToPass(NO_COUNTS, maxRatio, levels);
  const short = plan.objectives.filter((objective) => neededFor(objective) > possible);
  const [strictest] = short.sort((a, b) => a.maxRatio - b.maxRatio);
  if (strictest === undefined) return undefined;
  const needed = neededFor(strictest);
  const reason =
    `${strictest.name}: ${requestsPerSecond} requests a second for ${deadlineSeconds} s make ${possible}; ` +
    `even without a bad one, ${needed} are needed to prove a ratio under ${percent(strictest.maxRatio)}`;
  const limits = short.length === 1 ? [limitChange(strictest, possible, levels)] : [];
  return { reason, changes: [...trafficChanges(plan, needed), ...limits].filter(({ to }) => Number.isFinite(to)) };
}

function trafficChanges({ requestsPerSecond, deadlineSeconds }: GatePlan, needed: number): SettingChange[] {
  const minutes = { from: roundUp(deadlineSeconds / 60), to: roundUp(needed / requestsPerSecond / 60) };
  const perSecond = { from: requestsPerSecond, to: roundUp(needed / deadlineSeconds) };
  return [
    { setting: "gate.deadlineMinutes", ...minutes },
    { setting: "gate.syntheticRequestsPerSecond", ...perSecond },
  ].sort((a, b) => ratio(a.to, a.from) - ratio(b.to, b.from));
}

/** The smallest limit, to two digits, that so many good requests prove. */
function limitChange({ name, maxRatio }: Objective, possible: number, levels: Levels): SettingChange {
  const candidates = [-6, -5, -4, -3, -2, -1].flatMap((power) =>
    Array.from({ length: 90 }, (_, i) => Number(`${(i + 10) / 10}e${power}`)),
  );
  const to = candidates.find((limit) => requestsToPass(NO_COUNTS, limit, levels) <= possible);
  return { setting: `objectives "${name}" maxRatio`, from: maxRatio, to: to ?? Number.POSITIVE_INFINITY };
}

function roundUp(value: number): number {
  return Math.ceil(value * 10) / 10;
}
