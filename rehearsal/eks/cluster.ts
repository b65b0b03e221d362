import { flag, text, texts } from "../aws/values.ts";
import type { Constructed, ConstructRequest } from "../provider/model.ts";
import { Monitor, type Registered } from "../provider/monitor.ts";
import {
  hasUnknown,
  isList,
  isRecord,
  type Properties,
  resourceReference,
  secret,
  UNKNOWN,
  type Value,
} from "../provider/properties.ts";
import { addAccessEntries } from "./access-entries.ts";
import { checkArguments, present } from "./arguments.ts";
import { Children } from "./children.ts";
import { kubeconfigOf } from "./kubeconfig.ts";
import { addServiceRole, type ServiceRole } from "./service-role.ts";

const CLUSTER_POLICIES = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];
const NODE_POLICIES = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/** Constructs `eks:index:Cluster`: the children that @pulumi/eks 4.3.0 registers in Auto Mode, and its outputs. */
export async function constructCluster(request: ConstructRequest): Promise<Constructed> {
  checkArguments(request.inputs);
  const monitor = new Monitor(request.monitorAddress);
  try {
    const { name, inputs, parent, providers, protect } = request;
    const dependencies = [...request.dependencies];
    const component = await monitor.register({
      ...{ type: request.type, name, inputs, parent, providers, protect, dependencies, component: true },
    });
    return await construct(monitor, request, new Children(monitor, request, component.urn));
  } finally {
    monitor.close();
  }
}

async function construct(monitor: Monitor, request: ConstructRequest, children: Children): Promise<Constructed> {
  const { name, inputs: args } = request;
  const [service, node] = await addRoles(monitor, request, children);
  const cluster = await children.add(
    "aws:eks/cluster:Cluster",
    `${name}-eksCluster`,
    clusterInputs(request, service.arn, node),
    {
      dependencies: [...service.urns, ...node.urns, ...Object.values(request.inputDependencies).flat()],
      ignoreChanges: ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
    },
  );
  const [oidcProviderArn, kubeconfig] = await Promise.all([
    addOidcProvider(children, name, args, cluster),
    kubeconfigFor(monitor, request, cluster),
    addAccessEntries(children, name, args, cluster),
    addCoreDns(children, name, args, cluster),
  ]);
  const state = outputsOf(request, { cluster, service, node, oidcProviderArn, kubeconfig });
  await children.complete(children.urn, state);
  const stateDependencies = Object.fromEntries(Object.keys(state).map((key) => [key, [cluster.urn]]));
  return { urn: children.urn, state, stateDependencies };
}

interface ClusterRole {
  readonly arn: Value;
  readonly reference: Properties;
  readonly urns: readonly string[];
}

async function addRoles(
  monitor: Monitor,
  { name, inputs: args }: ConstructRequest,
  children: Children,
): Promise<[ClusterRole, ServiceRole]> {
  const actions = ["sts:AssumeRole", "sts:TagSession"];
  const nodeRole = addServiceRole(children, {
    ...{
      name: `${name}-nodeRole`,
      service: "ec2.amazonaws.com",
      actions: ["sts:AssumeRole"],
      policies: NODE_POLICIES,
      tags: args.tags,
    },
  });
  if (args.serviceRole !== undefined) return [await givenRole(monitor, args.serviceRole), await nodeRole];
  const description = "Allows EKS to manage clusters on your behalf.";
  const made = await addServiceRole(children, {
    ...{
      name: `${name}-eksRole`,
      service: "eks.amazonaws.com",
      description,
      actions,
      policies: CLUSTER_POLICIES,
      tags: args.tags,
    },
  });
  const reference = resourceReference(made.role.urn, made.role.id);
  return [{ arn: made.role.outputs.arn ?? UNKNOWN, reference, urns: made.urns }, await nodeRole];
}

/** The program's own role: its ARN is known to the engine. */
async function givenRole(monitor: Monitor, reference: Value): Promise<ClusterRole> {
  const urn = isRecord(reference) ? text(reference, "urn") : undefined;
  if (!isRecord(reference) || urn === undefined) throw new Error("eks.Cluster: serviceRole must be a role");
  const { state } = await monitor.invoke("pulumi:pulumi:getResource", { urn }, undefined);
  const arn = isRecord(state) ? (state.arn ?? UNKNOWN) : UNKNOWN;
  return { arn, reference, urns: [urn] };
}

function clusterInputs({ name, inputs: args }: ConstructRequest, roleArn: Value, node: ServiceRole): Properties {
  const pools = {
    enabled: true,
    nodeRoleArn: node.role.outputs.arn ?? UNKNOWN,
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

const asRecord = (value: Value | undefined): Properties => (isRecord(value) ? value : {});

/** Public subnets first, as the component does. */
function subnetIdsOf(args: Properties): Value {
  if (args.subnetIds !== undefined) return args.subnetIds;
  const [publicIds, privateIds] = [args.publicSubnetIds ?? [], args.privateSubnetIds ?? []];
  return isList(publicIds) && isList(privateIds) ? [...publicIds, ...privateIds] : UNKNOWN;
}

async function addCoreDns(children: Children, name: string, args: Properties, cluster: Registered): Promise<void> {
  const options = asRecord(args.corednsAddonOptions);
  if (options.enabled === false) return;
  const configuration = options.configurationValues;
  const inputs = present({
    clusterName: cluster.outputs.name,
    addonName: "coredns",
    tags: args.tags,
    preserve: true,
    addonVersion: options.version ?? "v1.0.0-eksbuild.1",
    resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? "OVERWRITE",
    resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? "OVERWRITE",
    configurationValues: configuration === undefined ? undefined : JSON.stringify(configuration),
  });
  await children.add("aws:eks/addon:Addon", `${name}-coredns`, inputs, { dependencies: [cluster.urn] });
}

const issuerOf = ({ outputs }: Registered) => texts(outputs, "identities.oidcs.issuer")[0] ?? UNKNOWN;

async function addOidcProvider(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<string> {
  if (!flag(args, "createOidcProvider")) return "";
  // The real component takes the thumbprint from the issuer's certificate; AWS has ignored it since 2023.
  const inputs = {
    clientIdLists: ["sts.amazonaws.com"],
    url: issuerOf(cluster),
    thumbprintLists: ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
  };
  const made = await children.add(
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    `${name}-oidcProvider`,
    inputs,
    { dependencies: [cluster.urn] },
  );
  return text(made.outputs, "arn") ?? UNKNOWN;
}

async function kubeconfigFor(
  monitor: Monitor,
  { providers }: ConstructRequest,
  { outputs }: Registered,
): Promise<Properties | undefined> {
  const [endpoint, certificateAuthority, name] = ["endpoint", "certificateAuthority.data", "name"].map((path) =>
    text(outputs, path),
  );
  if (endpoint === undefined || certificateAuthority === undefined || hasUnknown([endpoint, certificateAuthority]))
    return undefined;
  const { token } = await monitor.invoke("aws:eks/getClusterAuth:getClusterAuth", { name: name ?? "" }, providers.aws);
  return kubeconfigOf({ endpoint, certificateAuthority, token: typeof token === "string" ? token : "" });
}

interface Made {
  readonly cluster: Registered;
  readonly service: ClusterRole;
  readonly node: ServiceRole;
  readonly oidcProviderArn: string;
  readonly kubeconfig: Properties | undefined;
}

function outputsOf({ inputs: args, providers }: ConstructRequest, made: Made): Properties {
  const { cluster, node } = made;
  const eksCluster = resourceReference(cluster.urn, cluster.id);
  // In Auto Mode the component makes no security groups: EKS's own is for control plane and nodes alike.
  const securityGroupId = text(cluster.outputs, "vpcConfig.clusterSecurityGroupId") ?? UNKNOWN;
  const issuer = issuerOf(cluster);
  const kubeconfig = secret(made.kubeconfig ?? UNKNOWN);
  const nodeRoleName = node.role.outputs.name ?? UNKNOWN;
  const aws = providers.aws?.split("::");
  const awsProvider = aws === undefined ? undefined : resourceReference(aws.slice(0, -1).join("::"), aws.at(-1) ?? "");
  return present({
    eksCluster,
    core: present({
      cluster: eksCluster,
      vpcId: args.vpcId,
      subnetIds: subnetIdsOf(args),
      publicSubnetIds: args.publicSubnetIds,
      privateSubnetIds: args.privateSubnetIds,
      endpoint: cluster.outputs.endpoint ?? UNKNOWN,
      kubeconfig,
      clusterIamRole: made.service.reference,
      instanceRoles: [],
      nodeGroupOptions: {},
      storageClasses: {},
      accessEntries: Object.values(asRecord(args.accessEntries)),
      autoModeNodeRoleName: nodeRoleName,
      tags: args.tags,
      awsProvider,
    }),
    awsProvider,
    kubeconfig,
    kubeconfigJson: secret(made.kubeconfig === undefined ? UNKNOWN : JSON.stringify(made.kubeconfig)),
    instanceRoles: [],
    clusterSecurityGroupId: securityGroupId,
    nodeSecurityGroupId: securityGroupId,
    clusterIngressRuleId: "",
    defaultNodeGroupAsgName: "",
    fargateProfileId: "",
    fargateProfileStatus: "",
    oidcProviderArn: made.oidcProviderArn,
    oidcProviderUrl: issuer,
    oidcIssuer: issuer === UNKNOWN ? UNKNOWN : issuer.replace("https://", ""),
    autoModeNodeRoleName: nodeRoleName,
  });
}
