import type { Constructed, ConstructRequest } from "../provider/model.ts";
import { Monitor, type Registrar } from "../provider/monitor.ts";
import { addAccessEntries } from "./access-entries.ts";
import { addCoreDns, addOidcProvider } from "./add-ons.ts";
import { checkArguments } from "./arguments.ts";
import { Children } from "./children.ts";
import { clusterInputs } from "./cluster-inputs.ts";
import { kubeconfigFor } from "./kubeconfig.ts";
import { outputsOf } from "./outputs.ts";
import { addClusterRole, addNodeRole } from "./roles.ts";

/** Constructs `eks:index:Cluster`: the children that @pulumi/eks 4.3.0 registers in Auto Mode, and its outputs. */
export async function constructCluster(request: ConstructRequest): Promise<Constructed> {
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
  const state = outputsOf(request, { cluster, clusterRole, nodeRole, oidcProviderArn, kubeconfig });
  await children.complete(children.urn, state);
  const stateDependencies = Object.fromEntries(Object.keys(state).map((key) => [key, [cluster.urn]]));
  return { urn: children.urn, state, stateDependencies };
}
