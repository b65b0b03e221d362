import { type BurnWindow, judgeBurn } from "./burn-rate.ts";
import type { Objective } from "./objective.ts";
import { type CountsByObjective, problemOfReading, type Reading } from "./reading.ts";
import type { GateResult } from "./verdict.ts";

/**
 * Judges whether a window of what is live forbids a release to start: `fail` only when its burn rate is proven too fast.
 * What has no requests, or is not proven, does not block, and its reason says so; a release need not wait for what only
 * might be, for its own gates are still ahead of it. A source without a usable answer blocks as `error` or `inconclusive`.
 */
export function judgeStart(
  objectives: readonly Objective[],
  window: BurnWindow,
  reading: Reading<CountsByObjective>,
  options: { readonly gate: string; readonly errorRate?: number },
): GateResult[] {
  const results = judgeBurn(objectives, window, reading.kind === "value" ? reading.value : {}, options);
  if (reading.kind === "value" || reading.kind === "no-data") return results.map(blocking);
  const verdict = reading.kind === "unreachable" ? "error" : "inconclusive";
  return results.map((result) => ({ ...result, verdict, reason: problemOfReading(reading) }));
}

function blocking(result: GateResult): GateResult {
  if (result.verdict === "fail") return { ...result, reason: `already burning: ${result.reason}` };
  if (result.verdict !== "inconclusive") return result;
  const why = result.requests === 0 ? "skipped" : "not proven, so it does not block";
  return { ...result, verdict: "pass", reason: `${why}: ${result.reason}` };
}
