import { securityGroupsDescribed } from "../../policies/security-groups-described.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const flow = { protocol: "tcp", fromPort: 443, toPort: 443, description: "HTTPS of the load balancer" };
const silent = { protocol: "tcp", fromPort: 443, toPort: 443 };
const description = "Pods of the cluster";
const group = example("aws:ec2/securityGroup:SecurityGroup", { description, ingress: [flow], egress: [flow] });
const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", { description });
const ingress = example("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", { description });
const egress = example("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", { description });

proves(securityGroupsDescribed, {
  passes: {
    "what says what it is for": [group, rule, ingress, egress],
    "a group without rules": group.without("ingress", "egress"),
  },
  stops: {
    "a group without a description": ["description", group.without("description")],
    "a group with an empty one": ["description", group.with({ description: "" })],
    "a group with the tool's own": ["description", group.with({ description: "Managed by Pulumi" })],
    "an inline rule without one, inwards": ["ingress", group.with({ ingress: [silent] })],
    "an inline rule without one, outwards": ["egress", group.with({ egress: [silent] })],
    "a rule without one": ["description", rule.without("description")],
    "an ingress rule without one": ["description", ingress.without("description")],
    "an egress rule without one": ["description", egress.without("description")],
  },
});
