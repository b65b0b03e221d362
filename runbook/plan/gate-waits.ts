import { levelsOf, requestsToPass } from "../../gates/bounds.ts";
import { NO_COUNTS } from "../../gates/evidence.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { ENTERED, trackName } from "../../stacks/services.ts";
import type { Duration } from "./durations.ts";
import type { PlannedResource } from "./planned.ts";

/** What a gate stands before; promotion waits for all fleets. No gate counts requests of a service that users do not reach. */
const GATED: Readonly<Record<string, number>> = {
  ...Object.fromEntries(ENTERED.map((workload) => [trackName({ workload, kind: "fleet" }), 1])),
  "promotion-record": ENTERED.length,
};

/** How long the gate before a resource takes: until a clean release is proven, and at most until its deadline. */
export function gateWaits({
  gate,
  objectives,
}: Pick<StackConfig, "gate" | "objectives">): (resource: PlannedResource) => Duration {
  const levels = levelsOf(gate.maxWrongVerdictRatio, 1);
  const requests = Math.max(...objectives.map(({ maxRatio }) => requestsToPass(NO_COUNTS, maxRatio, levels)));
  const typical = requests / gate.syntheticRequestsPerSecond;
  const longest = (gate.deadlineMinutes + gate.healthDeadlineMinutes) * 60;
  return ({ name, action }) => {
    const gates = action === "create" || action === "update" ? (GATED[name] ?? 0) : 0;
    return { typical: typical * gates, longest: longest * gates };
  };
}
