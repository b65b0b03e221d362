import { UNKNOWN } from "../../shared/engine-values.ts";
import { at, flag, text } from "../aws/values.ts";
import type { ConstructRequest } from "../provider/model.ts";
import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";

/** Arguments of the component whose effect is simulated; any other is refused by name. */
const SIMULATED = new Set([
  ..."accessEntries authenticationMode autoMode clusterTags corednsAddonOptions createOidcProvider".split(" "),
  ..."deletionProtection enabledClusterLogTypes encryptionConfigKeyArn endpointPrivateAccess endpointPublicAccess".split(
    " ",
  ),
  ..."ipFamily kubernetesServiceIpAddressRange name privateSubnetIds providerCredentialOpts publicAccessCidrs".split(
    " ",
  ),
  ..."publicSubnetIds serviceRole skipDefaultNodeGroup subnetIds tags upgradePolicy version vpcId".split(" "),
]);

/** Throws what the real component throws for arguments that do not fit together, or when one is not simulated. */
export function checkArguments(args: Properties): void {
  const unknown = Object.keys(args).find((key) => !SIMULATED.has(key) && (args[key] ?? undefined) !== undefined);
  if (unknown !== undefined) throw new Error(`sparki rehearsal: argument ${unknown} of eks.Cluster is not simulated`);
  if (!flag(args, "autoMode.enabled") || !flag(args, "skipDefaultNodeGroup"))
    throw new Error("sparki rehearsal: eks.Cluster is simulated only in Auto Mode and with skipDefaultNodeGroup");
  const mode = text(args, "authenticationMode");
  if (mode !== "API")
    throw new Error(
      "Access entries are required when using EKS Auto Mode. Use the authentication mode 'API' or 'API_AND_CONFIG_MAP'." +
        (mode === "API_AND_CONFIG_MAP" ? " sparki rehearsal: only 'API' is simulated." : ""),
    );
  if (args.vpcId === undefined) throw new Error("sparki rehearsal: eks.Cluster needs vpcId: there is no default VPC");
  const own = args.publicSubnetIds !== undefined || args.privateSubnetIds !== undefined;
  if (args.subnetIds !== undefined && own)
    throw new Error(
      "subnetIds, and the use of publicSubnetIds and/or privateSubnetIds are mutually exclusive. Choose a single approach.",
    );
  if (at(args, "endpointPublicAccess")[0] === false && (args.publicAccessCidrs ?? undefined) !== undefined)
    throw new Error("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true");
}

/** The access entries by their key. */
export function accessEntriesOf(args: Properties): [string, Properties][] {
  return isRecord(args.accessEntries) ? entriesOf(args.accessEntries) : [];
}

/** The object, or an empty one where there is none. */
export function asRecord(value: Value | undefined): Properties {
  return isRecord(value) ? value : {};
}

/** The object values of an object, with their keys. */
export function entriesOf(value: Value | undefined): [string, Properties][] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => (isRecord(item) ? [[key, item] as [string, Properties]] : []));
}

/** Properties without those that are absent, as the engine wants them. */
export function present(properties: Readonly<Record<string, Value | undefined>>): Properties {
  const given = Object.entries(properties).filter(
    (entry): entry is [string, Value] => (entry[1] ?? undefined) !== undefined,
  );
  return Object.fromEntries(given);
}

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
