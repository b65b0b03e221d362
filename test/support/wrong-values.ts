import type { Json, Values } from "./chart.ts";

/** One change that a chart's schema must refuse, and where Helm must say so. */
export interface WrongValue {
  /** Keys to the value, joined by dots. */
  readonly path: string;
  /** Undefined removes the value, and null removes the chart's default too. */
  readonly value: Json | undefined;
  /** JSON pointer that the refusal names. @default that of `path` */
  readonly reportedAt?: string;
}

/**
 * Puts cases into as few rounds as they fit without one case's path hiding another's: a run of Helm reports all wrong
 * values of a round, so that many cases cost one process.
 */
export function inRounds(cases: readonly WrongValue[]): WrongValue[][] {
  const rounds: WrongValue[][] = [];
  for (const wrong of cases) {
    const free = rounds.find((round) => round.every(({ path }) => !overlaps(path, wrong.path)));
    if (free) free.push(wrong);
    else rounds.push([wrong]);
  }
  return rounds;
}

function overlaps(a: string, b: string): boolean {
  return `${a}.`.startsWith(`${b}.`) || `${b}.`.startsWith(`${a}.`);
}

/** The values with one value replaced, added or removed; the original is left as it is. */
export function withValue(values: Values, path: string, value: Json | undefined): Values {
  const [key = "", ...rest] = path.split(".");
  const { [key]: current, ...others } = values;
  if (rest.length > 0) return { ...values, [key]: withValue(isValues(current) ? current : {}, rest.join("."), value) };
  return value === undefined ? others : { ...values, [key]: value };
}

function isValues(value: Json | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether Helm's refusal names the case: its place, or as missing from its parent. */
export function isReported(said: string, { path, value, reportedAt }: WrongValue): boolean {
  const keys = path.split(".");
  if (said.includes(`- at '${reportedAt ?? pointer(keys)}': `)) return true;
  const missing = said
    .split("\n")
    .find((line) => line.includes(`- at '${pointer(keys.slice(0, -1))}': missing propert`));
  return (value ?? undefined) === undefined && missing?.includes(`'${keys.at(-1)}'`) === true;
}

/** The JSON pointer of a path of keys; that of no key is empty. */
export function pointer(keys: readonly string[]): string {
  return keys.map((key) => `/${key}`).join("");
}
