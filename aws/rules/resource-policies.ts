import { facts } from "../facts.ts";
import { type Rule, wrong } from "../finding.ts";
import { documentFaults, isLike, type PolicyKind, type Statement, statementsOf } from "../policy-document.ts";

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
export function grammarFaults(text: string, kind: PolicyKind, limit: number): string[] {
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
  return key === undefined ? [] : [`names ${key}, which is no condition key of ${service}`];
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
    ({ effect, actions, awsPrincipals }) =>
      effect === "Allow" &&
      awsPrincipals.length > 0 &&
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

/** The kinds of resources that an action is on; undefined where a pattern covers many. */
function kindsOf(action: string, known: Readonly<Record<string, readonly string[]>>): readonly string[] | undefined {
  const name = action.replace(/^s3:/i, "");
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
