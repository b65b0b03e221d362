import type { ApiRequest } from "../../../aws/authorization.ts";
import type { Properties } from "../../provider/properties.ts";
import { TYPES } from "../types.ts";
import { at, flag, number, text, textEntries, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";

/** A resource that a call is about: what the program asks for, and what is there. */
export interface Facts {
  readonly type: string;
  readonly world: World;
  readonly region: string;
  readonly accountId: string;
  /** What is asked for; what is there where nothing is. */
  readonly inputs: Properties;
  /** The resource as it is; undefined while it is not. */
  readonly there?: WorldResource | undefined;
}

type Tags = Readonly<Record<string, string>>;
type Context = Readonly<Record<string, string | readonly string[]>>;

const ROLE_SERVICES: Readonly<Record<string, string>> = {
  "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
  "rds.amazonaws.com": "AWSServiceRoleForRDS",
  "elasticache.amazonaws.com": "AWSServiceRoleForElastiCache",
  "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
  "wafv2.amazonaws.com": "AWSServiceRoleForWAFV2Logging",
};

/** Where Route 53, IAM and the buckets' names are asked. */
const GLOBAL_REGION = "us-east-1";

/** Words for the requests of one call. */
export class About {
  readonly #facts: Facts;
  readonly inputs: Properties;

  constructor(facts: Facts) {
    this.#facts = facts;
    this.inputs = facts.inputs;
  }

  /** The tags that a creation asks for, or those that a resource bears. */
  get tags(): Tags {
    const { there, inputs } = this.#facts;
    return there?.tags ?? textEntries(inputs.tagsAll);
  }

  /** A value of the inputs that is text. */
  text(path: string): string {
    return text(this.inputs, path) ?? "";
  }

  /** Whether an input is set. */
  has(path: string): boolean {
    return at(this.inputs, path).length > 0;
  }

  /** Whether an input is true. */
  is(path: string): boolean {
    return flag(this.inputs, path);
  }

  /** Whether an update changes one of these inputs; a creation changes all that it sets. */
  changes(...names: readonly string[]): boolean {
    const { there, inputs } = this.#facts;
    return names.some((name) => JSON.stringify(there?.inputs[name]) !== JSON.stringify(inputs[name]));
  }

  /** Whether an update changes another input than these. */
  changesBut(...names: readonly string[]): boolean {
    const { there, inputs } = this.#facts;
    const keys = new Set([...Object.keys(there?.inputs ?? {}), ...Object.keys(inputs)]);
    return this.changes(...[...keys].filter((key) => !names.includes(key)));
  }

  /** Whether an update makes a number larger. */
  grows(name: string): boolean {
    return (number(this.inputs, name) ?? 0) > (number(this.#facts.there?.inputs ?? {}, name) ?? 0);
  }

  /** The same words about the resource that an input names. */
  behind(types: readonly string[], path: string): About {
    const there = this.#facts.world.find(types, this.text(path));
    return there === undefined ? this : new About({ ...this.#facts, type: there.type, inputs: there.inputs, there });
  }

  arn(service: string, rest: string, region = this.#facts.region): string {
    return `arn:aws:${service}:${region}:${this.#facts.accountId}:${rest}`;
  }

  role(name: string): string {
    return `arn:aws:iam::${this.#facts.accountId}:role/${name}`;
  }

  /** Requests for actions on one resource. */
  ask(resource: string, actions: readonly string[], context: Context = {}): ApiRequest[] {
    const listed = Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()] as const);
    return actions.map((action) => ({
      action,
      resource,
      context: { "aws:requestedregion": [this.#regionOf(resource, action)], ...Object.fromEntries(listed) },
    }));
  }

  /** One action on what has this ARN, by the tags that it bears. */
  askOf(resource: string, action: string): ApiRequest[] {
    const there = this.#facts.world.all().find(({ arn }) => arn === resource);
    return this.ask(resource, [action], bearing(there?.tags ?? {}));
  }

  /** Looks, for which AWS knows no resource. */
  see(...actions: readonly string[]): ApiRequest[] {
    return this.ask("*", actions);
  }

  /** The resource itself, which bears its tags: as it is, or as a creation has just made it. */
  self(...actions: readonly string[]): ApiRequest[] {
    return this.ask(this.own, actions, bearing(this.tags));
  }

  /** The resource's ARN: of one that is not there yet, and that AWS names, with a place-holder. */
  get own(): string {
    const { there } = this.#facts;
    return there === undefined ? this.#future() : this.#arnOf(there);
  }

  /** Makes it with its tags: the creation asks for them, and the tagging is a request of its own. */
  making(action: string, kind: string): ApiRequest[] {
    const arn = this.arn("ec2", `${kind}/*`);
    const marked = requesting(this.tags);
    const tagging = { ...marked, "ec2:CreateAction": action.slice("ec2:".length) };
    return [...this.ask(arn, [action], marked), ...this.ask(arn, ["ec2:CreateTags"], tagging)];
  }

  /** The same actions on what an input names, each by its own ARN and tags. */
  to(types: readonly string[], path: string, ...actions: readonly string[]): ApiRequest[] {
    const { world } = this.#facts;
    return texts(this.inputs, path).flatMap((identifier) => {
      const found = world.find(types, identifier);
      return found === undefined ? [] : this.ask(this.#arnOf(found), actions, bearing(found.tags));
    });
  }

  /** A role of this name or ARN, under the boundary that it has. */
  onRole(identifier: string, actions: readonly string[], context: Context = {}): ApiRequest[] {
    const found = this.#facts.world.find([TYPES.role], identifier);
    const boundary = text(found?.inputs ?? {}, "permissionsBoundary");
    const own = boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary };
    return this.ask(found?.arn ?? this.role(identifier), actions, { ...own, ...context });
  }

  /** Hands the role that an input names to a service. */
  passing(path: string, service: string): ApiRequest[] {
    return texts(this.inputs, path).flatMap((role) =>
      this.onRole(role, ["iam:PassRole"], { "iam:PassedToService": service }),
    );
  }

  /** What a service does by a customer's key in the name of who asks; nothing of AWS's own keys. */
  using(path: string, ...actions: readonly string[]): ApiRequest[] {
    const granting = { "kms:GrantIsForAWSResource": "true" };
    return texts(this.inputs, path).flatMap((identifier) => {
      const key = this.#facts.world.find([TYPES.kmsKey], identifier);
      if (key === undefined) return [];
      return actions.flatMap((action) =>
        this.ask(key.arn, [action], { ...bearing(key.tags), ...(action === "kms:CreateGrant" ? granting : {}) }),
      );
    });
  }

  /** The first resource of its kind in an account makes the service's own role. */
  servedBy(service: string): ApiRequest[] {
    const name = ROLE_SERVICES[service];
    if (name === undefined) throw new TypeError(`${service} is not known to make a role of its own`);
    if (this.#facts.world.profile.hasServiceRoles) return [];
    const arn = this.role(`aws-service-role/${service}/${name}`);
    return this.ask(arn, ["iam:CreateServiceLinkedRole"], { "iam:AWSServiceName": service });
  }

  /** What changed tags ask for. */
  tagging(tag: string, untag: string): ApiRequest[] {
    const { there } = this.#facts;
    const [before, now] = [there?.tags ?? {}, textEntries(this.inputs.tagsAll)];
    const changed = Object.entries(now).filter(([key, value]) => before[key] !== value);
    const gone = Object.keys(before).filter((key) => !(key in now));
    const context = bearing(before);
    return [
      ...(changed.length === 0
        ? []
        : this.ask(this.own, [tag], { ...context, ...requesting(Object.fromEntries(changed)) })),
      ...(gone.length === 0 ? [] : this.ask(this.own, [untag], context)),
    ];
  }

  /** The tags that the request itself names. */
  get requested(): Context {
    return requesting(textEntries(this.inputs.tagsAll));
  }

  /** The first resource of a type that a test takes. */
  other(type: string, fits: (inputs: Properties) => boolean): string {
    const found = this.#facts.world.ofType(type).find(({ inputs }) => fits(inputs));
    return found === undefined ? "" : this.#arnOf(found);
  }

  #arnOf(resource: WorldResource): string {
    if (resource.arn !== "") return resource.arn;
    const made = ARNS[resource.type]?.(resource.inputs, resource.id);
    if (made === undefined) throw new TypeError(`no ARN is known of ${resource.type}`);
    return this.arn(...made);
  }

  #future(): string {
    const made = FUTURE[this.#facts.type]?.(this.inputs, this.#facts.accountId);
    if (made !== undefined) return made.startsWith("arn:") ? made : this.arn(...split(made));
    const own = ARNS[this.#facts.type]?.(this.inputs, "*");
    if (own === undefined) throw new TypeError(`no ARN is known of a ${this.#facts.type} that is not there`);
    return this.arn(...own);
  }

  #regionOf(resource: string, action: string): string {
    const service = action.split(":")[0] ?? "";
    if (["iam", "route53", "sts"].includes(service)) return GLOBAL_REGION;
    return resource.split(":")[3] || this.#facts.region;
  }
}

const split = (made: string): [service: string, rest: string] => {
  const at = made.indexOf(" ");
  return [made.slice(0, at), made.slice(at + 1)];
};

const bearing = (tags: Tags): Context =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));

const requesting = (tags: Tags): Context =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]));

type Parts = (inputs: Properties, id: string) => [service: string, rest: string];

/** ARNs that the provider tells nobody, but that AWS has. */
const ARNS: Readonly<Record<string, Parts>> = {
  [TYPES.natGateway]: (_, id) => ["ec2", `natgateway/${id}`],
  [TYPES.accessEntry]: (inputs) => {
    const [, , , , account, principal = ""] = (text(inputs, "principalArn") ?? "").split(":");
    const [kind, ...name] = principal.split("/");
    return ["eks", `access-entry/${text(inputs, "clusterName")}/${kind}/${account}/${name.at(-1)}/0a1b2c3d`];
  },
  [TYPES.podIdentityAssociation]: (inputs, id) => [
    "eks",
    `podidentityassociation/${text(inputs, "clusterName")}/${id}`,
  ],
};

/** ARNs of what is not there yet: `service rest`, or the whole. What AWS makes up is `*`. */
const FUTURE: Readonly<Record<string, (inputs: Properties, accountId: string) => string>> = {
  [TYPES.vpc]: () => "ec2 vpc/*",
  [TYPES.subnet]: () => "ec2 subnet/*",
  [TYPES.internetGateway]: () => "ec2 internet-gateway/*",
  [TYPES.securityGroup]: () => "ec2 security-group/*",
  [TYPES.kmsKey]: () => "kms key/*",
  [TYPES.kmsAlias]: (inputs) => `kms ${text(inputs, "name")}`,
  [TYPES.role]: (inputs, account) => `arn:aws:iam::${account}:role/${text(inputs, "name")}`,
  [TYPES.logGroup]: (inputs) => `logs log-group:${text(inputs, "name")}`,
  [TYPES.cluster]: (inputs) => `eks cluster/${text(inputs, "name")}`,
  [TYPES.addon]: (inputs) => `eks addon/${text(inputs, "clusterName")}/${text(inputs, "addonName")}/*`,
  [TYPES.database]: (inputs) => `rds db:${text(inputs, "identifier")}`,
  [TYPES.databaseSubnetGroup]: (inputs) => `rds subgrp:${text(inputs, "name")}`,
  [TYPES.databaseParameterGroup]: (inputs) => `rds pg:${text(inputs, "name")}`,
  [TYPES.replicationGroup]: (inputs) => `elasticache replicationgroup:${text(inputs, "replicationGroupId")}`,
  [TYPES.cacheSubnetGroup]: (inputs) => `elasticache subnetgroup:${text(inputs, "name")}`,
  [TYPES.secret]: (inputs) => `secretsmanager secret:${text(inputs, "name")}`,
  [TYPES.loadBalancer]: (inputs) => `elasticloadbalancing loadbalancer/app/${text(inputs, "name")}/*`,
  [TYPES.targetGroup]: (inputs) => `elasticloadbalancing targetgroup/${text(inputs, "name")}/*`,
  [TYPES.listener]: (inputs) => `${(text(inputs, "loadBalancerArn") ?? "").replace(":loadbalancer/", ":listener/")}/*`,
  [TYPES.listenerRule]: (inputs) => `${(text(inputs, "listenerArn") ?? "").replace(":listener/", ":listener-rule/")}/*`,
  [TYPES.certificate]: () => "acm certificate/*",
  [TYPES.webAcl]: (inputs) => `wafv2 regional/webacl/${text(inputs, "name")}/*`,
  [TYPES.zone]: () => "arn:aws:route53:::hostedzone/*",
  [TYPES.bucket]: (inputs) => `arn:aws:s3:::${text(inputs, "bucket")}`,
  [TYPES.queryLog]: () => "arn:aws:route53:::queryloggingconfig/*",
};

/** The requests that one act of the provider makes. */
export type Ask = (it: About) => readonly ApiRequest[];

/** What the AWS provider asks AWS for a resource type, by what it does. Reading comes after each creation and change too. */
export interface TypeCalls {
  readonly create: Ask;
  readonly read: Ask;
  /** Of a type that is only replaced. @default nothing */
  readonly update?: Ask;
  readonly delete: Ask;
}

export type CallTable = Readonly<Record<string, TypeCalls>>;

/** Only where it holds. */
export const only = (holds: boolean, requests: () => readonly ApiRequest[]): readonly ApiRequest[] =>
  holds ? requests() : [];
