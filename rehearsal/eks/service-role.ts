import { createHash } from "node:crypto";
import type { Registered } from "../provider/monitor.ts";
import { type Properties, resourceReference, type Value } from "../provider/properties.ts";
import { present } from "./arguments.ts";
import type { Children } from "./children.ts";

export interface ServiceRoleArgs {
  readonly name: string;
  readonly service: string;
  readonly description?: string;
  readonly actions: readonly string[];
  /** Names of AWS's own policies. */
  readonly policies: readonly string[];
  readonly tags?: Value | undefined;
}

export interface ServiceRole {
  readonly role: Registered;
  /** Role and attachments: the role is of use only with all its policies. */
  readonly urns: readonly string[];
}

/** The component's `eks:index:ServiceRole`: a role that one service assumes, with AWS's own policies attached. */
export async function addServiceRole(children: Children, args: ServiceRoleArgs): Promise<ServiceRole> {
  const component = await children.addComponent("eks:index:ServiceRole", args.name);
  const parent = component.urn;
  const role = await children.add("aws:iam/role:Role", `${args.name}-role`, roleInputs(args), { parent });
  const attachments = await Promise.all(
    args.policies.map((policy) => {
      const policyArn = `arn:aws:iam::aws:policy/${policy}`;
      const suffix = createHash("sha1").update(policyArn).digest("hex").slice(0, 8);
      const options = { parent, dependencies: [role.urn] };
      return children.add(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        `${args.name}-${suffix}`,
        { policyArn, role: role.id },
        options,
      );
    }),
  );
  await children.complete(parent, { role: resourceReference(role.urn, role.id) });
  return { role, urns: [role.urn, ...attachments.map(({ urn }) => urn)] };
}

function roleInputs({ description, service, actions, tags }: ServiceRoleArgs): Properties {
  const statement = { Action: [...actions], Effect: "Allow", Principal: { Service: [service] } };
  const assumeRolePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return present({ assumeRolePolicy, description, tags });
}
