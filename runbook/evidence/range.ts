import { DeployError } from "../../shared/deploy-error.ts";

/** Days of the calendar in UTC, the first and the last included. */
export interface Range {
  /** ISO 8601 dates. */
  readonly from: string;
  readonly to: string;
  /** Seconds since 1970: from the begin of the first day to before the end of the last. */
  readonly begin: number;
  readonly end: number;
  /** The last day is not over yet. */
  readonly isOpen: boolean;
}

const DAY_SECONDS = 86_400;
/** Nothing was deployed by this program before. */
const FIRST_DAY = "2020-01-01";
const HINT = "npx sparki evidence --from 2026-10-01 --to 2026-10-31 --key evidence.key, or --unsigned";

type Given = string | boolean | undefined;

/** The days that `--from` and `--to` name; throws SPARKI_USAGE for what is no day, is to come, or ends before it begins. */
export function rangeOf({ from, to }: { readonly from: Given; readonly to: Given }, now: number): Range {
  const range = { from: dayIn("--from", from), to: dayIn("--to", to) };
  const begin = secondsOf(range.from);
  const end = secondsOf(range.to) + DAY_SECONDS;
  if (end <= begin) throw refused(`--from ${range.from} is after --to ${range.to}; expected the earlier day first`);
  if (end - DAY_SECONDS > now)
    throw refused(`--to ${range.to} is in the future; expected today, ${isoDay(now)}, or an earlier day`);
  return { ...range, begin, end, isOpen: end > now };
}

/** Whether something was at such a time, in seconds since 1970. */
export function isWithin({ begin, end }: Range, at: number): boolean {
  return at >= begin && at < end;
}

/** The day of a time in seconds since 1970, ISO 8601 in UTC. */
function isoDay(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}

function dayIn(flag: string, given: Given): string {
  if (given === undefined) throw refused(`${flag} is missing; expected a day, such as 2026-10-01`);
  if (typeof given === "string" && isDay(given) && given >= FIRST_DAY) return given;
  throw refused(`${flag} is ${JSON.stringify(given)}; expected a day since ${FIRST_DAY} such as 2026-10-01, in UTC`);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(secondsOf(text) * 1000 || Number.NaN).getTime() > 0
    ? isoDay(secondsOf(text)) === text
    : false;
}

function secondsOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: HINT });
}
