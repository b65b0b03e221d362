import { listAt, textAt } from "./judging/objects.ts";
import { every, type Policy } from "./policy.ts";

const ROLE = /^kubernetes:rbac\.authorization\.k8s\.io\/v1[^:]*:(Cluster)?Role$/;
const BINDING = /^kubernetes:rbac\.authorization\.k8s\.io\/v1[^:]*:(Cluster)?RoleBinding$/;
/** Verbs that give their holder the rights of others, and resources that are as good. */
const ESCALATING = ["escalate", "bind", "impersonate"];
const POWERFUL = ["secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"];

function isLeast(rule: unknown): boolean {
  const [verbs, resources] = [listAt(rule, "verbs"), listAt(rule, "resources")];
  const wild = [verbs, resources, listAt(rule, "apiGroups")].some((list) => list.includes("*"));
  const powerful = resources.some((resource) => POWERFUL.some((name) => name === resource));
  return !wild && !powerful && !verbs.some((verb) => ESCALATING.some((name) => name === verb));
}

export const clusterRolesLeast: Policy = {
  name: "cluster-roles-least",
  control: "S67",
  reason: "Who may read secrets, run commands in pods or grant roles may do everything.",
  fix: "Name verbs and resources; leave out secrets, exec, tokens, escalate, bind and impersonate; bind no cluster-admin.",
  each: [
    every(
      (type) => ROLE.test(type),
      ({ props }, demand) => demand("rules", () => listAt(props, "rules").every(isLeast)),
    ),
    every(
      (type) => BINDING.test(type),
      ({ props }, demand) => demand("roleRef", () => textAt(props, "roleRef", "name") !== "cluster-admin"),
    ),
  ],
};
