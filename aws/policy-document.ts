import { blockOf, isV4Address, isV6Address } from "./addresses.ts";
import { isExistingService } from "./catalog.ts";

/** Where a policy document hangs: it decides whether it names principals, resources or neither. */
export type PolicyKind = "identity" | "resource" | "trust";

const TOP = ["Version", "Id", "Statement"];
const ELEMENTS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
const PRINCIPALS = ["AWS", "Service", "Federated", "CanonicalUser"];
const VERSIONS = ["2012-10-17", "2008-10-17"];
const OPERATOR =
  /^(For(AnyValue|AllValues):)?(String(Not)?(Equals|EqualsIgnoreCase|Like)|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?|Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?$|^Null$/;
const ACTION = /^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const ARN = /^(\*|arn:(aws[a-z-]*|\*):[a-z0-9-]+:[a-z0-9*?-]*:(\d{12}|aws|cloudfront|[\d*?]*[*?][\d*?]*|):.+)$/;
const SERVICE = /^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/;
const PRINCIPAL_ARN =
  /^(\*|\d{12}|arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)\/([!-)+->@-~]*\/)?[\w+=,.@-]{1,64})|arn:aws[a-z-]*:sts::\d{12}:(assumed-role|federated-user)\/[^*?]+|A(ROA|IDA)[A-Z0-9]{16,})$/;
const TRUST_ACTIONS = [
  "sts:AssumeRole",
  "sts:AssumeRoleWithSAML",
  "sts:AssumeRoleWithWebIdentity",
  "sts:TagSession",
  "sts:SetSourceIdentity",
  "sts:SetContext",
];
const SID = { identity: /^[A-Za-z0-9]*$/, trust: /^[A-Za-z0-9]*$/, resource: /^[A-Za-z0-9 _-]*$/ };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Entries = { readonly [key: string]: Json };

/**
 * What IAM would refuse about the text of a policy document, each as a sentence; none when it takes it.
 * Names are judged as IAM does: keys are case-sensitive, none stands twice, and no unknown one is allowed.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function documentFaults(text: string, kind: PolicyKind): string[] {
  let document: Json;
  try {
    document = JSON.parse(text);
  } catch {
    return ["is not JSON"];
  }
  // The provider hands on IAM's own documents as they are; those of other services it writes again.
  if (kind !== "resource" && /^\s/.test(text)) return ["begins with a blank"];
  const twice = repeatedKey(text);
  if (twice !== undefined) return [`names ${JSON.stringify(twice)} twice in one object`];
  if (!isEntries(document)) return ["is not an object with Statement"];
  const unknown = Object.keys(document).filter((key) => !TOP.includes(key));
  const faults = unknown.map((key) => `has no element ${JSON.stringify(key)}`);
  if (document.Version !== undefined && !VERSIONS.includes(String(document.Version)))
    faults.push(`Version must be one of ${VERSIONS.join(", ")}`);
  if (document.Statement === undefined) return [...faults, "has no Statement"];
  const statements = listOf(document.Statement);
  if (statements.length === 0) return [...faults, "has no statement"];
  const sids = statements.flatMap((each) => (isEntries(each) && typeof each.Sid === "string" ? [each.Sid] : []));
  if (new Set(sids).size < sids.length) faults.push("uses a Sid twice");
  return [...faults, ...statements.flatMap((each, index) => statementFaults(each, index, kind))];
}

function statementFaults(statement: Json, index: number, kind: PolicyKind): string[] {
  const where = `statement ${index + 1}`;
  if (!isEntries(statement)) return [`${where} is not an object`];
  const faults = Object.keys(statement)
    .filter((key) => !ELEMENTS.includes(key))
    .map((key) => `has no element ${JSON.stringify(key)}`);
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") faults.push("Effect must be Allow or Deny");
  if (statement.Sid !== undefined && (typeof statement.Sid !== "string" || !SID[kind].test(statement.Sid)))
    faults.push("Sid must be letters and digits");
  faults.push(
    ...actionFaults(statement, kind),
    ...resourceFaults(statement, kind),
    ...principalFaults(statement, kind),
  );
  faults.push(...conditionFaults(statement.Condition));
  if (kind === "trust") faults.push(...sharedLoginFaults(statement));
  return faults.map((fault) => `${where}: ${fault}`);
}

function actionFaults(statement: Entries, kind: PolicyKind): string[] {
  const actions = justOne(statement, "Action", "NotAction");
  if (typeof actions === "string") return [actions];
  const texts = textsOf(actions);
  if (texts === undefined || texts.length === 0) return ["Action must be a text or a list of texts"];
  const unfit = texts.filter((each) => !ACTION.test(each)).map((each) => `${JSON.stringify(each)} is not an action`);
  if (kind !== "trust") return unfit;
  const strange = texts.filter((each) => each !== "*" && each !== "sts:*" && !TRUST_ACTIONS.includes(each));
  return [...unfit, ...strange.map((each) => `a trust policy cannot allow ${each}`)];
}

function resourceFaults(statement: Entries, kind: PolicyKind): string[] {
  if (kind === "trust")
    return statement.Resource === undefined && statement.NotResource === undefined
      ? []
      : ["a trust policy names no Resource"];
  if (kind === "resource" && statement.Resource === undefined && statement.NotResource === undefined) return [];
  const resources = justOne(statement, "Resource", "NotResource");
  if (typeof resources === "string") return [resources];
  const texts = textsOf(resources);
  if (texts === undefined || texts.length === 0) return ["Resource must be a text or a list of texts"];
  return texts.flatMap((each) => {
    const fault = arnFault(withoutVariables(each));
    return fault === undefined ? [] : [`${JSON.stringify(each)} ${fault}`];
  });
}

const PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"];
/** Services that are everywhere alike: IAM refuses an ARN of theirs with a region. */
const GLOBAL = ["iam", "sts", "route53", "cloudfront", "organizations", "waf"];

/** What is wrong with an ARN of a Resource; undefined for a good one. */
function arnFault(text: string): string | undefined {
  if (!ARN.test(text)) return "is not an ARN";
  if (text === "*") return undefined;
  const [, partition = "", service = "", region = "", account = ""] = text.split(":");
  if (!PARTITIONS.includes(partition)) return "is not in a partition of AWS";
  const isGlobal = GLOBAL.includes(service) || (service === "s3" && account === "");
  return isGlobal && !/^\**$/.test(region) ? `has a region, and ${service} has none there` : undefined;
}

/** A policy variable such as `${aws:username}` stands for any text. */
const withoutVariables = (text: string) => text.replace(/\$\{[^}]*\}/g, "x");

function principalFaults(statement: Entries, kind: PolicyKind): string[] {
  const names = ["Principal", "NotPrincipal"].filter((key) => statement[key] !== undefined);
  if (kind === "identity") return names.map((key) => `an identity's policy names no ${key}`);
  const principals = justOne(statement, "Principal", "NotPrincipal");
  if (typeof principals === "string") return [principals];
  const principal = principals[0] ?? null;
  if (principal === "*") return [];
  if (kind === "trust" && statement.NotPrincipal !== undefined) return ["a trust policy has no NotPrincipal"];
  if (!isEntries(principal) || Object.keys(principal).length === 0) return ["Principal must be * or an object"];
  return Object.entries(principal).flatMap(([type, value]) => {
    if (!PRINCIPALS.includes(type) || (kind === "trust" && type === "CanonicalUser"))
      return [`${JSON.stringify(type)} is not a type of principal`];
    const texts = textsOf(listOf(value));
    if (texts === undefined || texts.length === 0) return [`Principal ${type} must be a text or a list of texts`];
    const fits = {
      Service: SERVICE,
      AWS: PRINCIPAL_ARN,
      CanonicalUser: /^[0-9a-f]{64,96}$/i,
      Federated:
        /^(arn:aws[a-z-]*:iam::\d{12}:(oidc-provider|saml-provider)\/.+|cognito-identity\.amazonaws\.com|www\.amazon\.com|graph\.facebook\.com|accounts\.google\.com)$/,
    }[type];
    return texts
      .filter((each) => (fits !== undefined && !fits.test(each)) || (type === "Service" && !isExistingService(each)))
      .map((each) => `${JSON.stringify(each)} is no ${type} principal`);
  });
}

function conditionFaults(condition: Json | undefined): string[] {
  if (condition === undefined) return [];
  if (!isEntries(condition)) return ["Condition must be an object"];
  return Object.entries(condition).flatMap(([operator, keys]) => {
    if (!OPERATOR.test(operator)) return [`${JSON.stringify(operator)} is not a condition operator`];
    if (!isEntries(keys) || Object.keys(keys).length === 0) return [`${operator} must be an object of keys`];
    const strange = Object.entries(keys).filter(
      ([, value]) => !listOf(value).every((each) => ["string", "number", "boolean"].includes(typeof each)),
    );
    if (strange.length > 0) return strange.map(([key]) => `${operator} of ${key} must be a text or a list of texts`);
    const unfit = Object.entries(keys).filter(
      ([, value]) => !listOf(value).every((each) => fitsOperator(operator, each)),
    );
    if (unfit.length > 0) return unfit.map(([key]) => `${operator} of ${key} is compared with what it cannot be`);
    return Object.entries(keys)
      .filter(([key]) => !/^[a-zA-Z0-9-]+:|^https?:|^[a-z0-9.-]+(\/[^:]*)?:|^[a-z0-9.-]+\//.test(key))
      .map(([key]) => `${JSON.stringify(key)} is not a condition key`);
  });
}

/**
 * Logins that all the world shares, and the claims of which a trust must ask one.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
 */
const SHARED_LOGINS: Readonly<Record<string, readonly string[]>> = {
  "token.actions.githubusercontent.com": ["sub", "job_workflow_ref"],
  "oidc.codefresh.io": ["sub"],
  "gitlab.com": ["sub"],
  "app.terraform.io": ["sub"],
};

function sharedLoginFaults({ Effect, Principal, Condition }: Entries): string[] {
  const named = isEntries(Principal) ? (textsOf(listOf(Principal.Federated ?? [])) ?? []) : [];
  const keys = isEntries(Condition)
    ? Object.values(Condition).flatMap((each) =>
        isEntries(each) ? Object.keys(each).map((key) => key.toLowerCase()) : [],
      )
    : [];
  return named.flatMap((arn) => {
    const host = arn.replace(/^.*oidc-provider\//, "");
    const claims = SHARED_LOGINS[host];
    return Effect !== "Allow" || claims === undefined || claims.some((claim) => keys.includes(`${host}:${claim}`))
      ? []
      : [`allows everyone who logs in at ${host}: it must require ${host}:${claims[0]}`];
  });
}

/** What each kind of operator compares with; a variable may stand for any of them. */
const COMPARED: readonly (readonly [operator: RegExp, fits: (value: string) => boolean])[] = [
  [/^(Bool|Null)/, (value) => /^(true|false)$/i.test(value)],
  [/^Numeric/, (value) => /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)],
  [
    /^Date/,
    (value) => /^\d+$/.test(value) || (/^\d{4}(-\d\d(-\d\d(T.+)?)?)?$/.test(value) && !Number.isNaN(Date.parse(value))),
  ],
  [/^(Not)?IpAddress/, (value) => isV4Address(value) || isV6Address(value) || blockOf(value) !== undefined],
  [/^Arn/, (value) => /^(\*|arn:.*|arn\*.*|\*.*)$/.test(value)],
  [/^Binary/, (value) => /^[A-Za-z0-9+/]*={0,2}$/.test(value)],
];

function fitsOperator(operator: string, value: Json): boolean {
  const plain = operator.replace(/^For(Any|All)Values?:/, "");
  const fits = COMPARED.find(([name]) => name.test(plain))?.[1];
  return fits === undefined || String(value).includes("${") || fits(String(value));
}

/** The list under the one of two elements that stands there, or the fault. */
function justOne(statement: Entries, one: string, other: string): readonly Json[] | string {
  const [first, second] = [statement[one], statement[other]];
  if (first !== undefined && second !== undefined) return `has both ${one} and ${other}`;
  const found = first ?? second;
  return found === undefined ? `has no ${one}` : listOf(found);
}

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [value]);

function textsOf(values: readonly Json[]): readonly string[] | undefined {
  return values.every((each): each is string => typeof each === "string") ? values : undefined;
}

function isEntries(value: Json | undefined): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The first key that stands twice in one object of a JSON text, which must be valid. */
function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, , string] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (string !== undefined) {
      const key: string = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

export interface Request {
  /** As in `kms:Decrypt`. */
  readonly action: string;
  readonly resource?: string;
  /** A service's name, an account's number or an ARN. */
  readonly principal?: string;
  /** What is known of the request, by condition key in lower case. */
  readonly context?: Readonly<Record<string, string>>;
}

/**
 * Whether a document allows a request: some Allow covers it and no Deny does.
 * A condition on a key that the request's context lacks is not met; operators other than those of texts, ARNs and
 * switches are taken as not met in an Allow and as met in a Deny.
 */
export function allows(text: string, request: Request): boolean {
  let statements: readonly Json[];
  try {
    const document: Json = JSON.parse(text);
    statements = isEntries(document) ? listOf(document.Statement ?? []) : [];
  } catch {
    return false;
  }
  const covering = statements.filter(isEntries).filter((each) => covers(each, request));
  return covering.some((each) => each.Effect === "Allow") && !covering.some((each) => each.Effect === "Deny");
}

function covers(statement: Entries, request: Request): boolean {
  return (
    element(statement, "Action", "NotAction", request.action.toLowerCase(), true) &&
    (request.resource === undefined || element(statement, "Resource", "NotResource", request.resource, false)) &&
    (request.principal === undefined || coversPrincipal(statement, request.principal)) &&
    conditionHolds(statement.Condition, request.context ?? {}, statement.Effect === "Deny")
  );
}

function element(statement: Entries, name: string, not: string, value: string, ignoreCase: boolean): boolean {
  const [listed, excluded] = [statement[name], statement[not]];
  if (listed === undefined && excluded === undefined) return true;
  const patterns = textsOf(listOf(listed ?? excluded ?? [])) ?? [];
  const hit = patterns.some((each) => isLike(value, ignoreCase ? each.toLowerCase() : each));
  return listed === undefined ? !hit : hit;
}

function coversPrincipal(statement: Entries, wanted: string): boolean {
  const principal = statement.Principal ?? statement.NotPrincipal;
  if (principal === undefined) return true;
  const hit =
    principal === "*" ||
    (isEntries(principal) &&
      Object.values(principal).some((value) =>
        (textsOf(listOf(value)) ?? []).some((each) => each === "*" || samePrincipal(each, wanted)),
      ));
  return statement.Principal === undefined ? !hit : hit;
}

/** An account is named by its number or by its root. */
function samePrincipal(one: string, other: string): boolean {
  const account = (text: string) => /^arn:[^:]+:iam::(\d{12}):root$/.exec(text)?.[1] ?? text;
  return account(one) === account(other);
}

function conditionHolds(
  condition: Json | undefined,
  context: Readonly<Record<string, string>>,
  unclear: boolean,
): boolean {
  if (!isEntries(condition)) return true;
  return Object.entries(condition).every(([operator, keys]) => {
    if (!isEntries(keys)) return unclear;
    const match = /^(String|Arn|Bool)(Not)?(Equals|EqualsIgnoreCase|Like|)(IfExists)?$/.exec(operator);
    return Object.entries(keys).every(([key, value]) => {
      const found = context[key.toLowerCase()];
      if (match === null) return unclear;
      if (found === undefined) return match[4] !== undefined;
      const patterns = listOf(value).map(String);
      const like = match[3] === "Like" || match[1] === "Arn";
      const hit = patterns.some((each) =>
        like
          ? isLike(found, each)
          : match[3] === "EqualsIgnoreCase"
            ? found.toLowerCase() === each.toLowerCase()
            : found === each,
      );
      return match[2] === undefined ? hit : !hit;
    });
  });
}

/** Whether a text fits a pattern of `*` and `?`; the time is linear in the pattern's stars times the text. */
export function isLike(text: string, pattern: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = pattern[from];
    if (wanted === "*") {
      star = from++;
      mark = at;
    } else if (wanted === "?" || wanted === text[at]) {
      at++;
      from++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}

/** A statement of a valid document, each element as a list. */
export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Accounts, roles and users that it names. */
  readonly awsPrincipals: readonly string[];
  /** Whether it names everyone. */
  readonly isOpen: boolean;
  readonly conditionKeys: readonly string[];
}

/** The statements of a document; none of a text that is no document. What a Not excludes is not listed. */
export function statementsOf(text: string): Statement[] {
  let document: Json;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const statements = isEntries(document) ? listOf(document.Statement ?? []) : [];
  return statements.filter(isEntries).map((each) => {
    const list = (value: Json | undefined) => (value === undefined ? [] : (textsOf(listOf(value)) ?? []));
    const principal = each.Principal;
    const awsPrincipals = isEntries(principal) ? list(principal.AWS) : [];
    return {
      effect: String(each.Effect),
      actions: list(each.Action),
      resources: list(each.Resource),
      awsPrincipals: principal === "*" ? ["*"] : awsPrincipals,
      isOpen: principal === "*" || awsPrincipals.includes("*"),
      conditionKeys: isEntries(each.Condition)
        ? Object.values(each.Condition).flatMap((keys) => (isEntries(keys) ? Object.keys(keys) : []))
        : [],
    };
  });
}
