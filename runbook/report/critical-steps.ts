import type { Step } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";
import { needsOf } from "./timeline.ts";

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

function endOf({ startSeconds, endSeconds }: Step): number {
  return endSeconds ?? startSeconds;
}
