import { listAt, textAt, valueAt } from "./judging/objects.ts";
import type { AnyResource } from "./judging/resource.ts";
import type { Policy } from "./policy.ts";

const NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/** A network policy that selects every pod, for both directions, and allows nothing. */
function deniesAll({ props }: AnyResource): boolean {
  const types = listAt(props, "spec", "policyTypes");
  const selector = Object.keys(Object(valueAt(props, "spec", "podSelector")));
  const rules = [...listAt(props, "spec", "ingress"), ...listAt(props, "spec", "egress")];
  return selector.length === 0 && rules.length === 0 && types.includes("Ingress") && types.includes("Egress");
}

function isIn(policy: AnyResource, namespace: AnyResource): boolean {
  if (policy.sourcesOf("metadata").some(({ urn }) => urn === namespace.urn)) return true;
  const own = textAt(policy.props, "metadata", "namespace");
  return own !== undefined && own === textAt(namespace.props, "metadata", "name");
}

export const namespacesDenyByDefault: Policy = {
  name: "namespaces-deny-by-default",
  control: "S66",
  reason: "Without it every pod reaches every other one, and the internet.",
  fix: "Add a NetworkPolicy of the namespace with an empty podSelector, both policyTypes and no rules.",
  whole: (stack, demand) => {
    const policies = stack.resources.filter(({ type }) => type === NETWORK_POLICY);
    for (const namespace of stack.resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace")) {
      demand(namespace, "default-deny network policy", () =>
        policies.some((policy) => isIn(policy, namespace) && deniesAll(policy)),
      );
    }
  },
};
