import { namespacesDenyByDefault } from "../../policies/namespaces-deny-by-default.ts";
import { namespace } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "default-deny network policy";
const spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
const deny = thing("kubernetes:networking.k8s.io/v1:NetworkPolicy", {
  metadata: { name: "default-deny", namespace: "sparki-engine" },
  spec,
});
const but = (changes: object) => [namespace, deny.with({ spec: { ...spec, ...changes } })];

proves(namespacesDenyByDefault, {
  passes: {
    "a namespace that denies all": [namespace, deny],
    "a namespace whose name only the update knows": [namespace, deny.from("metadata", namespace)],
    "a selector that is left out": but({ podSelector: undefined }),
  },
  stops: {
    "a namespace that allows all": [property, namespace],
    "another namespace's denial": [property, [namespace, deny.with({ metadata: { namespace: "sparki-web" } })]],
    "a denial of no namespace": [property, [namespace, deny.with({ metadata: {} })]],
    "a denial of no namespace beside a namespace of no name": [
      property,
      [namespace.with({ metadata: {} }), deny.with({ metadata: {} })],
    ],
    "a denial for some pods": [property, but({ podSelector: { matchLabels: { app: "engine" } } })],
    "a denial with an exception inwards": [property, but({ ingress: [{}] })],
    "a denial with an exception outwards": [property, but({ egress: [{}] })],
    "a denial of what comes in only": [property, but({ policyTypes: ["Ingress"] })],
    "a denial of what goes out only": [property, but({ policyTypes: ["Egress"] })],
  },
});
