import { clusterRolesLeast } from "../../policies/cluster-roles-least.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const role = (changes: object = {}, kind = "ClusterRole") =>
  thing(`kubernetes:rbac.authorization.k8s.io/v1:${kind}`, { rules: [rule, { ...rule, ...changes }] });
const binding = (name: string) =>
  thing("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", { roleRef: { kind: "ClusterRole", name } });
const powerful = ["secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"].map((resource) => [
  `a role over ${resource}`,
  ["rules", role({ resources: ["pods", resource] })] as const,
]);
const escalating = ["escalate", "bind", "impersonate"].map((verb) => [
  `a role that may ${verb}`,
  ["rules", role({ verbs: [verb] })] as const,
]);

proves(clusterRolesLeast, {
  passes: { "a role that looks at pods": [role(), role({}, "Role")], "a binding of a small role": binding("view") },
  stops: {
    ...Object.fromEntries([...powerful, ...escalating]),
    "a role that may do all": ["rules", role({ verbs: ["*"] })],
    "a role over all": ["rules", role({ resources: ["*"] })],
    "a role over every group": ["rules", role({ apiGroups: ["*"] })],
    "a namespace's role over all": ["rules", role({ resources: ["*"] }, "Role")],
    "a binding of the administrator": ["roleRef", binding("cluster-admin")],
  },
});
