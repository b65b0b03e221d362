import type { Step } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";

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
