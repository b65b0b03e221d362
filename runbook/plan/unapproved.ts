import { mayBeRenamed, mayBeRetained } from "../../policies/declared/options.ts";
import { unapproved } from "../../policies/judging/approvals.ts";
import type { Situation } from "../../policies/policy.ts";
import type { EngineResult, Violation } from "../../records/engine-record.ts";
import type { PlannedResource } from "./planned.ts";

/**
 * The preview, refused where it would replace or delete what holds data and nobody has approved just that, and where it
 * would take over what is there already, or leave behind what it deletes, and nobody has declared that. The policies see
 * resources and not what is done to them: an approval to delete lifts the protection from a replacement too.
 */
export function withUnapproved(
  preview: EngineResult,
  planned: readonly PlannedResource[],
  situation: Situation,
): EngineResult {
  const violations = [...unapproved(planned, situation).map(violationOf), ...planned.flatMap(undeclaredOptions)];
  const [first] = violations;
  if (first === undefined) return preview;
  const policy = { ...preview.policy, violations: [...preview.policy.violations, ...violations] };
  const failure = preview.failure ?? `policy ${first.policy}, ${first.resource}: ${first.message}`;
  return { ...preview, outcome: preview.outcome === "succeeded" ? "failed" : preview.outcome, policy, failure };
}

function violationOf({ name, action, replacedFor }: PlannedResource): Violation {
  const why = replacedFor.length > 0 ? `, because of ${replacedFor.join(", ")}` : "";
  const fix = `add {resource: ${name}, action: ${action}, by, until} to sparki:approvals where it is meant`;
  return {
    policy: "stateful-kept",
    level: "mandatory",
    resource: name,
    message: `[D01] it holds data, and ${action} is not approved${why}: ${fix}`,
  };
}

/** The engine tells the policy pack of none of them. */
function undeclaredOptions(resource: PlannedResource): Violation[] {
  const { name, type, isImported, isRenamed, isRetained } = resource;
  const found = [
    ...(isImported === true ? ["option import (declared: not to be set)"] : []),
    ...(isRenamed === true && !mayBeRenamed(resource) ? ["option aliases (declared: none)"] : []),
    ...(isRetained === true && !mayBeRetained(resource) ? ["option retainOnDelete (declared: false)"] : []),
  ];
  return found.map((option) => ({
    policy: "declared-only",
    level: "mandatory",
    resource: name,
    message: `[D09] ${type} "${name}", ${option}: remove it, or declare it in policies/declared/options.ts for a reviewer to judge`,
  }));
}
