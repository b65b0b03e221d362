import { noWorldIngress } from "../../policies/no-world-ingress.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const world = "0.0.0.0/0";
const redis = { protocol: "tcp", fromPort: 6379, toPort: 6379 };
const group = example("aws:ec2/securityGroup:SecurityGroup", {
  ingress: [{ ...redis, cidrBlocks: ["10.40.0.0/16"] }],
});
const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", {
  ...redis,
  type: "ingress",
  cidrBlocks: ["10.40.0.0/16"],
});
const ingress = example("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {
  ipProtocol: "tcp",
  fromPort: 443,
  toPort: 443,
  cidrIpv4: world,
  cidrIpv6: "::/0",
});
const ssh = { fromPort: 22, toPort: 22 };

proves(noWorldIngress, {
  passes: {
    "a group for a network": group,
    "a group without rules": group.without("ingress"),
    "a group that serves the web": group.with({
      ingress: [{ protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks: [world] }],
    }),
    "a rule for a network": rule,
    "a rule for the web": rule.with({ fromPort: 443, toPort: 443, cidrBlocks: [world] }),
    "a rule to the world, outwards": rule.with({ type: "egress", cidrBlocks: [world] }),
    "a rule from another group": rule.without("cidrBlocks"),
    "the load balancer's HTTPS": ingress,
    "a rule from a network": ingress.with({ ...ssh, cidrIpv4: "10.40.0.0/16" }).without("cidrIpv6"),
  },
  stops: {
    "a group open to the world": ["ingress", group.with({ ingress: [{ ...redis, cidrBlocks: [world] }] })],
    "a group open to the world by IPv6": ["ingress", group.with({ ingress: [{ ...redis, ipv6CidrBlocks: ["::/0"] }] })],
    "rules that preview cannot know": ["ingress", group.from("ingress")],
    "a rule open to the world": ["cidrBlocks", rule.with({ cidrBlocks: [world] })],
    "a rule open to the world by IPv6": ["cidrBlocks", rule.without("cidrBlocks").with({ ipv6CidrBlocks: ["::/0"] })],
    "SSH from the world": ["cidrIpv4", ingress.with(ssh).without("cidrIpv6")],
    "SSH from the world by IPv6": ["cidrIpv6", ingress.with(ssh).without("cidrIpv4")],
    "a range that holds the web's port": ["cidrIpv4", ingress.with({ fromPort: 0 }).without("cidrIpv6")],
  },
});
