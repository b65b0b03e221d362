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
