import { clusterAccessEntries } from "../../policies/cluster-access-entries.ts";
import { cluster } from "../support/policy-examples.ts";
import { example, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const mode = "accessConfig.authenticationMode";
const entry = example("aws:eks/accessEntry:AccessEntry", { kubernetesGroups: ["viewers"] });
const binding = (name: string, kind = "ClusterRoleBinding") =>
  thing(`kubernetes:rbac.authorization.k8s.io/v1:${kind}`, { subjects: [{ kind: "Group", name }] });

proves(clusterAccessEntries, {
  passes: {
    "a cluster by access entries": cluster,
    "an entry for a small group": entry,
    "an entry without groups": entry.without("kubernetesGroups"),
    "a binding of a small group": [binding("viewers"), binding("viewers", "RoleBinding")],
  },
  stops: {
    "a cluster that also reads aws-auth": [
      mode,
      cluster.with({ accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } }),
    ],
    "a cluster that leaves it to AWS": [mode, cluster.without("accessConfig")],
    "an entry in system:masters": ["kubernetesGroups", entry.with({ kubernetesGroups: ["viewers", "system:masters"] })],
    "a binding of system:masters": ["subjects", binding("system:masters")],
    "a role binding of system:masters": ["subjects", binding("system:masters", "RoleBinding")],
  },
});
