import type { Demand, Policy, Situation, WhenUnknown } from "../policy.ts";
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
    if (!each.appliesTo(resource.type)) continue;
    const verdict = failureOf(() => each.check(resource, demand, situation));
    if (verdict !== undefined) findings.push({ policy, resource, property: UNREAD, verdict, whenUnknown: undefined });
  }
  return findings;
}

/** Judges what the policy demands of the whole stack. */
export function judgeWhole(policy: Policy, stack: StackView, situation: Situation): Finding[] {
  const findings: Finding[] = [];
  const verdict = failureOf(() =>
    policy.whole?.(
      stack,
      (resource, property, holds, whenUnknown) =>
        findings.push({ policy, resource, property, verdict: verdictOf(holds), whenUnknown }),
      situation,
    ),
  );
  const [first] = stack.resources;
  if (verdict !== undefined && first !== undefined)
    findings.push({ policy, resource: first, property: UNREAD, verdict, whenUnknown: undefined });
  return findings;
}

/** Stands for the property where a policy ended before it could say which one it was about. */
export const UNREAD = "a property of a form that the policy cannot read";

/**
 * What an unfinished judgement is: a policy that cannot read something is not met, so that no odd input ends the judging
 * of all others. The SDK would take an error about an unknown value for a word of advice.
 */
function failureOf(judging: () => void): "broken" | "unknown" | undefined {
  try {
    judging();
    return undefined;
  } catch (error) {
    return isUnknownValue(error) ? "unknown" : "broken";
  }
}

function verdictOf(holds: () => boolean): Finding["verdict"] {
  let isMet = false;
  const failure = failureOf(() => {
    isMet = holds();
  });
  return failure ?? (isMet ? "met" : "broken");
}
