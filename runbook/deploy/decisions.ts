import { decide } from "../../gates/tree.ts";
import type { Action, Phase } from "../../gates/tree-rules.ts";
import { type GateResult, worst } from "../../gates/verdict.ts";
import { type Ending, phaseOfGate } from "./ending.ts";
import { countsText } from "./gate-counts.ts";

/** What was decided at one point of a deploy, and on what. */
export interface Decision {
  readonly phase: Phase;
  readonly action: Action;
  readonly reason: string;
  /** A person must look now. */
  readonly page: boolean;
}

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
  return { ...decision, reason: `${decision.reason} (${ending.reason})` };
}

/** One decision to go on for each gate that passed, in order. */
export function decisionsOf(gates: readonly GateResult[]): Decision[] {
  return [...Map.groupBy(gates, ({ gate }) => gate)].flatMap(([gate, results]) => {
    if (worst(results.map(({ verdict }) => verdict)) !== "pass") return [];
    const reason = `${gate}: ${countsText(results)} passed`;
    return [{ phase: phaseOfGate(gate), action: "proceed", reason, page: false } as const];
  });
}
