import type { Properties } from "../../provider/properties.ts";
import type { ListenerRule, ListenerState, LoadBalancerState, TargetGroupState } from "../../services.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Backing,
  type Cloud,
  type Draft,
  type Identified,
  type Reference,
  type ResourceModel,
  type Subject,
  securityGroupReference,
  subnetReference,
  uuidOf,
  vpcReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { at, flag, number, records, text, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";
import { hasInternetGateway } from "./ec2-gateways.ts";
import { vpcAt, zonesAt } from "./ec2-vpc.ts";
import { certificateNames } from "./route53-acm.ts";

const reference = (path: string, type: string, code: string, words: string, holds = true): Reference => ({
  path,
  to: [type],
  missing: (arn) => new AwsError(code, `${words}: ${arn}`),
  holds,
});

const targetReferences = (actions: string): Reference[] =>
  ["targetGroupArn", "forward.targetGroups.arn"].map((path) =>
    reference(`${actions}.${path}`, TYPES.targetGroup, "TargetGroupNotFound", "One or more target groups not found"),
  );

const priorityOf = (inputs: Properties) => number(inputs, "priority");

function checkListener({ inputs }: Draft, world: World): void {
  if (text(inputs, "protocol") !== "HTTPS") return;
  const arn = text(inputs, "certificateArn");
  if (arn === undefined) throw new AwsError("ValidationError", "A certificate must be specified for HTTPS listeners");
  const status = text(world.find([TYPES.certificate], arn)?.outputs ?? {}, "status");
  if (status !== "ISSUED")
    throw new AwsError("UnsupportedCertificate", `The certificate '${arn}' must be issued; it is ${status}`);
}

/** A target group serves one load balancer only. */
function checkTargets({ inputs }: Draft, world: World, balancerArn: string, actions: string): void {
  const wanted = targetReferences(actions).flatMap(({ path }) => texts(inputs, path));
  for (const other of [...world.ofType(TYPES.listener), ...world.ofType(TYPES.listenerRule)]) {
    if (balancerOf(other.inputs, world) === balancerArn) continue;
    const used = ["defaultActions", "actions"]
      .flatMap((each) => targetReferences(each))
      .flatMap(({ path }) => texts(other.inputs, path));
    const shared = used.find((arn) => wanted.includes(arn));
    if (shared === undefined) continue;
    const words = `The following target groups cannot be associated with more than one load balancer: ${shared}`;
    throw new AwsError("TargetGroupAssociationLimit", words);
  }
}

/** The load balancer of a listener, or of a rule by its listener. */
export function balancerOf(inputs: Properties, world: World): string | undefined {
  const listener = world.find([TYPES.listener], text(inputs, "listenerArn") ?? "");
  return text(listener?.inputs ?? inputs, "loadBalancerArn");
}

/** Listeners and their rules; the backing brings a change of theirs to the load balancer. */
function listenerModels(backing: Backing): readonly ResourceModel[] {
  return [listener(backing), listenerRule(backing)];
}

const listener = (backing: Backing): ResourceModel => ({
  type: TYPES.listener,
  title: "ELBv2 Listener",
  required: ["defaultActions", "loadBalancerArn"],
  immutable: ["loadBalancerArn"],
  id: (draft) =>
    `${(text(draft.inputs, "loadBalancerArn") ?? "").replace(":loadbalancer/", ":listener/")}/${draft.hex("listener", 16)}`,
  arn: ({ id }) => id,
  references: [
    reference(
      "loadBalancerArn",
      TYPES.loadBalancer,
      "LoadBalancerNotFound",
      "One or more load balancers not found",
      false,
    ),
    reference("certificateArn", TYPES.certificate, "CertificateNotFound", "Certificate ARN is not valid"),
    ...targetReferences("defaultActions"),
  ],
  unique: [
    {
      key: (inputs) => `${text(inputs, "loadBalancerArn")} ${number(inputs, "port")}`,
      taken: () => new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer"),
    },
  ],
  validate: (draft, world) => {
    checkListener(draft, world);
    checkTargets(draft, world, text(draft.inputs, "loadBalancerArn") ?? "", "defaultActions");
  },
  latency: { create: TIMINGS.quick },
  backing,
});

const listenerRule = (backing: Backing): ResourceModel => ({
  type: TYPES.listenerRule,
  title: "ELBv2 Listener Rule",
  required: ["actions", "conditions", "listenerArn"],
  immutable: ["listenerArn"],
  id: (draft) =>
    `${(text(draft.inputs, "listenerArn") ?? "").replace(":listener/", ":listener-rule/")}/${draft.hex("rule", 16)}`,
  arn: ({ id }) => id,
  references: [
    reference("listenerArn", TYPES.listener, "ListenerNotFound", "One or more listeners not found", false),
    ...targetReferences("actions"),
  ],
  unique: [
    {
      key: (inputs) =>
        priorityOf(inputs) === undefined ? undefined : `${text(inputs, "listenerArn")} ${priorityOf(inputs)}`,
      taken: (inputs) => new AwsError("PriorityInUse", `Priority '${priorityOf(inputs)}' is currently in use`),
    },
  ],
  validate: (draft, world) => checkTargets(draft, world, balancerOf(draft.inputs, world) ?? "", "actions"),
  quotas: [
    {
      limit: 100,
      within: (inputs) => text(inputs, "listenerArn"),
      exceeded: (limit) =>
        new AwsError("TooManyRules", `The maximum number of rules for the listener has been reached: ${limit}`),
    },
  ],
  outputs: {
    priority: ({ inputs, serial }, world) => {
      const given = priorityOf(inputs);
      if (given !== undefined) return given;
      const others = world
        .ofType(TYPES.listenerRule)
        .filter((it) => it.serial !== serial && text(it.inputs, "listenerArn") === text(inputs, "listenerArn"));
      return 1 + Math.max(0, ...others.map(placeOf));
    },
  },
  latency: { create: TIMINGS.quick },
  backing,
});

const suffixOf = ({ inputs, hex }: Pick<Draft, "inputs" | "hex">, label: string) =>
  `${text(inputs, "name")}/${hex(label, 16)}`;

/** How a load balancer's kind shows in its ARN. */
const kindOf = ({ inputs }: Pick<Draft, "inputs">) =>
  ({ network: "net", gateway: "gwy" })[text(inputs, "loadBalancerType") ?? ""] ?? "app";

/** Any change of what describes a load balancer shows at its proxy. */
const PUBLISHED: Backing = {
  start: async (_subject, cloud) => {
    await publishLoadBalancers(cloud);
    return {};
  },
  stop: async (_resource, cloud) => publishLoadBalancers(cloud),
};

function checkName({ inputs }: Draft, kind: string): void {
  const name = text(inputs, "name") ?? "";
  if (/^(?!internal-)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/.test(name)) return;
  throw new AwsError(
    "ValidationError",
    `${kind} name '${name}' must have at most 32 letters, digits and hyphens, and may not begin or end with a hyphen`,
  );
}

function checkBalancer(draft: Draft, world: World): void {
  checkName(draft, "The load balancer");
  const isApplication = (text(draft.inputs, "loadBalancerType") ?? "application") === "application";
  if (isApplication && subnetZones(draft, world).length < 2)
    throw new AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified");
  const vpcId = vpcAt(draft, "subnets", world) ?? vpcAt(draft, "subnetMappings.subnetId", world) ?? "";
  if (!flag(draft.inputs, "internal") && !hasInternetGateway(vpcId, world))
    throw new AwsError("InvalidSubnet", `VPC ${vpcId} has no internet gateway`);
}

const subnetZones = (draft: Draft, world: World) =>
  ["subnets", "subnetMappings.subnetId"].flatMap((path) => zonesAt(draft, path, world));

async function startBalancer(subject: Subject, cloud: Cloud): Promise<Properties> {
  await publishLoadBalancers(cloud);
  const bucketName = flag(subject.inputs, "accessLogs.enabled") ? text(subject.inputs, "accessLogs.bucket") : undefined;
  const bucket = cloud.world.get(TYPES.bucket, bucketName ?? "");
  // Elastic Load Balancing writes a test object at once, so the bucket is never empty again.
  if (bucket !== undefined) cloud.world.put({ ...bucket, contents: "access logs of a load balancer" });
  return {};
}

const loadBalancer: ResourceModel = {
  type: TYPES.loadBalancer,
  title: "ELBv2 Load Balancer",
  immutable: ["name", "namePrefix", "internal", "loadBalancerType", "customerOwnedIpv4Pool"],
  defaults: {
    desyncMitigationMode: "defensive",
    dropInvalidHeaderFields: false,
    enableDeletionProtection: false,
    enableHttp2: true,
    idleTimeout: 60,
    internal: false,
    ipAddressType: "ipv4",
    loadBalancerType: "application",
  },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "elasticloadbalancing", `loadbalancer/${kindOf(draft)}/${suffixOf(draft, "lb")}`),
  arn: ({ id }) => id,
  references: [
    subnetReference("subnets", "SubnetNotFound"),
    subnetReference("subnetMappings.subnetId", "SubnetNotFound"),
    securityGroupReference("securityGroups", "InvalidSecurityGroup"),
    {
      path: "accessLogs.bucket",
      to: [TYPES.bucket],
      missing: (name) => new AwsError("InvalidConfigurationRequest", `The S3 bucket does not exist: ${name}`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) =>
        new AwsError(
          "DuplicateLoadBalancerName",
          `A load balancer with the same name '${text(inputs, "name")}' exists, but with different settings`,
        ),
    },
  ],
  quotas: [
    {
      limit: 50,
      exceeded: (limit) =>
        new AwsError("TooManyLoadBalancers", `The maximum number of load balancers has been reached: ${limit}`),
    },
  ],
  validate: checkBalancer,
  outputs: {
    arnSuffix: (subject) => `${kindOf(subject)}/${suffixOf(subject, "lb")}`,
    dnsName: ({ inputs, region, origin }, world) =>
      dnsNameOf({ name: text(inputs, "name") ?? "", region, origin }, world),
    zoneId: () => "Z35SXDOTRQ7X7K",
    vpcId: (subject, world) => vpcAt(subject, "subnets", world) ?? "",
  },
  latency: { create: TIMINGS.loadBalancer, delete: TIMINGS.small },
  backing: { start: startBalancer, stop: async ({ name }, { services }) => services.loadBalancer.stop(name ?? "") },
  mayDelete: ({ arn, inputs }) => {
    if (!flag(inputs, "enableDeletionProtection")) return;
    throw new AwsError(
      "OperationNotPermitted",
      `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
    );
  },
};

const targetGroup: ResourceModel = {
  type: TYPES.targetGroup,
  title: "ELBv2 Target Group",
  immutable: ["name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId", "ipAddressType"],
  defaults: {
    deregistrationDelay: 300,
    ipAddressType: "ipv4",
    loadBalancingAlgorithmType: "round_robin",
    loadBalancingCrossZoneEnabled: "use_load_balancer_configuration",
    protocolVersion: "HTTP1",
    slowStart: 0,
    targetType: "instance",
  },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "elasticloadbalancing", `targetgroup/${suffixOf(draft, "tg")}`),
  arn: ({ id }) => id,
  references: [vpcReference()],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) =>
        new AwsError(
          "DuplicateTargetGroupName",
          `A target group with the same name '${text(inputs, "name")}' exists, but with different settings`,
        ),
    },
  ],
  validate: (draft) => {
    checkName(draft, "The target group");
    const [timeout, interval] = ["timeout", "interval"].map((key) => number(draft.inputs, `healthCheck.${key}`));
    if (timeout !== undefined && interval !== undefined && timeout >= interval)
      throw new AwsError(
        "ValidationError",
        `Health check timeout '${timeout}' must be smaller than the interval '${interval}'`,
      );
  },
  outputs: {
    arnSuffix: (subject: Identified) => `targetgroup/${suffixOf(subject, "tg")}`,
    loadBalancerArns: () => [],
  },
  backing: PUBLISHED,
  inUse: ({ arn }) =>
    new AwsError("ResourceInUse", `Target group '${arn}' is currently in use by a listener or a rule`),
};

export const loadBalancerModels: readonly ResourceModel[] = [loadBalancer, targetGroup, ...listenerModels(PUBLISHED)];

/** The whole of what a load balancer's proxy is to serve, from all the resources that describe it. */
function loadBalancerState(balancer: WorldResource, world: World): LoadBalancerState {
  const present = (type: string) =>
    world.ofType(type).filter(({ status }) => status !== "deleting" && status !== "failed");
  const listeners = present(TYPES.listener).filter((it) => text(it.inputs, "loadBalancerArn") === balancer.arn);
  const states = listeners.map((listener) => listenerState(listener, present(TYPES.listenerRule)));
  const used = new Set(states.flatMap(({ rules }) => rules.flatMap(targetArns)));
  const groups = present(TYPES.targetGroup).filter(({ arn }) => used.has(arn));
  const certificates = listeners.flatMap(({ inputs }) => texts(inputs, "certificateArn"));
  return {
    name: balancer.name ?? balancer.id,
    certificateNames: certificates.flatMap((arn) =>
      certificateNames(world.find([TYPES.certificate], arn)?.inputs ?? {}),
    ),
    listeners: states,
    targetGroups: groups.map((group) => targetGroupState(group, world)),
  };
}

function listenerState({ arn, inputs }: WorldResource, allRules: readonly WorldResource[]): ListenerState {
  const tlsPolicy = text(inputs, "sslPolicy");
  const rules = allRules
    .filter((it) => text(it.inputs, "listenerArn") === arn)
    .sort((left, right) => placeOf(left) - placeOf(right));
  const last: ListenerRule = { conditions: {}, action: actionOf(records(inputs, "defaultActions")) };
  return {
    port: number(inputs, "port") ?? 80,
    protocol: text(inputs, "protocol") === "HTTPS" ? "HTTPS" : "HTTP",
    ...(tlsPolicy !== undefined && { tlsPolicy }),
    rules: [
      ...rules.map((rule) => ({
        conditions: conditionsOf(rule.inputs),
        action: actionOf(records(rule.inputs, "actions")),
      })),
      last,
    ],
  };
}

const placeOf = ({ inputs, outputs }: WorldResource) => priorityOf(inputs) ?? priorityOf(outputs) ?? 0;

function conditionsOf(inputs: Properties): ListenerRule["conditions"] {
  const pathPatterns = texts(inputs, "conditions.pathPattern.values");
  const hosts = texts(inputs, "conditions.hostHeader.values");
  const headers = records(inputs, "conditions.httpHeader").map((header) => ({
    name: text(header, "httpHeaderName") ?? "",
    values: texts(header, "values"),
  }));
  return {
    ...(pathPatterns.length === 0 ? {} : { pathPatterns }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(headers.length === 0 ? {} : { headers }),
  };
}

/** The one action that answers; authentication before it is not simulated. */
function actionOf(actions: readonly Properties[]): ListenerRule["action"] {
  const action = actions.at(-1) ?? {};
  const [redirect] = records(action, "redirect");
  const [fixed] = records(action, "fixedResponse");
  if (redirect !== undefined) {
    const statusCode = text(redirect, "statusCode") === "HTTP_301" ? 301 : 302;
    return {
      type: "redirect",
      protocol: text(redirect, "protocol") ?? "HTTPS",
      port: text(redirect, "port") ?? "443",
      statusCode,
    };
  }
  if (fixed !== undefined)
    return { type: "fixed", statusCode: number(fixed, "statusCode") ?? 503, body: text(fixed, "messageBody") ?? "" };
  const groups = records(action, "forward.targetGroups").map((it) => ({
    arn: text(it, "arn") ?? "",
    weight: number(it, "weight") ?? 1,
  }));
  const single = texts(action, "targetGroupArn").map((arn) => ({ arn, weight: 1 }));
  return { type: "forward", targets: groups.length > 0 ? groups : single };
}

function targetArns({ action }: ListenerRule): string[] {
  return action.type === "forward" ? action.targets.map(({ arn }) => arn) : [];
}

function targetGroupState({ arn, inputs, tags }: WorldResource, world: World): TargetGroupState {
  return {
    arn,
    // AmazonEKSLoadBalancingPolicy: the group must bear the name of the cluster that registers pods in it.
    takesPods: world.ofType(TYPES.cluster).some(({ name }) => name === tags["eks:eks-cluster-name"]),
    healthCheck: {
      path: text(inputs, "healthCheck.path") ?? "/",
      intervalSeconds: number(inputs, "healthCheck.interval") ?? 30,
      healthyThreshold: number(inputs, "healthCheck.healthyThreshold") ?? 5,
    },
    deregistrationDelaySeconds: number(inputs, "deregistrationDelay") ?? 300,
  };
}

/** Makes the proxies serve what the world says now; every load balancer that a change may touch is applied again. */
export async function publishLoadBalancers({ world, services }: Cloud): Promise<void> {
  const balancers = world
    .ofType(TYPES.loadBalancer)
    .filter(({ status }) => status !== "deleting" && status !== "failed");
  for (const balancer of balancers) {
    const { address } = await services.loadBalancer.apply(loadBalancerState(balancer, world));
    services.names.setAddress(dnsNameOf(balancer, world).toLowerCase(), address);
  }
}

/** The name by which clients reach the load balancer. */
function dnsNameOf({ name, region, origin }: Pick<WorldResource, "name" | "region" | "origin">, world: World): string {
  const number = Number.parseInt(world.hex(origin, "dns", 8), 16);
  return `${name}-${number}.${region}.elb.amazonaws.com`;
}

const webAclReference = (path: string) => ({
  path,
  to: [TYPES.webAcl],
  missing: () =>
    new AwsError(
      "WAFNonexistentItemException",
      "AWS WAF couldn't perform the operation because your resource doesn't exist.",
    ),
});

const webAcl: ResourceModel = {
  type: TYPES.webAcl,
  title: "WAFv2 WebACL",
  required: ["defaultAction", "scope", "visibilityConfig"],
  immutable: ["name", "namePrefix", "scope"],
  nameProperty: "name",
  id: (draft) => uuidOf(draft, "acl"),
  arn: (subject) => arnOf(subject, "wafv2", `regional/webacl/${text(subject.inputs, "name")}/${subject.id}`),
  unique: [
    {
      key: (inputs) => `${text(inputs, "scope")} ${text(inputs, "name")}`,
      taken: () =>
        new AwsError(
          "WAFDuplicateItemException",
          "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one.",
        ),
    },
  ],
  validate: ({ inputs }) => {
    const priorities = at(inputs, "rules.priority");
    if (new Set(priorities).size === priorities.length) return;
    const words = "Error reason: You have used the same priority for more than one rule, field: RULE";
    throw new AwsError("WAFInvalidParameterException", words);
  },
  outputs: {
    capacity: ({ inputs }) => at(inputs, "rules").length * 100,
    lockToken: (subject) => uuidOf(subject, "lock"),
    applicationIntegrationUrl: () => "",
  },
  inUse: () =>
    new AwsError(
      "WAFAssociatedItemException",
      "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.",
    ),
  deleteRetrySeconds: 300,
};

const webAclAssociation: ResourceModel = {
  type: TYPES.webAclAssociation,
  title: "WAFv2 WebACL Association",
  required: ["resourceArn", "webAclArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "webAclArn")},${text(inputs, "resourceArn")}`,
  references: [
    webAclReference("webAclArn"),
    {
      path: "resourceArn",
      to: [TYPES.loadBalancer],
      missing: () =>
        new AwsError(
          "WAFUnavailableEntityException",
          "AWS WAF couldn't retrieve the resource that you requested. Retry your request.",
        ),
      holds: false,
    },
  ],
};

const webAclLogging: ResourceModel = {
  type: TYPES.webAclLogging,
  title: "WAFv2 WebACL Logging Configuration",
  required: ["logDestinationConfigs", "resourceArn"],
  immutable: ["resourceArn"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "resourceArn") ?? "",
  references: [
    { ...webAclReference("resourceArn"), holds: false },
    {
      path: "logDestinationConfigs",
      to: [TYPES.logGroup, TYPES.bucket],
      missing: (arn) => invalidDestination(arn, "does not exist"),
      holds: false,
    },
  ],
  validate: ({ inputs }) => {
    const wrong = texts(inputs, "logDestinationConfigs").find((arn) => !/[:/]aws-waf-logs-/.test(arn));
    if (wrong !== undefined) throw invalidDestination(wrong, "must have a name that begins with aws-waf-logs-");
  },
};

function invalidDestination(arn: string, words: string): AwsError {
  return new AwsError(
    "WAFInvalidParameterException",
    `Error reason: The log destination ${arn} ${words}, field: LOG_DESTINATION`,
  );
}

export const wafModels: readonly ResourceModel[] = [webAcl, webAclAssociation, webAclLogging];
