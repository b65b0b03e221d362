import type { GateResult } from "../gates/verdict.ts";
import { worst } from "../gates/verdict.ts";
import type { Deployment } from "./deployment.ts";
import type { EngineResult } from "./engine-record.ts";

/** How a deploy ended: `stopped` left the last good release live, `held` could not prove it, `failed` can be resumed. */
export interface Outcome {
  readonly outcome: "promoted" | "stopped" | "held" | "failed";
  readonly exitCode: number;
  readonly reason: string;
}

/** A release's own doing, not the platform's: what it runs, or a job of it. */
const APPLICATION_TYPES = ["kubernetes:helm.sh/v3:Release", "command:local:Command"];

/** What a deploy came to, by the engine's events and the gates' verdicts. */
export function outcomeOf({ preview, up, gates }: Deployment): Outcome {
  if (up === undefined) return refusedByPreview(preview);
  if (up.outcome === "succeeded") return { outcome: "promoted", exitCode: 0, reason: "every gate passed" };
  const reason = failureOf(up);
  const verdict = gates.length > 0 ? worst(gates.map((gate) => gate.verdict)) : "pass";
  if (verdict === "fail") return { outcome: "stopped", exitCode: 1, reason: reasonOf(gates, verdict) ?? reason };
  if (verdict !== "pass") return { outcome: "held", exitCode: 3, reason: reasonOf(gates, verdict) ?? reason };
  if (up.policy.violations.some(isMandatory)) return { outcome: "stopped", exitCode: 1, reason };
  const application = up.steps.some(({ status, type }) => status === "failed" && APPLICATION_TYPES.includes(type));
  return application ? { outcome: "stopped", exitCode: 1, reason } : { outcome: "failed", exitCode: 4, reason };
}

function refusedByPreview(preview: EngineResult): Outcome {
  const reason = failureOf(preview);
  if (preview.policy.violations.some(isMandatory)) return { outcome: "stopped", exitCode: 1, reason };
  if (/SPARKI_(CONFIG|USAGE)/.test(reason)) return { outcome: "stopped", exitCode: 2, reason };
  return { outcome: "failed", exitCode: 4, reason };
}

function failureOf(result: EngineResult): string {
  return result.failure ?? `the engine ended as ${result.outcome}`;
}

function reasonOf(gates: readonly GateResult[], verdict: GateResult["verdict"]): string | undefined {
  const gate = gates.find((each) => each.verdict === verdict);
  return gate && `${gate.gate}, ${gate.objective}: ${gate.reason}`;
}

function isMandatory({ level }: { readonly level: string }): boolean {
  return level === "mandatory";
}
