import { UNKNOWN } from "../../../shared/engine-values.ts";
import type { Properties, Value } from "../../provider/properties.ts";
import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { Cloud, Draft, ResourceModel, Subject } from "../model.ts";
import { kmsKeyReference, roleReference, securityGroupReference, subnetReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { at, flag, records, text } from "../values.ts";
import type { World } from "../world.ts";
import { zoneIdOf, zonesOf } from "./ec2-subnets.ts";
import { eksAccessModels, roleWords } from "./eks-access.ts";
import { publishLoadBalancers } from "./lb-state.ts";
import { vpcAt, zonesAt } from "./rds-groups.ts";

const INVALID = "InvalidParameterException";
const SUBNETS = "vpcConfig.subnetIds";
const createdAt = { createdAt: () => "2026-01-01T00:00:00Z" };

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
  backing: { start, stop: async ({ id }, { services }) => services.cluster.stop(id) },
  mayDelete: ({ id, inputs, status }) => {
    // It holds for an active cluster only (EKS user guide, deletion protection).
    if (status !== "available" || !flag(inputs, "deletionProtection")) return;
    const words = `Cluster ${id} cannot be deleted because deletion protection is enabled. Disable deletion protection and try again.`;
    throw new AwsError("InvalidRequestException", words);
  },
  afterDelete: ({ id }, { vault }) => vault.delete(tokenKey(id)),
};

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
    version: text(subject.inputs, "version") ?? "1.33",
    zones: zonesAt(subject, SUBNETS, world),
    podNetwork: text(vpc?.inputs ?? {}, "cidrBlock") ?? "10.0.0.0/16",
  });
  vault.set(tokenKey(subject.id), access.token);
  // Whether its pods may be registered in a target group was not known before it was there.
  await publishLoadBalancers(cloud);
  const data = Buffer.from(access.certificateAuthorityPem).toString("base64");
  return { endpoint: access.endpoint, certificateAuthority: { data } };
}

/** Bearer token for the cluster's API, as `aws eks get-token` would give; undefined when there is no such cluster. */
export function clusterToken(name: string, { vault }: Pick<Cloud, "vault">): string | undefined {
  return vault.text(tokenKey(name));
}

export const eksModels: readonly ResourceModel[] = [cluster, ...eksAccessModels];
