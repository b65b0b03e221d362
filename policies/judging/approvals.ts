import type { Situation } from "../policy.ts";
import { isCurrent } from "./limited-time.ts";
import { matchesName } from "./name-pattern.ts";

/** What holds data that no other place has. */
export const STATEFUL_TYPES = [
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:kms/key:Key",
  "aws:rds/instance:Instance",
  "aws:route53/zone:Zone",
] as const;

/** What a preview would do to a resource. */
export interface PlannedAction {
  readonly action: string;
  readonly type: string;
  /** The resource's logical name. */
  readonly name: string;
}

/** Whether somebody approved, by a line of stack config that has not ended, that this resource may be replaced or deleted. */
export function isApproved({ config, today }: Situation, name: string, action?: "delete" | "replace"): boolean {
  return config.approvals.some((approval) => {
    const isMeant = matchesName(approval.resource, name) && (action === undefined || approval.action === action);
    return isMeant && isCurrent(approval, today);
  });
}

/** The planned actions that would replace or delete what holds data without an approval of just that. */
export function unapproved<P extends PlannedAction>(planned: readonly P[], situation: Situation): P[] {
  return planned.filter(({ action, type, name }) => {
    const isStateful = STATEFUL_TYPES.some((stateful) => stateful === type);
    return isStateful && (action === "replace" || action === "delete") && !isApproved(situation, name, action);
  });
}
