import type { HelmRelease } from "../../../io/cluster-lookups.ts";
import { namespaceOf, SERVICE_NAMES } from "../../../stacks/services.ts";
import { type Check, fail, pass, skipped, warn } from "../check.ts";

const NAMESPACES = [...SERVICE_NAMES.map(namespaceOf), "sparki-monitoring"];

export const helmReleases: Check = {
  id: "helm-releases",
  group: "Infrastructure",
  title: "Helm releases",
  proves:
    "Every Helm release is deployed: none is stuck in an operation, uninstalled, or in a state that is not known.",
  timeLimitSeconds: 45,
  run: async ({ cluster, state }) => {
    const { resources } = await state.read();
    if (!resources.some(({ type }) => type === "aws:eks/cluster:Cluster")) return skipped("there is no cluster yet");
    const found = await cluster.helmReleases(NAMESPACES);
    // One that AWS still makes, or could not make, is no use yet, and the deployment sees to it.
    const wasUsed = resources.some(({ type }) => type === "kubernetes:helm.sh/v3:Release");
    if (found === undefined && !wasUsed) return skipped("the cluster is not made yet");
    if (found === undefined) return fail("the cluster is gone", "pulumi refresh, then deploy");
    if (found.length === 0) return skipped("nothing was released to the cluster yet");
    const failed = found.filter(({ status }) => status === "failed");
    const other = found.filter(({ status }) => status !== "deployed" && status !== "failed");
    if (other.length > 0) return fail(other.map(describe).join(", "), other.map(repair).join("\n"));
    if (failed.length > 0) return warn(failed.map(describe).join(", "), "the deployment upgrades it again");
    return pass(`${found.length} releases, all deployed`);
  },
};

function describe({ name, namespace, revision, status }: HelmRelease): string {
  return `${name} in ${namespace} is ${status} at revision ${revision}`;
}

/** A first revision has nothing to go back to, nor has what is being taken away. */
function repair({ name, namespace, revision, status }: HelmRelease): string {
  const isLeaving = status.startsWith("uninstall");
  if (!isLeaving && !status.startsWith("pending-"))
    return `helm status ${name} --namespace ${namespace}, and deploy once it says deployed`;
  return revision === 1 || isLeaving
    ? `helm uninstall ${name} --namespace ${namespace}`
    : `helm rollback ${name} --namespace ${namespace}`;
}
