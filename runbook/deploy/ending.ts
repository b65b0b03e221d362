import type { Phase } from "../../gates/tree-rules.ts";
import { type GateResult, type Verdict, worst } from "../../gates/verdict.ts";
import type { EngineResult, Step } from "../../records/engine-record.ts";
import type { Deployment } from "./deployment.ts";
import { failureWithNextStep } from "./next-step.ts";

/** How far a deploy came, and what it met there: what the decision tree decides on. */
export interface Ending {
  readonly phase: Phase;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Where a deploy ended, by the gates' verdicts and the engine's events; the release's own failures count first. */
export function endingOf({ preview, refusal, up, gates }: Deployment): Ending {
  if (refusal !== undefined) return { phase: "preflight", verdict: "fail", reason: refusal };
  if (up === undefined) return { phase: "preflight", verdict: "fail", reason: failureOf(preview) };
  if (up.outcome === "succeeded") return { phase: "cutover", verdict: "pass", reason: "every gate passed" };
  return refusingGate(gates) ?? failedStep(up) ?? failedPlatform(up);
}

/** What a policy refused is not tried again as it is. */
function failedPlatform(up: EngineResult): Ending {
  const isRefused = up.policy.violations.some(({ level }) => level === "mandatory");
  const reason = isRefused ? failureOf(up) : failureWithNextStep(failureOf(up));
  return { phase: "infrastructure", verdict: "fail", reason };
}

function refusingGate(gates: readonly GateResult[]): Ending | undefined {
  const verdict = gates.length > 0 ? worst(gates.map((gate) => gate.verdict)) : "pass";
  const gate = gates.find((each) => each.verdict === verdict);
  if (verdict === "pass" || gate === undefined) return undefined;
  return { phase: phaseOfGate(gate.gate), verdict, reason: refusalText(gate) };
}

/** What a gate found, the cluster's own words first where it has any. */
export function refusalText({ gate, objective, reason, words }: GateResult): string {
  const found = `${gate}, ${objective}: ${reason}`;
  return words === undefined ? found : `${words}; ${found}`;
}

/** Gates are named after what they guard: `engine one-box`, `web fleet`, `entrance`, `start engine`. */
export function phaseOfGate(gate: string): Phase {
  if (gate.includes("one-box")) return "one-box";
  if (gate.includes("fleet")) return "fleet";
  return gate.startsWith("start") ? "preflight" : "cutover";
}

function failedStep(up: EngineResult): Ending | undefined {
  const failed = up.steps.filter(({ status }) => status === "failed");
  const phases = ["fleet", "one-box", "database"] as const;
  const found = phases.find((each) => failed.some((step) => phaseOfStep(step) === each));
  const reason = failureOf(up);
  // A job whose image cannot be pulled has changed nothing: it tells of the release's images, before its pods would.
  const phase = found === "database" && /ImagePull|InvalidImageName/.test(reason) ? "one-box" : found;
  return phase && { phase, verdict: "fail", reason };
}

/** What belongs to the release: its Helm releases, and the jobs of its image. Undefined for the platform's own. */
function phaseOfStep({ type, name }: Step): Phase | undefined {
  if (type === "command:local:Command") return "database";
  if (type !== "kubernetes:helm.sh/v3:Release") return undefined;
  return name.endsWith("one-box") ? "one-box" : "fleet";
}

function failureOf(result: EngineResult | undefined): string {
  if (result === undefined) return "nothing was previewed";
  return result.failure ?? `the engine ended as ${result.outcome}`;
}
