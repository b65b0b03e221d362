import { createHash } from "node:crypto";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { text } from "../aws/values.ts";
import type { ConstructRequest } from "../provider/model.ts";
import type { Registered, Registrar, Registration } from "../provider/monitor.ts";
import { isRecord, type Properties, resourceReference, type Value } from "../provider/properties.ts";
import { present } from "./arguments.ts";

const CLUSTER_POLICIES = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];
const NODE_POLICIES = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/** A role as the cluster needs it. */
export interface ClusterRole {
  readonly name: Value;
  readonly arn: Value;
  readonly reference: Properties;
  /** What must exist before the role is of use. */
  readonly urns: readonly string[];
}

/** The role that EKS assumes: the program's own, or one made here. */
export async function addClusterRole(monitor: Registrar, { name, inputs: args }: ConstructRequest, children: Children) {
  if (args.serviceRole !== undefined) return givenRole(monitor, args.serviceRole);
  return addRole(children, {
    name: `${name}-eksRole`,
    service: "eks.amazonaws.com",
    description: "Allows EKS to manage clusters on your behalf.",
    actions: ["sts:AssumeRole", "sts:TagSession"],
    policies: CLUSTER_POLICIES,
    tags: args.tags,
  });
}

/** The role of the nodes that Auto Mode runs. */
export async function addNodeRole({ name, inputs: args }: ConstructRequest, children: Children): Promise<ClusterRole> {
  const actions = ["sts:AssumeRole"];
  const service = "ec2.amazonaws.com";
  return addRole(children, { name: `${name}-nodeRole`, service, actions, policies: NODE_POLICIES, tags: args.tags });
}

async function addRole(children: Children, args: Parameters<typeof addServiceRole>[1]): Promise<ClusterRole> {
  const { role, urns } = await addServiceRole(children, args);
  const { name = UNKNOWN, arn = UNKNOWN } = role.outputs;
  return { name, arn, reference: resourceReference(role.urn, role.id), urns };
}

/** The program's own role: its ARN is known to the engine. */
async function givenRole(monitor: Registrar, reference: Value): Promise<ClusterRole> {
  const urn = isRecord(reference) ? text(reference, "urn") : undefined;
  if (!isRecord(reference) || urn === undefined) throw new Error("eks.Cluster: serviceRole must be a role");
  const { state } = await monitor.invoke("pulumi:pulumi:getResource", { urn }, undefined);
  const { name = UNKNOWN, arn = UNKNOWN } = isRecord(state) ? state : {};
  return { name, arn, reference, urns: [urn] };
}

interface ServiceRoleArgs {
  readonly name: string;
  readonly service: string;
  readonly description?: string;
  readonly actions: readonly string[];
  /** Names of AWS's own policies. */
  readonly policies: readonly string[];
  readonly tags?: Value | undefined;
}

interface ServiceRole {
  readonly role: Registered;
  /** Role and attachments: the role is of use only with all its policies. */
  readonly urns: readonly string[];
}

/** The component's `eks:index:ServiceRole`: a role that one service assumes, with AWS's own policies attached. */
async function addServiceRole(children: Children, args: ServiceRoleArgs): Promise<ServiceRole> {
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

type ChildOptions = Pick<Registration, "dependencies" | "ignoreChanges" | "version"> & { readonly parent?: string };

/** Registers the children of one component: they inherit its AWS provider and its protection. */
export class Children {
  readonly #monitor: Registrar;
  readonly #request: ConstructRequest;
  /** URN of the component. */
  readonly urn: string;

  constructor(monitor: Registrar, request: ConstructRequest, urn: string) {
    this.#monitor = monitor;
    this.#request = request;
    this.urn = urn;
  }

  /** Registers an AWS resource below the component, or below the parent given. */
  async add(type: string, name: string, inputs: Properties, options: ChildOptions = {}): Promise<Registered> {
    const provider = this.#request.providers.aws;
    return this.#monitor.register({
      ...{ type, name, inputs, parent: this.urn, protect: this.#request.protect },
      ...(provider === undefined ? {} : { provider }),
      ...options,
    });
  }

  /** Registers an instance of a package's provider below the component. */
  async addProvider(of: string, name: string, inputs: Properties, options: ChildOptions = {}): Promise<Registered> {
    const { protect } = this.#request;
    return this.#monitor.register({
      ...{ type: `pulumi:providers:${of}`, name, inputs, parent: this.urn, protect },
      ...options,
    });
  }

  /** Registers a component below this one. */
  async addComponent(type: string, name: string): Promise<Registered> {
    const { protect } = this.#request;
    return this.#monitor.register({ type, name, inputs: {}, parent: this.urn, component: true, protect });
  }

  complete(urn: string, outputs: Properties): Promise<void> {
    return this.#monitor.registerOutputs(urn, outputs);
  }
}
