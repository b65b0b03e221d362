import { type Demand, type EachCheck, every } from "../policy.ts";
import { type Statement, statementsOf } from "./iam-document.ts";
import { listAt, textAt, valueAt } from "./objects.ts";
import type { AnyResource } from "./resource.ts";

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
