import { UNKNOWN } from "../../../shared/engine-values.ts";
import type { Properties, Value } from "../../provider/properties.ts";
import { TIMINGS, uniforms } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Cloud,
  type Draft,
  type Identified,
  kmsKeyReference,
  type ResourceModel,
  roleReference,
  type Subject,
  securityGroupReference,
  subnetReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { at, flag, records, text } from "../values.ts";
import type { World, WorldResource } from "../world.ts";
import { vpcAt, zoneIdOf, zonesAt, zonesOf } from "./ec2-vpc.ts";
import { publishLoadBalancers } from "./lb-wafv2.ts";

const INVALID = "InvalidParameterException";

const createdAt = { createdAt: () => "2026-01-01T00:00:00Z" };

/** How EKS refuses a role that it cannot assume. */
const roleWords = (arn: string) =>
  `Role with arn: ${arn}, could not be assumed because it does not exist or the trusted entity is not correct`;

const clusterReference = {
  path: "clusterName",
  to: [TYPES.cluster],
  missing: (name: string) => new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`),
  holds: false,
} as const;

const inCluster = (inputs: Properties, ...keys: readonly string[]) =>
  ["clusterName", ...keys].map((key) => text(inputs, key)).join(":");

/** The role under which a rehearsal deploys: see getCallerIdentity. */
export const DEPLOYING_ROLE = "platform-engineering";

/** EKS has made the entry of who made the cluster already, unless it was told not to. */
function checkCreator({ inputs }: Draft, world: World): void {
  const cluster = world.find([TYPES.cluster], text(inputs, "clusterName") ?? "");
  const isCreator = text(inputs, "principalArn")?.endsWith(`:role/${DEPLOYING_ROLE}`);
  if (isCreator && flag(cluster?.inputs ?? {}, "accessConfig.bootstrapClusterCreatorAdminPermissions"))
    throw entryInUse();
}

const entryInUse = () =>
  new AwsError("ResourceInUseException", "The specified access entry resource is already in use on this cluster.");

const accessEntry: ResourceModel = {
  type: TYPES.accessEntry,
  title: "EKS Access Entry",
  required: ["clusterName", "principalArn"],
  immutable: ["clusterName", "principalArn", "type"],
  defaults: { type: "STANDARD" },
  id: ({ inputs }) => inCluster(inputs, "principalArn"),
  references: [clusterReference],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "principalArn"),
      taken: entryInUse,
    },
  ],
  validate: checkCreator,
  outputs: {
    ...createdAt,
    accessEntryArn: (subject) =>
      arnOf(subject, "eks", `access-entry/${inCluster(subject.inputs).replace(":", "/")}/${subject.hex("entry", 32)}`),
    userName: ({ inputs }) => text(inputs, "userName") ?? text(inputs, "principalArn") ?? "",
  },
};

const accessPolicyAssociation: ResourceModel = {
  type: TYPES.accessPolicyAssociation,
  title: "EKS Access Policy Association",
  required: ["accessScope", "clusterName", "policyArn", "principalArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => ["clusterName", "principalArn", "policyArn"].map((key) => text(inputs, key)).join("#"),
  references: [clusterReference],
  validate: ({ inputs }, world) => {
    if (world.get(TYPES.accessEntry, inCluster(inputs, "principalArn")) !== undefined) return;
    const words = `The specified principalArn could not be found: ${text(inputs, "principalArn")}. You can view your available access entries with 'list-access-entries'.`;
    throw new AwsError("ResourceNotFoundException", words);
  },
  outputs: { associatedAt: () => "2026-01-01T00:00:00Z" },
  backing: { start: takeEffect },
};

/** EKS has accepted the association; the cluster's API knows of it some time later. */
async function takeEffect({ inputs, origin }: Subject, cloud: Cloud, signal: AbortSignal): Promise<Properties> {
  const { world, clock, services } = cloud;
  const [share] = uniforms(world.seed, `access ${origin}`);
  const delay = world.profile.accessEntrySeconds * (0.5 + share / 2);
  const admit = async () => {
    await clock.wait(delay, signal);
    await services.cluster.admit(text(inputs, "clusterName") ?? "");
  };
  // A rehearsal that ends meanwhile lets nobody in any more.
  admit().catch(() => undefined);
  return {};
}

const addon: ResourceModel = {
  type: TYPES.addon,
  title: "EKS Add-On",
  required: ["addonName", "clusterName"],
  immutable: ["addonName", "clusterName"],
  id: ({ inputs }) => inCluster(inputs, "addonName"),
  arn: (subject: Identified) =>
    arnOf(subject, "eks", `addon/${subject.id.replace(":", "/")}/${subject.hex("addon", 32)}`),
  references: [clusterReference, roleReference("serviceAccountRoleArn", INVALID, roleWords)],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "addonName"),
      taken: () => new AwsError("ResourceInUseException", "Addon already exists."),
    },
  ],
  outputs: { ...createdAt, addonVersion: ({ inputs }) => text(inputs, "addonVersion") ?? "v1.0.0-eksbuild.1" },
  latency: { create: TIMINGS.addon },
};

const podIdentityAssociation: ResourceModel = {
  type: TYPES.podIdentityAssociation,
  title: "EKS Pod Identity Association",
  required: ["clusterName", "namespace", "roleArn", "serviceAccount"],
  immutable: ["clusterName", "namespace", "serviceAccount"],
  id: (draft) => `a-${draft.hex("association", 17)}`,
  references: [clusterReference, roleReference("roleArn", INVALID, roleWords)],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "namespace", "serviceAccount"),
      taken: (_inputs, other) => new AwsError("ResourceInUseException", `Association already exists: ${other.id}`),
    },
  ],
  outputs: {
    associationId: ({ id }) => id,
    associationArn: (subject) =>
      arnOf(subject, "eks", `podidentityassociation/${text(subject.inputs, "clusterName")}/${subject.id}`),
  },
};

const eksAccessModels: readonly ResourceModel[] = [accessEntry, accessPolicyAssociation, addon, podIdentityAssociation];

const SUBNETS = "vpcConfig.subnetIds";

const nameOf = ({ inputs }: Pick<Draft, "inputs">) => text(inputs, "name") ?? "";

/** The security group that EKS makes for control plane, nodes and pods. */
const ownGroupId = (subject: Pick<Draft, "hex">) => `sg-0${subject.hex("cluster-sg", 16)}`;

const cluster: ResourceModel = {
  type: TYPES.cluster,
  title: "EKS Cluster",
  required: ["roleArn", "vpcConfig"],
  immutable: [
    "name",
    "roleArn",
    "bootstrapSelfManagedAddons",
    "encryptionConfig",
    "kubernetesNetworkConfig.ipFamily",
    "kubernetesNetworkConfig.serviceIpv4Cidr",
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
  ],
  defaults: { bootstrapSelfManagedAddons: true, deletionProtection: false },
  nameProperty: "name",
  id: nameOf,
  arn: (subject) => arnOf(subject, "eks", `cluster/${subject.id}`),
  references: [
    roleReference("roleArn", INVALID, roleWords),
    roleReference("computeConfig.nodeRoleArn", INVALID, roleWords),
    subnetReference(SUBNETS, INVALID),
    securityGroupReference("vpcConfig.securityGroupIds", INVALID),
    kmsKeyReference("encryptionConfig.provider.keyArn", INVALID),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) =>
        new AwsError("ResourceInUseException", `Cluster already exists with name: ${text(inputs, "name")}`),
    },
  ],
  quotas: [
    {
      limit: 100,
      exceeded: (limit) => new AwsError("ResourceLimitExceededException", `Cluster limit exceeded: ${limit}`),
    },
  ],
  validate: checkCluster,
  outputs: {
    ...createdAt,
    status: () => "ACTIVE",
    platformVersion: () => "eks.9",
    identities: ({ region, hex }) => [
      { oidcs: [{ issuer: `https://oidc.eks.${region}.amazonaws.com/id/${hex("oidc", 32).toUpperCase()}` }] },
    ],
    vpcConfig: (subject, world): Value => ({
      clusterSecurityGroupId: ownGroupId(subject),
      vpcId: vpcAt(subject, SUBNETS, world) ?? "",
    }),
  },
  preview: ({ vpcConfig = null }) => ({
    vpcConfig: { ...records({ vpcConfig }, "vpcConfig")[0], clusterSecurityGroupId: UNKNOWN, vpcId: UNKNOWN },
    endpoint: UNKNOWN,
    certificateAuthority: UNKNOWN,
  }),
  companions: (subject, world) => {
    const id = ownGroupId(subject);
    const name = `eks-cluster-sg-${subject.id}-${Number.parseInt(subject.hex("sg", 8), 16)}`;
    const inputs = { name, vpcId: vpcAt(subject, SUBNETS, world) ?? "" };
    return [{ type: TYPES.securityGroup, id, arn: arnOf(subject, "ec2", `security-group/${id}`), name, inputs }];
  },
  latency: { create: TIMINGS.cluster, update: TIMINGS.clusterUpdate, delete: TIMINGS.clusterDelete },
  backing: {
    start,
    update: upgraded,
    stop: async (resource, { services, world }) => {
      keepGroup(resource, world);
      await services.cluster.stop(resource.id);
    },
  },
  mayDelete: ({ id, inputs, status }) => {
    // It holds for an active cluster only (EKS user guide, deletion protection).
    if (status !== "available" || !flag(inputs, "deletionProtection")) return;
    const words = `Cluster ${id} cannot be deleted because deletion protection is enabled. Disable deletion protection and try again.`;
    throw new AwsError("InvalidRequestException", words);
  },
  afterDelete: ({ id }, { vault, world }) => {
    vault.delete(tokenKey(id));
    for (const { type } of eksAccessModels)
      for (const each of world.ofType(type)) if (text(each.inputs, "clusterName") === id) world.remove(each);
  },
};

/** EC2 keeps the cluster's own security group, with its rules, as long as a rule of another one names it. */
function keepGroup(resource: WorldResource, world: World): void {
  const group = world.ofType(TYPES.securityGroup).find(({ owner }) => owner === resource.id);
  if (group === undefined) return;
  const rules = [TYPES.ingressRule, TYPES.egressRule].flatMap((type) => world.ofType(type));
  const within = rules.filter(({ inputs }) => text(inputs, "securityGroupId") === group.id);
  const isNamed = rules.some(
    (rule) => text(rule.inputs, "referencedSecurityGroupId") === group.id && !within.includes(rule),
  );
  if (isNamed) world.put({ ...group, owner: resource.arn });
  else for (const rule of within) world.remove(rule);
}

/** Deletes every cluster as somebody does who takes its protection away first, with all that EKS keeps of it. */
export async function deleteClusters(
  { world }: Pick<Cloud, "world">,
  operations: { delete(type: string, id: string, signal: AbortSignal): Promise<void> },
): Promise<void> {
  for (const resource of world.ofType(TYPES.cluster)) {
    world.put({ ...resource, inputs: { ...resource.inputs, deletionProtection: false } });
    await operations.delete(TYPES.cluster, resource.id, new AbortController().signal);
  }
}

function checkCluster(draft: Draft, world: World): void {
  const version = text(draft.inputs, "version");
  if (version !== undefined && !/^1\.(29|3[0-9])$/.test(version))
    throw new AwsError(INVALID, `unsupported Kubernetes version ${version}`);
  if (zonesAt(draft, SUBNETS, world).length < 2)
    throw new AwsError(INVALID, "Subnets specified must be in at least two different AZs");
  checkZones(draft, world);
  const privateAccess = flag(draft.inputs, "vpcConfig.endpointPrivateAccess");
  if (!privateAccess && at(draft.inputs, "vpcConfig.endpointPublicAccess")[0] === false)
    throw new AwsError(INVALID, "Private and public endpoint access cannot be both disabled");
}

/** Zones in which EKS has no control plane. */
const REFUSED_ZONES = ["use1-az3", "usw1-az2", "cac1-az3"];

function checkZones(draft: Draft, world: World): void {
  const zones = zonesOf(draft.region);
  const refused = zonesAt(draft, SUBNETS, world).find((zone) => REFUSED_ZONES.includes(zoneIdOf(zone, world.profile)));
  if (refused === undefined) return;
  const others = zones.filter((zone) => !REFUSED_ZONES.includes(zoneIdOf(zone, world.profile))).join(", ");
  const words = `Cannot create cluster '${nameOf(draft)}' because ${refused}, the targeted availability zone, does not currently have sufficient capacity to support the cluster. Retry and choose from these availability zones: ${others}`;
  throw new AwsError("UnsupportedAvailabilityZoneException", words);
}

const tokenKey = (name: string) => `eks ${name} token`;

async function start(subject: Subject, cloud: Cloud): Promise<Properties> {
  const { world, vault, services } = cloud;
  const vpc = world.get(TYPES.vpc, vpcAt(subject, SUBNETS, world) ?? "");
  const access = await services.cluster.start({
    name: subject.id,
    version: text(subject.inputs, "version") ?? "1.35",
    zones: zonesAt(subject, SUBNETS, world),
    podNetwork: text(vpc?.inputs ?? {}, "cidrBlock") ?? "10.0.0.0/16",
  });
  // Who enters by entries waits for them, where the account's take a while.
  const isLate = world.profile.accessEntrySeconds > 0 && access.enteringToken !== undefined;
  vault.set(tokenKey(subject.id), isLate ? (access.enteringToken ?? "") : access.token);
  // Whether its pods may be registered in a target group was not known before it was there.
  await publishLoadBalancers(cloud);
  const data = Buffer.from(access.certificateAuthorityPem).toString("base64");
  return { endpoint: access.endpoint, certificateAuthority: { data } };
}

async function upgraded(subject: Subject, olds: Properties, cloud: Cloud): Promise<Properties> {
  const outputs = await start(subject, cloud);
  const version = text(subject.inputs, "version");
  if (version !== undefined && version !== text(olds, "version"))
    await cloud.services.cluster.upgrade(subject.id, version);
  return outputs;
}

/** Bearer token for the cluster's API, as `aws eks get-token` would give; undefined when there is no such cluster. */
export function clusterToken(name: string, { vault }: Pick<Cloud, "vault">): string | undefined {
  return vault.text(tokenKey(name));
}

export const eksModels: readonly ResourceModel[] = [cluster, ...eksAccessModels];
