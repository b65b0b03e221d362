import { UNKNOWN } from "../../shared/engine-values.ts";
import { text } from "../aws/values.ts";
import type { Constructed, ConstructRequest, ProviderModel } from "../provider/model.ts";
import { Monitor, type Registered, type Registrar } from "../provider/monitor.ts";
import { hasUnknown, type Properties, secret } from "../provider/properties.ts";
import { accessEntriesOf, checkArguments, clusterInputs, entriesOf, present } from "./arguments.ts";
import { addCoreDns, addOidcProvider, outputsOf } from "./outputs.ts";
import { addClusterRole, addNodeRole, Children } from "./roles.ts";

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
