import { textAt } from "./judging/objects.ts";
import type { AnyResource } from "./judging/resource.ts";
import type { Policy } from "./policy.ts";

/** How EKS Auto Mode is told to enforce them. @see https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html */
function isSwitch({ type, props }: AnyResource): boolean {
  return (
    type === "kubernetes:core/v1:ConfigMap" &&
    textAt(props, "metadata", "namespace") === "kube-system" &&
    textAt(props, "metadata", "name") === "amazon-vpc-cni" &&
    textAt(props, "data", "enable-network-policy-controller") === "true"
  );
}

/** How the VPC CNI add-on of a cluster without Auto Mode is told. */
function isAddon(resource: AnyResource): boolean {
  if (!resource.is("aws:eks/addon:Addon") || resource.props.addonName !== "vpc-cni") return false;
  return /"enableNetworkPolicy"\s*:\s*"true"/.test(resource.props.configurationValues ?? "");
}

export const networkPoliciesEnforced: Policy = {
  name: "network-policies-enforced",
  control: "S19",
  reason: "The API server takes every network policy; without a plugin that enforces them they are only text.",
  fix: 'In Auto Mode add the ConfigMap kube-system/amazon-vpc-cni with enable-network-policy-controller: "true".',
  whole: (stack, demand) => {
    for (const cluster of stack.all("aws:eks/cluster:Cluster")) {
      demand(cluster, "network policy controller", () =>
        stack.resources.some((resource) => isSwitch(resource) || isAddon(resource)),
      );
    }
  },
};
