import { isV4Block, isV6Block } from "../addresses.ts";
import { facts } from "../facts.ts";
import { type Finding, type Rule, wrong } from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { isInputRecord } from "../inputs.ts";
import type { PolicyKind } from "../policy-document.ts";
import { documentFaults, isLike, type Statement, statementsOf } from "../policy-document.ts";

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

/** A role's or a user's path and name, as they stand in its ARN. */
export const IAM_NAME = "([\\w+=,.@/-]{1,511}/)?[\\w+=,.@-]{1,64}";

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

/** No tag whose key or value begins as the service's own do. */
export function keptTags(kept: RegExp, expected: string): Rule {
  return (it) => {
    const tags = it.raw("tags");
    if (!isInputRecord(tags)) return [];
    const wrong = Object.entries(tags).filter((tag) => tag.some((text) => typeof text === "string" && kept.test(text)));
    return wrong.map(([key]) => ({ path: `${it.at("tags")}.${key.slice(0, 40)}`, found: "a tag", expected }));
  };
}

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
function weeklyWindow(text: string): Window | undefined {
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
function dailyWindows(text: string): readonly Window[] | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) return undefined;
  const [, hour, minute, toHour, toMinute] = match;
  const from = Number(hour) * 60 + Number(minute);
  const end = Number(toHour) * 60 + Number(toMinute);
  const length = end <= from ? end + DAY - from : end - from;
  return DAYS.map((_, index) => ({ from: index * DAY + from, to: index * DAY + from + length }));
}

/** Whether two windows of the week meet, over its end too. */
function windowsMeet(one: Window, other: Window): boolean {
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

/** No two objects of a list have the same text there. */
export function unique(list: string, property: string, expected = `no ${property} twice`): Rule {
  return (it) => {
    const values = it.objects(list).flatMap((each) => each.text(property) ?? []);
    return new Set(values).size < values.length ? wrong(it, list, expected) : [];
  };
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

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");
/** What the six fields of AWS's cron expressions count: from, to, and names. */
const CRON: readonly (readonly [least: number, most: number, names: readonly string[]])[] = [
  [0, 59, []],
  [0, 23, []],
  [1, 31, []],
  [1, 12, MONTHS],
  [1, 7, WEEKDAYS],
  [1970, 2199, []],
];

/** Whether six fields are a cron expression of AWS's: each in its range, and just one of the two days given. */
export function isCron(fields: readonly string[]): boolean {
  const [, , day, , weekday] = fields;
  return (
    fields.length === CRON.length &&
    (day === "?") !== (weekday === "?") &&
    fields.every((field, index) => isCronField(field, index))
  );
}

function isCronField(field: string, index: number): boolean {
  const [least = 0, most = 0, names = []] = CRON[index] ?? [];
  const number = (text: string) => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const fits = (text: string) => number(text) >= least && number(text) <= most;
  if (field === "?") return index === 2 || index === 4;
  if (index === 2 && /^(L|LW|([1-9]|[12]\d|3[01])W)$/.test(field)) return true;
  if (index === 4 && /^(L|[1-7]L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5])$/i.test(field)) return true;
  return field.split(",").every((part) => {
    const [span = "", step, ...more] = part.split("/");
    if (more.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0))) return false;
    const [from = "", to, ...rest] = span.split("-");
    if (span === "*" || (span === "" && step !== undefined)) return true;
    return rest.length === 0 && fits(from) && (to === undefined || (fits(to) && number(from) <= number(to)));
  });
}

export const RFC1123 = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A policy on a resource of one service: its grammar, and the service's own actions and condition keys alone. */
export function resourcePolicy(name: string, service: string, limit: number): Rule {
  return (it) => {
    const text = it.text(name);
    if (text === undefined) return [];
    const [fault] = [
      ...grammarFaults(text, "resource", limit),
      ...statementsOf(text).flatMap((each) => faultsOf(each, service)),
    ];
    return fault === undefined
      ? []
      : [{ path: it.at(name), found: "a policy document", expected: `a valid one: it ${fault}` }];
  };
}

/** Faults in a document's grammar and length; its white space does not count. */
function grammarFaults(text: string, kind: PolicyKind, limit: number): string[] {
  const length = text.replace(/\s/g, "").length;
  const long = length > limit ? [`is ${length} characters long, at most ${limit} are allowed`] : [];
  return [...documentFaults(text, kind), ...long];
}

function faultsOf(statement: Statement, service: string): string[] {
  const known = Object.keys(facts().catalog.resourceActions[service] ?? {});
  const actions = [...statement.actions].filter((each) => each !== "*");
  const strange = actions.find((each) => {
    const [prefix = "", action = ""] = each.split(":");
    return prefix.toLowerCase() !== service || !known.some((one) => isLike(one.toLowerCase(), action.toLowerCase()));
  });
  if (strange !== undefined) return [`names ${strange}, which is no action of ${service}`];
  const keys = (facts().catalog.resourceKeys[service] ?? []).map((key) => key.toLowerCase());
  const key = statement.conditionKeys
    .map((each) => each.toLowerCase())
    .find((each) => each.startsWith(`${service}:`) && !keys.some((one) => isLike(each, one)));
  if (key !== undefined) return [`names ${key}, which is no condition key of ${service}`];
  const idle = service === "s3" ? statement.conditionKeys.find((each) => isForNone(each, actions)) : undefined;
  return idle === undefined ? [] : [`has the condition key ${idle} for actions that do not have it`];
}

/** Whether a condition key of S3's is for none of the actions; access points have keys of their own for all actions. */
function isForNone(key: string, actions: readonly string[]): boolean {
  const known = facts().catalog.objectKeys;
  const own = Object.keys(known).find((each) => isLike(key.toLowerCase(), each));
  const has = own === undefined || own.includes("accesspoint") ? undefined : known[own];
  return (
    has !== undefined &&
    actions.length > 0 &&
    !actions.some((action) => has.some((each) => isLike(`s3:${each}`.toLowerCase(), action.toLowerCase())))
  );
}

/** A key's policy must let somebody change it again; KMS refuses what locks everyone out. */
export const letsChangeItself: Rule = (it) => {
  const policy = it.text("policy");
  if (
    policy === undefined ||
    it.isTrue("bypassPolicyLockoutSafetyCheck") ||
    documentFaults(policy, "resource").length > 0
  )
    return [];
  const changes = statementsOf(policy).some(
    ({ effect, actions, awsPrincipals, resources }) =>
      effect === "Allow" &&
      awsPrincipals.length > 0 &&
      resources.some((each) => /^(\*|arn:[^:]*:kms:.*)$/.test(each)) &&
      actions.some((each) => isLike("kms:putkeypolicy", each.toLowerCase())),
  );
  return changes
    ? []
    : wrong(it, "policy", "a policy that lets the account change it: kms:PutKeyPolicy for one of its principals");
};

/** Objects' actions need objects, the bucket's own need the bucket; S3 refuses a statement whose resources fit none of its actions. */
export const actionsFitResources: Rule = (it) => {
  const [bucket, policy] = [it.text("bucket"), it.text("policy")];
  if (bucket === undefined || policy === undefined || documentFaults(policy, "resource").length > 0) return [];
  const known = facts().catalog.resourceActions.s3 ?? {};
  const unfit = statementsOf(policy).find(({ actions, resources }) => {
    const kinds = actions.map((each) => kindsOf(each, known));
    const of = resources.map((each) => (/^arn:aws[a-z-]*:s3:::[^/]+\/./.test(each) ? "object" : "bucket"));
    if (resources.some((each) => each === "*" || /^arn:[^:]*:s3:::\*$/.test(each))) return true;
    return kinds.some((each) => each !== undefined && !of.some((kind) => each.includes(kind)));
  });
  return unfit === undefined
    ? []
    : wrong(it, "policy", `for each action resources of ${bucket} that it is on: the bucket, or its objects`);
};

/** The kinds of resources that an action is on, none where it is on the account; undefined where a pattern covers many. */
function kindsOf(action: string, known: Readonly<Record<string, readonly string[]>>): readonly string[] | undefined {
  const name = action.replace(/^s3:/i, "");
  if (known[name]?.length === 0) return [];
  const kinds = known[name]?.filter((kind) => kind === "object" || kind === "bucket");
  return kinds === undefined || kinds.length === 0 ? undefined : kinds;
}

/** Everyone without a condition is what blockPublicPolicy is there to stop. */
export const notPublic: Rule = (it) => {
  const policy = it.text("policy");
  if (policy === undefined || !it.isTrue("blockPublicPolicy")) return [];
  const open = statementsOf(policy).some(
    ({ effect, isOpen, conditionKeys }) => effect === "Allow" && isOpen && conditionKeys.length === 0,
  );
  return open ? wrong(it, "policy", "principals by name: blockPublicPolicy is on") : [];
};
