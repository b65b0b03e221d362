import { createHash } from "node:crypto";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { at, flag, text, texts } from "../aws/values.ts";
import type { Constructed, ConstructRequest, ProviderModel } from "../provider/model.ts";
import { Monitor, type Registered, type Registrar, type Registration } from "../provider/monitor.ts";
import {
  hasUnknown,
  isList,
  isRecord,
  type Properties,
  resourceReference,
  secret,
  type Value,
} from "../provider/properties.ts";

/** The `eks` provider of the rehearsal: it has one component and no resources of its own. */
export class EksProvider implements ProviderModel {
  readonly name = "eks";
  readonly version = "4.3.0";

  async construct(request: ConstructRequest): Promise<Constructed> {
    if (request.type !== "eks:index:Cluster") throw new Error(`sparki rehearsal: no component ${request.type}`);
    return constructCluster(request);
  }

  check(): never {
    throw noResources();
  }

  diff(): never {
    throw noResources();
  }

  create(): never {
    throw noResources();
  }

  read(): never {
    throw noResources();
  }

  update(): never {
    throw noResources();
  }

  delete(): never {
    throw noResources();
  }
}

function noResources(): Error {
  return new Error("sparki rehearsal: the eks provider has components only");
}

/** Constructs `eks:index:Cluster`: the children that @pulumi/eks 4.3.0 registers in Auto Mode, and its outputs. */
async function constructCluster(request: ConstructRequest): Promise<Constructed> {
  const monitor = new Monitor(request.monitorAddress);
  try {
    return await constructWith(monitor, request);
  } finally {
    monitor.close();
  }
}

/** The same, with its children registered wherever one wants. */
export async function constructWith(monitor: Registrar, request: ConstructRequest): Promise<Constructed> {
  checkArguments(request.inputs);
  const { name, inputs, parent, providers, protect } = request;
  const dependencies = [...request.dependencies];
  const component = await monitor.register({
    ...{ type: request.type, name, inputs, parent, providers, protect, dependencies, component: true },
  });
  return construct(monitor, request, new Children(monitor, request, component.urn));
}

async function construct(monitor: Registrar, request: ConstructRequest, children: Children): Promise<Constructed> {
  const { name, inputs: args } = request;
  const [clusterRole, nodeRole] = await Promise.all([
    addClusterRole(monitor, request, children),
    addNodeRole(request, children),
  ]);
  const cluster = await children.add(
    "aws:eks/cluster:Cluster",
    `${name}-eksCluster`,
    clusterInputs(request, clusterRole.arn, nodeRole.arn),
    {
      dependencies: [...clusterRole.urns, ...nodeRole.urns, ...Object.values(request.inputDependencies).flat()],
      ignoreChanges: ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
    },
  );
  const [oidcProviderArn, kubeconfig] = await Promise.all([
    addOidcProvider(children, name, args, cluster),
    kubeconfigFor(monitor, request.providers.aws, cluster),
    addAccessEntries(children, name, args, cluster),
    addCoreDns(children, name, args, cluster),
  ]);
  await addKubernetesProvider(children, name, cluster, kubeconfig);
  const state = outputsOf(request, { cluster, clusterRole, nodeRole, oidcProviderArn, kubeconfig });
  await children.complete(children.urn, state);
  const stateDependencies = Object.fromEntries(Object.keys(state).map((key) => [key, [cluster.urn]]));
  return { urn: children.urn, state, stateDependencies };
}

/** The one that the program asks for: the real component asks for 4.19.0, which would be a second plugin. */
const KUBERNETES_VERSION = "4.34.2";

/** The component's own way into the cluster, with which it makes nothing in Auto Mode; the real one runs `aws --version` before. */
async function addKubernetesProvider(
  children: Children,
  name: string,
  cluster: Registered,
  kubeconfig: Properties | undefined,
): Promise<void> {
  const inputs = { kubeconfig: secret(kubeconfig === undefined ? UNKNOWN : JSON.stringify(kubeconfig)) };
  await children.addProvider("kubernetes", `${name}-eks-k8s`, inputs, {
    dependencies: [cluster.urn],
    version: KUBERNETES_VERSION,
  });
}

/** Who may enter the cluster, each with the policies associated with it. */
async function addAccessEntries(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<void> {
  await Promise.all(
    accessEntriesOf(args).map(async ([key, entry]) => {
      const { principalArn, kubernetesGroups, username, tags, type } = entry;
      const clusterName = cluster.outputs.name;
      const inputs = present({ clusterName, principalArn, kubernetesGroups, userName: username, tags, type });
      const dependencies = [cluster.urn];
      const made = await children.add("aws:eks/accessEntry:AccessEntry", `${name}-${key}`, inputs, { dependencies });
      const associations = entriesOf(entry.accessPolicies).map(([policy, { accessScope, policyArn }]) =>
        children.add(
          "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
          `${name}-${key}-${policy}`,
          present({ clusterName, principalArn, accessScope, policyArn }),
          { parent: made.urn, dependencies: [cluster.urn, made.urn] },
        ),
      );
      await Promise.all(associations);
    }),
  );
}

/** The cluster's kubeconfig with its administrator's token; undefined while a preview does not know the cluster yet. */
async function kubeconfigFor(
  monitor: Registrar,
  provider: string | undefined,
  { outputs }: Registered,
): Promise<Properties | undefined> {
  const [endpoint, certificateAuthority, name] = ["endpoint", "certificateAuthority.data", "name"].map((path) =>
    text(outputs, path),
  );
  if (endpoint === undefined || certificateAuthority === undefined || hasUnknown([endpoint, certificateAuthority]))
    return undefined;
  const { token } = await monitor.invoke("aws:eks/getClusterAuth:getClusterAuth", { name: name ?? "" }, provider);
  return kubeconfigOf({ endpoint, certificateAuthority, token: typeof token === "string" ? token : "" });
}

/**
 * The kubeconfig of a simulated cluster. The real component's user asks the AWS command line for a token; off AWS
 * the token itself is the user, so the whole is a secret.
 */
function kubeconfigOf(cluster: { endpoint: string; certificateAuthority: string; token: string }): Properties {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "kubernetes",
        cluster: { server: cluster.endpoint, "certificate-authority-data": cluster.certificateAuthority },
      },
    ],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    "current-context": "aws",
    users: [{ name: "aws", user: { token: cluster.token } }],
  };
}

/** What the component has made. */
interface Made {
  readonly cluster: Registered;
  readonly clusterRole: ClusterRole;
  readonly nodeRole: ClusterRole;
  readonly oidcProviderArn: string;
  readonly kubeconfig: Properties | undefined;
}

/** The outputs of the real component, as far as Auto Mode has them. */
function outputsOf({ inputs: args, providers }: ConstructRequest, made: Made): Properties {
  const { cluster } = made;
  const eksCluster = resourceReference(cluster.urn, cluster.id);
  // In Auto Mode the component makes no security groups: EKS's own is for control plane and nodes alike.
  const securityGroupId = text(cluster.outputs, "vpcConfig.clusterSecurityGroupId") ?? UNKNOWN;
  const issuer = issuerOf(cluster);
  const kubeconfig = secret(made.kubeconfig ?? UNKNOWN);
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
      clusterIamRole: made.clusterRole.reference,
      instanceRoles: [],
      nodeGroupOptions: {},
      storageClasses: {},
      accessEntries: Object.values(asRecord(args.accessEntries)),
      autoModeNodeRoleName: made.nodeRole.name,
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
    autoModeNodeRoleName: made.nodeRole.name,
  });
}

/** CoreDNS as a managed add-on: the component installs it in Auto Mode too, unless it is turned off. */
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

/** The issuer URL of the cluster's service account tokens. */
function issuerOf({ outputs }: Registered): string {
  return texts(outputs, "identities.oidcs.issuer")[0] ?? UNKNOWN;
}

/** The IAM OIDC provider where it is asked for; resolves with its ARN, else with an empty text. */
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
function accessEntriesOf(args: Properties): [string, Properties][] {
  return isRecord(args.accessEntries) ? entriesOf(args.accessEntries) : [];
}

/** The object, or an empty one where there is none. */
function asRecord(value: Value | undefined): Properties {
  return isRecord(value) ? value : {};
}

/** The object values of an object, with their keys. */
function entriesOf(value: Value | undefined): [string, Properties][] {
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
function clusterInputs({ name, inputs: args }: ConstructRequest, roleArn: Value, nodeRoleArn: Value): Properties {
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
function subnetIdsOf(args: Properties): Value {
  if (args.subnetIds !== undefined) return args.subnetIds;
  const [publicIds, privateIds] = [args.publicSubnetIds ?? [], args.privateSubnetIds ?? []];
  return isList(publicIds) && isList(privateIds) ? [...publicIds, ...privateIds] : UNKNOWN;
}

const CLUSTER_POLICIES = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];
const NODE_POLICIES = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/** A role as the cluster needs it. */
interface ClusterRole {
  readonly name: Value;
  readonly arn: Value;
  readonly reference: Properties;
  /** What must exist before the role is of use. */
  readonly urns: readonly string[];
}

/** The role that EKS assumes: the program's own, or one made here. */
async function addClusterRole(monitor: Registrar, { name, inputs: args }: ConstructRequest, children: Children) {
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
async function addNodeRole({ name, inputs: args }: ConstructRequest, children: Children): Promise<ClusterRole> {
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
class Children {
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
