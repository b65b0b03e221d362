import { isV4Block, isV6Block } from "../addresses.ts";
import { type Finding, type Rule, wrong } from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { isInputRecord } from "../inputs.ts";
import type { PolicyKind } from "../policy-document.ts";
import { grammarFaults } from "./resource-policies.ts";

/** Rules by resource type. */
export type RuleTable = Readonly<Record<string, readonly Rule[]>>;

/** A policy document that IAM takes; `limit` counts its characters without white space. */
export function policyDocument(name: string, kind: PolicyKind, limit = Number.POSITIVE_INFINITY): Rule {
  return (it) => {
    const text = it.text(name);
    if (text === undefined) return [];
    return grammarFaults(text, kind, limit)
      .slice(0, 1)
      .map((fault) => ({
        path: it.at(name),
        found: "a policy document",
        expected: `a valid one: it ${fault}`,
      }));
  };
}

/** An IPv4 block named by its first address. */
export function v4Block(name: string, minimum = 0, maximum = 32): Rule {
  return block(name, isV4Block, "IPv4", minimum, maximum);
}

/** An IPv6 block named by its first address. */
export function v6Block(name: string): Rule {
  return block(name, isV6Block, "IPv6", 0, 128);
}

function block(name: string, fits: (text: string) => boolean, family: string, minimum: number, maximum: number): Rule {
  return (it) => {
    const text = it.text(name);
    if (text === undefined) return [];
    const prefix = Number(text.split("/")[1]);
    if (fits(text) && prefix >= minimum && prefix <= maximum) return [];
    return wrong(it, name, `an ${family} block of /${minimum} to /${maximum}, named by its first address`);
  };
}

export function v4Blocks(name: string): Rule {
  return (it) =>
    it.knownTexts(name).some((each) => !isV4Block(each))
      ? wrong(it, name, "IPv4 blocks, each named by its first address")
      : [];
}

export function v6Blocks(name: string): Rule {
  return (it) =>
    it.knownTexts(name).some((each) => !isV6Block(each))
      ? wrong(it, name, "IPv6 blocks, each named by its first address")
      : [];
}

/** An ARN of a service, and optionally of a kind of resource. */
export function arn(name: string, service: string, resource = ".+"): Rule {
  const pattern = new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:(\\d{12}|aws)?:${resource}$`);
  return (it) => {
    const text = it.text(name);
    return text === undefined || pattern.test(text) ? [] : wrong(it, name, `an ARN of ${service}`);
  };
}

const TAG_KEY = 128;
const TAG_VALUE = 256;
const TAG_COUNT = 50;
/** Letters, digits, spaces and + - = . _ : / @, as most services demand; EC2 takes any character. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as the services take them. */
export function tagRules(strict: boolean): readonly Rule[] {
  return [tagFindings("tags", strict)];
}

/** No two tags whose keys differ in case alone. */
export const caselessTags: Rule = (it) => {
  const tags = it.raw("tags");
  if (!isInputRecord(tags)) return [];
  const keys = Object.keys(tags).map((key) => key.toLowerCase());
  const twice = Object.keys(tags).find((key, index) => keys.indexOf(key.toLowerCase()) < index);
  return twice === undefined
    ? []
    : [{ path: it.at(`tags.${twice}`), found: "a tag", expected: "no key twice, whatever its case" }];
};

function tagFindings(name: string, strict: boolean): Rule {
  return (it): Finding[] => {
    const tags = it.raw(name);
    if (!isInputRecord(tags)) return [];
    const entries = Object.entries(tags);
    if (entries.length > TAG_COUNT)
      return [{ path: it.at(name), found: `${entries.length} tags`, expected: `at most ${TAG_COUNT}` }];
    return entries.flatMap(([key, value]) => tagFault(key, value, strict, `${it.at(name)}.${key.slice(0, 40)}`));
  };
}

function tagFault(key: string, value: unknown, strict: boolean, path: string): Finding[] {
  const fault = (expected: string) => [{ path, found: "a tag", expected }];
  if (key.length === 0 || key.length > TAG_KEY) return fault(`a key of 1 to ${TAG_KEY} characters`);
  if (/^aws:/i.test(key)) return fault("a key that does not begin with aws:");
  if (strict && !TAG_TEXT.test(key)) return fault("a key of letters, digits, spaces and + - = . _ : / @");
  if (typeof value !== "string") return [];
  if (value.length > TAG_VALUE) return fault(`a value of at most ${TAG_VALUE} characters`);
  return strict && !TAG_TEXT.test(value) ? fault("a value of letters, digits, spaces and + - = . _ : / @") : [];
}

/** A day and a span of it, as in `sun:05:00-sun:06:00`, in minutes of the week. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY = 1440;
const WEEK = 7 * DAY;

/** A weekly window; undefined when the text is none. */
export function weeklyWindow(text: string): Window | undefined {
  const match = /^([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)-([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)$/i.exec(text);
  if (match === null) return undefined;
  const [, day = "", hour, minute, toDay = "", toHour, toMinute] = match;
  const [first, last] = [DAYS.indexOf(day.toLowerCase()), DAYS.indexOf(toDay.toLowerCase())];
  if (first < 0 || last < 0) return undefined;
  const from = first * DAY + Number(hour) * 60 + Number(minute);
  const to = last * DAY + Number(toHour) * 60 + Number(toMinute);
  return { from, to: to <= from ? to + WEEK : to };
}

/** A daily window as one of each day of the week; undefined when the text is none. */
export function dailyWindows(text: string): readonly Window[] | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) return undefined;
  const [, hour, minute, toHour, toMinute] = match;
  const from = Number(hour) * 60 + Number(minute);
  const end = Number(toHour) * 60 + Number(toMinute);
  const length = end <= from ? end + DAY - from : end - from;
  return DAYS.map((_, index) => ({ from: index * DAY + from, to: index * DAY + from + length }));
}

/** Whether two windows of the week meet, over its end too. */
export function windowsMeet(one: Window, other: Window): boolean {
  return [-WEEK, 0, WEEK].some((shift) => one.from < other.to + shift && other.from + shift < one.to);
}

/** The weekly maintenance and the daily backup: well formed, long enough, apart from each other. */
export function windowRules(
  daily: string,
  weekly: string,
  dailyMinutes: number,
  weeklyMinutes: number,
): readonly Rule[] {
  const length = ({ from, to }: Window) => to - from;
  const weeklyRule: Rule = (it) => {
    const text = it.text(weekly);
    const window = text === undefined ? undefined : weeklyWindow(text);
    if (text === undefined || (window !== undefined && length(window) >= weeklyMinutes && length(window) <= DAY))
      return [];
    return wrong(it, weekly, `ddd:hh:mm-ddd:hh:mm of ${weeklyMinutes} minutes to a day`);
  };
  const dailyRule: Rule = (it) => {
    const text = it.text(daily);
    const [window] = text === undefined ? [] : (dailyWindows(text) ?? []);
    if (text === undefined || (window !== undefined && length(window) >= dailyMinutes)) return [];
    return wrong(it, daily, `hh:mm-hh:mm of at least ${dailyMinutes} minutes`);
  };
  const apart: Rule = (it) => {
    const days = dailyWindows(it.text(daily) ?? "") ?? [];
    const week = weeklyWindow(it.text(weekly) ?? "");
    if (week === undefined || !days.some((day) => windowsMeet(day, week))) return [];
    return wrong(it, daily, `a window that does not meet ${weekly}`);
  };
  return [dailyRule, weeklyRule, apart];
}

/** A number is known on both sides and has shrunk. */
export function shrinks(it: Inputs, before: Inputs, name: string): boolean {
  const [now, was] = [it.number(name), before.number(name)];
  return now !== undefined && was !== undefined && now < was;
}

/** Compares versions such as 17.6 by their numbers: negative when the first is older. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.split(".").map(Number));
  for (let index = 0; index < Math.max(a?.length ?? 0, b?.length ?? 0); index++) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const RFC1123 = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
