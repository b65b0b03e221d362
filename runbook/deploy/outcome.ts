import type { Action } from "../../gates/tree-rules.ts";
import type { Deployment } from "./deployment.ts";
import type { Ending } from "./ending.ts";
import { isRefusal } from "./next-step.ts";

/**
 * How a deploy ended: `stopped` left the last good release live, `rolled-back` proved it again, `held` could not prove
 * the new one, `failed` can be resumed with exit code 4, and is for a person with 1 (live, but not well) and with 5 (the
 * rollback failed).
 */
export interface Outcome {
  readonly outcome: "promoted" | "rolled-back" | "stopped" | "held" | "failed";
  readonly exitCode: number;
  readonly reason: string;
}

/** What a deploy came to that needs no rollback, by where it ended and what the decision tree said to it. */
export function outcomeOf(deployment: Deployment, { phase, reason }: Ending, action: Action): Outcome {
  if (action === "proceed") return { outcome: "promoted", exitCode: 0, reason };
  if (action === "hold") return { outcome: "held", exitCode: 3, reason };
  const isConfig = deployment.up === undefined && /SPARKI_(CONFIG|USAGE)/.test(reason);
  if (isConfig) return { outcome: "stopped", exitCode: 2, reason };
  const isOwn = deployment.refusal !== undefined || wasRefused(deployment) || OWN_PHASES.has(phase);
  const isOutside = !isOwn && !isRefusal(reason);
  return isOutside ? { outcome: "failed", exitCode: 4, reason } : { outcome: "stopped", exitCode: 1, reason };
}

/** In these a failure is the release's own doing. */
const OWN_PHASES: ReadonlySet<string> = new Set(["database", "one-box", "fleet"]);

/** Policies and gates refuse, as AWS does what is wrong in itself; everything else breaks. */
function wasRefused({ preview, up, gates }: Deployment): boolean {
  const { violations } = (up ?? preview)?.policy ?? { violations: [] };
  return violations.some(({ level }) => level === "mandatory") || gates.some(({ verdict }) => verdict !== "pass");
}
