import { UNKNOWN } from "../../shared/engine-values.ts";
import { flag, text, texts } from "../aws/values.ts";
import type { Constructed, ConstructRequest, ProviderModel } from "../provider/model.ts";
import { Monitor, type Registered, type Registrar } from "../provider/monitor.ts";
import { hasUnknown, type Properties, resourceReference, secret } from "../provider/properties.ts";
import {
  accessEntriesOf,
  asRecord,
  checkArguments,
  clusterInputs,
  entriesOf,
  present,
  subnetIdsOf,
} from "./arguments.ts";
import { addClusterRole, addNodeRole, Children, type ClusterRole } from "./roles.ts";

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
