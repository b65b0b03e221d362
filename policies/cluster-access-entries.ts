import { listAt, textAt } from "./judging/objects.ts";
import { each, every, type Policy } from "./policy.ts";

const BINDING = /^kubernetes:rbac\.authorization\.k8s\.io\/v1[^:]*:(Cluster)?RoleBinding$/;
const MASTERS = "system:masters";

export const clusterAccessEntries: Policy = {
  name: "cluster-access-entries",
  control: "S17",
  reason:
    "Members of system:masters pass every check of the cluster, and an aws-auth map is not in anybody's audit log.",
  fix: 'Set accessConfig.authenticationMode to "API" and grant people access policies; name system:masters nowhere.',
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("accessConfig.authenticationMode", () => props.accessConfig?.authenticationMode === "API");
    }),
    each("aws:eks/accessEntry:AccessEntry", ({ props }, demand) => {
      demand("kubernetesGroups", () => !(props.kubernetesGroups ?? []).includes(MASTERS));
    }),
    every(
      (type) => BINDING.test(type),
      ({ props }, demand) => {
        demand("subjects", () => listAt(props, "subjects").every((subject) => textAt(subject, "name") !== MASTERS));
      },
    ),
  ],
};
