import { type Decision, decide, withFinding } from "../../gates/tree.ts";
import { type GateResult, worst } from "../../gates/verdict.ts";
import type { Ending } from "./ending.ts";

/** What the tree needs to know beside the ending. */
export interface Circumstances {
  readonly canRollBack: boolean;
  readonly hasState: boolean;
}

/** What the tree says to a deploy that has ended: it has looked as long as it may, and has not gone back yet. */
export function decideOn(ending: Ending, circumstances: Circumstances): Decision {
  const decision = decide({
    ...ending,
    ...circumstances,
    elapsedSeconds: 0,
    deadlineSeconds: 0,
    destroyRequested: false,
    rollbackTried: false,
    highErrorSeconds: 0,
  });
  return withFinding(decision, ending.reason);
}

/** One decision to continue for each gate that passed, in order. */
export function decisionsOf(gates: readonly GateResult[]): Decision[] {
  return [...Map.groupBy(gates, ({ gate }) => gate)].flatMap(([gate, results]) => {
    if (worst(results.map(({ verdict }) => verdict)) !== "pass") return [];
    const phase = results.find((result) => result.phase !== undefined)?.phase;
    if (phase === undefined) return [];
    const reason = `${gate}: ${gateCountsText(results)} passed`;
    return [{ phase, action: "proceed", reason, page: false, gate } as const];
  });
}

/** Whether requests were counted against a limit; health is seen, and has none. */
export function isCounted({ kind }: Pick<GateResult, "kind">): boolean {
  return kind !== "health";
}

/** How much a gate checked, such as `4 health checks, 4 objectives`. */
export function gateCountsText(results: readonly Pick<GateResult, "kind">[]): string {
  const objectives = results.filter(isCounted).length;
  const checks = results.length - objectives;
  const told = [amount(checks, "health check"), amount(objectives, "objective")];
  return told.filter((text) => text !== "").join(", ") || "nothing";
}

function amount(count: number, what: string): string {
  if (count === 0) return "";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
