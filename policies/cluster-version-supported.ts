import { inStandardSupport } from "./judging/kubernetes-support.ts";
import { each, type Policy } from "./policy.ts";

export const clusterVersionSupported: Policy = {
  name: "cluster-version-supported",
  control: "S10",
  reason: "Past standard support a cluster costs six times as much, and gets fixes later.",
  fix: 'Set version to one in standard support (policies/judging/kubernetes-support.ts) and upgradePolicy.supportType to "STANDARD".',
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand, { today }) => {
      demand("version", () => inStandardSupport(props.version, today));
      demand("upgradePolicy.supportType", () => props.upgradePolicy?.supportType === "STANDARD");
    }),
  ],
};
