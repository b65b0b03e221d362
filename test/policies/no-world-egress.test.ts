import { noWorldEgress } from "../../policies/no-world-egress.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const world = "0.0.0.0/0";
const https = { fromPort: 443, toPort: 443 };
const all = { fromPort: 0, toPort: 65_535 };
const group = example("aws:ec2/securityGroup:SecurityGroup", {
  egress: [{ ...https, protocol: "tcp", cidrBlocks: [world] }],
});
const rule = example("aws:ec2/securityGroupRule:SecurityGroupRule", {
  ...https,
  type: "egress",
  protocol: "tcp",
  cidrBlocks: [world],
});
const egress = example("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", {
  ...https,
  ipProtocol: "tcp",
  cidrIpv4: world,
});

proves(noWorldEgress, {
  passes: {
    "one port to the world": [group, rule, egress],
    "everything to a network": [
      group.with({ egress: [{ ...all, protocol: "-1", cidrBlocks: ["10.40.0.0/16"] }] }),
      egress.with({ ...all, ipProtocol: "-1", cidrIpv4: "10.40.0.0/16" }),
    ],
    "everything in, which is another control's": rule.with({ type: "ingress", protocol: "-1" }),
    "everything to a network, by a rule": rule.with({ ...all, protocol: "-1", cidrBlocks: ["10.40.0.0/16"] }),
    "one port to the world by IPv6": egress.with({ cidrIpv6: "::/0" }).without("cidrIpv4"),
    "some ports to the world": [rule.with({ toPort: 1024 }), rule.named("high").with({ toPort: 65_535 })],
    "the low ports to the world": rule.with({ fromPort: 0, toPort: 1024 }),
    "a group without rules": group.without("egress"),
  },
  stops: {
    "a group that lets everything out": [
      "egress",
      group.with({ egress: [{ ...all, protocol: "-1", cidrBlocks: [world] }] }),
    ],
    "a group that lets everything out by IPv6": [
      "egress",
      group.with({ egress: [{ ...all, protocol: "tcp", ipv6CidrBlocks: ["::/0"] }] }),
    ],
    "a rule that lets every protocol out": ["cidrBlocks", rule.with({ protocol: "-1" })],
    "a rule that lets every protocol out by name": ["cidrBlocks", rule.with({ protocol: "all" })],
    "a rule of no protocol": ["cidrBlocks", rule.without("protocol")],
    "a rule without its first port": ["cidrBlocks", rule.without("fromPort")],
    "a rule without its last port": ["cidrBlocks", rule.without("toPort")],
    "a rule that lets every port out": ["cidrBlocks", rule.with(all)],
    "a rule that lets every protocol out alone": ["cidrIpv4", egress.with({ ipProtocol: "-1" })],
    "a rule without ports": ["cidrIpv4", egress.without("fromPort", "toPort")],
    "a rule that lets every port out by IPv6": [
      "cidrIpv6",
      egress.with({ ...all, cidrIpv6: "::/0" }).without("cidrIpv4"),
    ],
    "addresses that preview cannot know": ["cidrIpv4", egress.with(all).from("cidrIpv4")],
  },
});
