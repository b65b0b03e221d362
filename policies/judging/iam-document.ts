import { type Demand, type EachCheck, every } from "../policy.ts";
import { type AnyResource, listAt, textAt, valueAt } from "./resource.ts";

/** One statement of an IAM policy, with lists where the document may have a single text. */
export interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  /** By kind, for example `AWS`, `Service`, `Federated`; a bare `*` is of kind `AWS`. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  /** Operator, then key, then values: `{StringEquals: {"aws:SourceAccount": ["1111"]}}`. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Reads a policy document given as JSON text or as an object. @throws SyntaxError for text that is not JSON */
export function statementsOf(document: unknown): Statement[] {
  const parsed: unknown = typeof document === "string" && document !== "" ? JSON.parse(document) : document;
  return listOf(valueAt(parsed, "Statement")).map(toStatement);
}

function toStatement(statement: unknown): Statement {
  const textsAt = (key: string) => textsOf(valueAt(statement, key));
  return {
    allows: valueAt(statement, "Effect") === "Allow",
    actions: textsAt("Action"),
    notActions: textsAt("NotAction"),
    resources: textsAt("Resource"),
    notResources: textsAt("NotResource"),
    principals: principalsOf(valueAt(statement, "Principal")),
    conditions: mapValues(valueAt(statement, "Condition"), (tests) => mapValues(tests, textsOf)),
  };
}

function principalsOf(principal: unknown): Statement["principals"] {
  return typeof principal === "string" ? { AWS: [principal] } : mapValues(principal, textsOf);
}

/** A document may have one thing where a list is meant. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === "string");
}

function mapValues<T>(value: unknown, map: (inner: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(Object(value)).map(([key, inner]) => [key, map(inner)]));
}

const DOCUMENTS: Readonly<Record<string, (props: AnyResource["props"]) => unknown[]>> = {
  "aws:iam/policy:Policy": (props) => [props.policy],
  "aws:iam/rolePolicy:RolePolicy": (props) => [props.policy],
  "aws:iam/role:Role": (props) => listAt(props, "inlinePolicies").map((inline) => valueAt(inline, "policy")),
};

/** A demand on every statement that grants a role something; a document that only the update knows is judged there. */
export function everyGrant(isAllowed: (statement: Statement) => boolean): EachCheck {
  return every(
    (type) => type in DOCUMENTS,
    ({ type, props }, demand) => {
      const documents = () => DOCUMENTS[type]?.(props) ?? [];
      const granted = () =>
        documents()
          .flatMap(statementsOf)
          .filter(({ allows }) => allows);
      demand("policy", () => granted().every(isAllowed), "update");
    },
  );
}

/** A demand on every policy that is attached to a role by its ARN. */
export function everyAttachment(isAllowed: (arn: string) => boolean): EachCheck[] {
  const judge = (arns: () => readonly unknown[], property: string, demand: Demand) =>
    demand(property, () => arns().every((arn) => typeof arn === "string" && isAllowed(arn)), "update");
  return [
    every(
      (type) => type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      ({ props }, demand) => judge(() => [textAt(props, "policyArn")], "policyArn", demand),
    ),
    every(
      (type) => type === "aws:iam/role:Role",
      ({ props }, demand) => judge(() => listAt(props, "managedPolicyArns"), "managedPolicyArns", demand),
    ),
  ];
}

const GITHUB = "token.actions.githubusercontent.com";

/** One repository, and one branch or environment of it. */
const PINNED = /^repo:[^*/]+\/[^*:]+:(ref:refs\/heads\/|environment:)[^*]+$/;

/** Whether a statement that trusts GitHub's tokens trusts only those of one repository and branch, made for AWS. */
export function isPinned({ principals, conditions }: Statement): boolean {
  const federated = (principals.Federated ?? []).some((provider) => provider.includes(GITHUB));
  if (!federated) return true;
  const equals = conditions.StringEquals ?? {};
  const subjects = equals[`${GITHUB}:sub`] ?? [];
  const audiences = equals[`${GITHUB}:aud`] ?? [];
  return subjects.length > 0 && subjects.every((one) => PINNED.test(one)) && audiences.includes("sts.amazonaws.com");
}
