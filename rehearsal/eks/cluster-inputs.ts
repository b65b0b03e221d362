import { UNKNOWN } from "../../shared/engine-values.ts";
import type { ConstructRequest } from "../provider/model.ts";
import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";
import { asRecord, present } from "./arguments.ts";

/** The inputs of the component's `aws:eks/cluster:Cluster` in Auto Mode. */
export function clusterInputs(
  { name, inputs: args }: ConstructRequest,
  roleArn: Value,
  nodeRoleArn: Value,
): Properties {
  const pools = {
    enabled: true,
    nodeRoleArn,
    nodePools: ["general-purpose", "system"],
  };
  const given = isRecord(args.autoMode) && isRecord(args.autoMode.computeConfig) ? args.autoMode.computeConfig : {};
  const encryption = { provider: present({ keyArn: args.encryptionConfigKeyArn }), resources: ["secrets"] };
  return present({
    name: args.name,
    roleArn,
    version: args.version,
    computeConfig: { ...pools, ...given },
    storageConfig: { blockStorage: { enabled: true } },
    kubernetesNetworkConfig: present({
      ipFamily: args.ipFamily ?? "ipv4",
      serviceIpv4Cidr: args.kubernetesServiceIpAddressRange,
      elasticLoadBalancing: { enabled: true },
    }),
    bootstrapSelfManagedAddons: false,
    vpcConfig: present({
      subnetIds: subnetIdsOf(args),
      endpointPrivateAccess: args.endpointPrivateAccess,
      endpointPublicAccess: args.endpointPublicAccess,
      publicAccessCidrs: args.publicAccessCidrs,
    }),
    enabledClusterLogTypes: args.enabledClusterLogTypes,
    tags: { Name: `${name}-eksCluster`, ...asRecord(args.clusterTags), ...asRecord(args.tags) },
    encryptionConfig: args.encryptionConfigKeyArn === undefined ? undefined : encryption,
    accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
    upgradePolicy: args.upgradePolicy,
    deletionProtection: args.deletionProtection,
  });
}

/** Public subnets first, as the component does. */
export function subnetIdsOf(args: Properties): Value {
  if (args.subnetIds !== undefined) return args.subnetIds;
  const [publicIds, privateIds] = [args.publicSubnetIds ?? [], args.privateSubnetIds ?? []];
  return isList(publicIds) && isList(privateIds) ? [...publicIds, ...privateIds] : UNKNOWN;
}
