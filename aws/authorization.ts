import { isLike } from "./policy-document.ts";

/** One question that AWS asks IAM before it does something. */
export interface ApiRequest {
  /** As in `kms:Decrypt`. */
  readonly action: string;
  /** The ARN, or `*` of an action that knows no resource. */
  readonly resource: string;
  /** What is known of the request, by condition key in lower case; a key may have several values. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

/** A statement of a policy of an identity. */
export interface IdentityStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Condition?: object;
}

/** What IAM decides: an explicit denial goes before every permission, and what nothing allows is denied. */
export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** The decision on a request by all of an identity's policies together. @throws on what it could only guess at. */
export function decide(statements: readonly IdentityStatement[], request: ApiRequest): Decision {
  const covering = statements.filter((each) => covers(each, request));
  if (covering.some(({ Effect }) => Effect === "Deny")) return "explicitDeny";
  return covering.some(({ Effect }) => Effect === "Allow") ? "allowed" : "implicitDeny";
}

/** Whether a statement is about the request: its action, its resource, and all of its conditions. */
export function covers(statement: IdentityStatement, { action, resource, context }: ApiRequest): boolean {
  assertKnown(statement);
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const named = (patterns: readonly string[], text: string) => patterns.some((pattern) => isLike(text, pattern));
  const lower = (patterns: readonly string[]) => patterns.map((each) => each.toLowerCase());
  const isAction =
    NotAction === undefined
      ? named(lower(Action ?? []), action.toLowerCase())
      : !named(lower(NotAction), action.toLowerCase());
  if (!isAction) return false;
  const isResource = NotResource === undefined ? named(Resource ?? [], resource) : !named(NotResource, resource);
  return (
    isResource &&
    Object.entries(Condition).every(([operator, keys]) => conditionHolds(partsOf(operator), Object(keys), context))
  );
}

/** Statements that hold nothing unknown: each is looked at once. */
const known = new WeakSet<IdentityStatement>();

/** Throws on an operator, a key or a variable that nobody here knows, whether or not it would decide the request. */
function assertKnown(statement: IdentityStatement): void {
  if (known.has(statement)) return;
  const { Resource = [], NotResource = [], Condition = {} } = statement;
  for (const text of [...Resource, ...NotResource]) assertPlain(text);
  for (const [operator, keys] of Object.entries(Condition)) {
    partsOf(operator);
    for (const [key, value] of Object.entries(Object(keys))) {
      if (!KEYS.test(key.toLowerCase()))
        throw new TypeError(`aws/authorization.ts does not know the condition key ${key}`);
      for (const text of [value].flat()) assertPlain(String(text));
    }
  }
  known.add(statement);
}

function assertPlain(text: string): void {
  if (text.includes("${")) throw new TypeError(`aws/authorization.ts does not know policy variables: ${text}`);
}

/** The keys that requests are asked by here. One that is not listed would never be there, and its condition never met. */
const KEYS =
  /^aws:(requesttag|resourcetag)\/[^/]+$|^aws:requestedregion$|^ec2:createaction$|^iam:(awsservicename|passedtoservice|permissionsboundary|policyarn)$|^kms:grantisforawsresource$|^route53:changeresourcerecordsetsnormalizedrecordnames$/;

type Compare = (found: string, wanted: string) => boolean;
const equals: Compare = (found, wanted) => found === wanted;
const COMPARES: Readonly<Record<string, Compare>> = {
  StringEquals: equals,
  StringLike: isLike,
  ArnEquals: isLike,
  ArnLike: isLike,
  Bool: (found, wanted) => found.toLowerCase() === wanted.toLowerCase(),
};

interface Operator {
  readonly set: string | undefined;
  readonly compare: Compare;
  readonly isNot: boolean;
  readonly ifExists: boolean;
}

function partsOf(operator: string): Operator {
  const [, set, name = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const isNot = /^(String|Arn)Not/.test(name);
  const compare = COMPARES[isNot ? name.replace("Not", "") : name];
  if (compare === undefined || (isNot && set !== undefined))
    throw new TypeError(`aws/authorization.ts does not know the condition operator ${operator}`);
  return { set, compare, isNot, ifExists: ifExists !== undefined };
}

function conditionHolds(
  { set, compare, isNot, ifExists }: Operator,
  keys: object,
  context: ApiRequest["context"],
): boolean {
  return Object.entries(keys).every(([key, value]) => {
    const wanted = [value].flat().map(String);
    const found = context[key.toLowerCase()] ?? [];
    const fits = (one: string) => wanted.some((each) => compare(one, each));
    if (set === "ForAllValues") return found.every(fits);
    if (found.length === 0) return ifExists || (isNot && set === undefined);
    if (set === "ForAnyValue") return found.some(fits);
    if (found.length > 1) throw new TypeError(`${key} has several values, and a comparison without a set takes one`);
    return found.some(fits) !== isNot;
  });
}
