import type { Situation } from "../policy.ts";

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

/** How far ahead a line of config may excuse or approve something: whoever wrote it looks at it again within a year. */
export const MAX_DAYS = 400;

const DAY_MILLISECONDS = 86_400_000;

/** Whether a day is further ahead than anything may be excused or approved; both as ISO dates. */
export function isTooLong(until: string, today: string): boolean {
  return Date.parse(until) - Date.parse(today) > MAX_DAYS * DAY_MILLISECONDS;
}

/** Whether what ends on that day still counts, and may. */
export function isCurrent({ until }: { readonly until: string }, today: string): boolean {
  return until >= today && !isTooLong(until, today);
}

/**
 * Whether a logical name is meant by a pattern of stack config, where `*` stands for any text. Takes time in proportion
 * to the name, however many stars there are: each part between two stars is looked for once, from where the last ended.
 */
export function matchesName(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
