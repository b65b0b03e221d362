import { networkPoliciesEnforced } from "../../policies/network-policies-enforced.ts";
import { cluster } from "../support/policy-examples.ts";
import { example, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "network policy controller";
const metadata = { namespace: "kube-system", name: "amazon-vpc-cni" };
const data = { "enable-network-policy-controller": "true" };
const configMap = thing("kubernetes:core/v1:ConfigMap", { metadata, data });
const addon = example("aws:eks/addon:Addon", {
  addonName: "vpc-cni",
  configurationValues: '{"enableNetworkPolicy": "true"}',
});

proves(networkPoliciesEnforced, {
  passes: { "Auto Mode's switch": [cluster, configMap], "the add-on's setting": [cluster, addon] },
  stops: {
    "a cluster that ignores them": [property, cluster],
    "a switch that is off": [
      property,
      [cluster, configMap.with({ data: { "enable-network-policy-controller": "false" } })],
    ],
    "a switch in another namespace": [
      property,
      [cluster, configMap.with({ metadata: { ...metadata, namespace: "default" } })],
    ],
    "a switch of another name": [property, [cluster, configMap.with({ metadata: { ...metadata, name: "vpc-cni" } })]],
    "a switch in a Secret": [property, [cluster, thing("kubernetes:core/v1:Secret", { metadata, data })]],
    "an add-on with the setting off": [
      property,
      [cluster, addon.with({ configurationValues: '{"enableNetworkPolicy":"false"}' })],
    ],
    "an add-on without settings": [property, [cluster, addon.without("configurationValues")]],
    "something else with that setting": [property, [cluster, thing("aws:eks/other:Other", addon.props)]],
    "another add-on with that setting": [property, [cluster, addon.with({ addonName: "coredns" })]],
  },
});
