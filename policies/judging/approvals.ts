import type { Situation } from "../policy.ts";
import { matchesName } from "./name-pattern.ts";

/** What holds data that no other place has. */
export const STATEFUL_TYPES = [
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:kms/key:Key",
  "aws:rds/instance:Instance",
  "aws:route53/zone:Zone",
] as const;

/** An engine step as its events tell it. */
export interface Step {
  readonly op: string;
  readonly type: string;
  /** The resource's logical name. */
  readonly name: string;
}

const ACTIONS: Readonly<Record<string, "delete" | "replace">> = {
  delete: "delete",
  "delete-replaced": "replace",
  "create-replacement": "replace",
  replace: "replace",
};

/** Whether somebody approved, by a line of stack config that has not ended, that this resource may be replaced or deleted. */
export function isApproved({ config, today }: Situation, name: string, action?: "delete" | "replace"): boolean {
  return config.approvals.some((approval) => {
    const isMeant = matchesName(approval.resource, name) && (action === undefined || approval.action === action);
    return isMeant && approval.until >= today;
  });
}

/** The steps of a preview that would replace or delete what holds data without an approval. */
export function unapprovedSteps<S extends Step>(steps: readonly S[], situation: Situation): S[] {
  return steps.filter(({ op, type, name }) => {
    const action = ACTIONS[op];
    const isStateful = STATEFUL_TYPES.some((stateful) => stateful === type);
    return isStateful && action !== undefined && !isApproved(situation, name, action);
  });
}
