import type { Demand, Policy, Situation, WhenUnknown } from "../policy.ts";
import { UnreadableDocument } from "./iam-document.ts";
import { type AnyResource, isUnknownValue, type StackView } from "./resource.ts";

/** What one demand of a policy found on one property. */
export interface Finding {
  readonly policy: Policy;
  readonly resource: AnyResource;
  readonly property: string;
  readonly verdict: "met" | "broken" | "unknown";
  readonly whenUnknown: WhenUnknown | undefined;
}

/** Judges a resource on its own by every check of the policy that applies to its type; empty when none does. */
export function judgeEach(policy: Policy, resource: AnyResource, situation: Situation): Finding[] {
  const findings: Finding[] = [];
  const demand: Demand = (property, holds, whenUnknown) =>
    findings.push({ policy, resource, property, verdict: verdictOf(holds), whenUnknown });
  for (const each of policy.each ?? []) {
    if (each.appliesTo(resource.type)) each.check(resource, demand, situation);
  }
  return findings;
}

/** Judges what the policy demands of the whole stack. */
export function judgeWhole(policy: Policy, stack: StackView, situation: Situation): Finding[] {
  const findings: Finding[] = [];
  policy.whole?.(
    stack,
    (resource, property, holds, whenUnknown) =>
      findings.push({ policy, resource, property, verdict: verdictOf(holds), whenUnknown }),
    situation,
  );
  return findings;
}

function verdictOf(holds: () => boolean): Finding["verdict"] {
  try {
    return holds() ? "met" : "broken";
  } catch (error) {
    if (isUnknownValue(error)) return "unknown";
    // A document that is no JSON keeps no promise; a policy that fails in another way stops the deployment as a whole.
    if (error instanceof UnreadableDocument) return "broken";
    throw error;
  }
}
