import type { Properties } from "../../provider/properties.ts";
import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { Backing, Cloud, Draft, Identified, ResourceModel, Subject } from "../model.ts";
import { securityGroupReference, subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, number, text } from "../values.ts";
import type { World } from "../world.ts";
import { hasInternetGateway } from "./ec2-gateways.ts";
import { listenerModels } from "./lb-listeners.ts";
import { dnsNameOf, publishLoadBalancers } from "./lb-state.ts";
import { vpcAt, zonesAt } from "./rds-groups.ts";

const suffixOf = ({ inputs, hex }: Pick<Draft, "inputs" | "hex">, label: string) =>
  `${text(inputs, "name")}/${hex(label, 16)}`;

/** How a load balancer's kind shows in its ARN. */
const kindOf = ({ inputs }: Pick<Draft, "inputs">) =>
  ({ network: "net", gateway: "gwy" })[text(inputs, "loadBalancerType") ?? ""] ?? "app";

/** Any change of what describes a load balancer shows at its proxy. */
export const PUBLISHED: Backing = {
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
