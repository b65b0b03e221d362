import { publicLoadBalancerBehindFirewall } from "../../policies/public-load-balancer-behind-firewall.ts";
import { loadBalancer } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const acl = example("aws:wafv2/webAcl:WebAcl", { name: "sparki-prod" });
const logging = example("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", {}).from("resourceArn", acl);
const association = example("aws:wafv2/webAclAssociation:WebAclAssociation", {})
  .from("resourceArn", loadBalancer)
  .from("webAclArn", acl);
const other = loadBalancer.named("other").with({ internal: true });

proves(publicLoadBalancerBehindFirewall, {
  passes: {
    "a public one behind a firewall that logs": [loadBalancer, acl, logging, association],
    "an internal one": loadBalancer.with({ internal: true }),
  },
  stops: {
    "a public one without a firewall": ["web ACL", loadBalancer],
    "one that does not say whether it is public": ["web ACL", loadBalancer.without("internal")],
    "a firewall of another one": [
      "web ACL",
      [loadBalancer, other, acl, logging, association.from("resourceArn", other)],
    ],
    "a firewall of no stack": ["web ACL", [loadBalancer, association]],
    "a firewall that does not log": ["logging", [loadBalancer, acl, association]],
  },
});
