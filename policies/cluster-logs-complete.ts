import { each, type Policy } from "./policy.ts";

const KINDS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

export const clusterLogsComplete: Policy = {
  name: "cluster-logs-complete",
  control: "S12",
  reason: "Who did what to the cluster can be told afterwards only from logs that were on before.",
  fix: `Set enabledClusterLogTypes to ${KINDS.join(", ")}.`,
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("enabledClusterLogTypes", () => KINDS.every((kind) => props.enabledClusterLogTypes?.includes(kind)));
    }),
  ],
};
