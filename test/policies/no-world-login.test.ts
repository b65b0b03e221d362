import { noWorldLogin } from "../../policies/no-world-login.ts";
import { vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const world = "0.0.0.0/0";
const line = (ruleNo: number, action: "allow" | "deny", port: number | undefined, cidrBlock = world) => ({
  ruleNo,
  action,
  protocol: port === undefined ? "-1" : "tcp",
  fromPort: port ?? 0,
  toPort: port ?? 0,
  cidrBlock,
});
const guarded = [line(100, "allow", undefined), line(10, "deny", 22), line(20, "deny", 3389)];
const acl = example("aws:ec2/networkAcl:NetworkAcl", { ingress: guarded }).from("vpcId", vpc);
const defaultAcl = example("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", { ingress: guarded });
const rule = example("aws:ec2/networkAclRule:NetworkAclRule", {
  ruleNumber: 100,
  ruleAction: "allow",
  protocol: "tcp",
  fromPort: 443,
  toPort: 443,
  cidrBlock: world,
});
const { cidrBlock: _, ...anywhere } = line(100, "allow", 22);

proves(noWorldLogin, {
  passes: {
    "a VPC with a guarded ACL": [vpc, acl],
    "a VPC whose default ACL is guarded": [vpc, defaultAcl.from("defaultNetworkAclId", vpc)],
    "an ACL without inline rules": [vpc, acl.without("ingress")],
    "an ACL that lets answers in, to RDP's port too": [
      vpc,
      acl.with({ ingress: [line(10, "deny", 22), { ...line(20, "allow", 1024), toPort: 65_535 }] }),
    ],
    "SSH from a network": [vpc, acl.with({ ingress: [line(10, "allow", 22, "10.0.0.0/8")] })],
    "another port": rule,
    "SSH to the world, outwards": rule.with({ fromPort: 22, toPort: 22, egress: true }),
    "UDP on the same port": rule.with({ protocol: "udp", fromPort: 22, toPort: 22 }),
  },
  stops: {
    "a VPC without an ACL of ours": ["network ACL", vpc],
    "an ACL that lets SSH in": ["ingress", acl.with({ ingress: [line(10, "allow", 22)] })],
    "an ACL that lets RDP in": ["ingress", acl.with({ ingress: [line(10, "allow", 3389)] })],
    "an ACL that lets SSH in by IPv6": ["ingress", acl.with({ ingress: [{ ...anywhere, ipv6CidrBlock: "::/0" }] })],
    "an ACL that denies too late": [
      "ingress",
      acl.with({ ingress: [line(200, "deny", 22), line(100, "allow", undefined)] }),
    ],
    "a default ACL that lets SSH in": ["ingress", defaultAcl.with({ ingress: [line(10, "allow", 22)] })],
    "a rule that lets SSH in": ["cidrBlock", rule.with({ fromPort: 22, toPort: 22 })],
    "a range that holds RDP": ["cidrBlock", rule.with({ fromPort: 1000, toPort: 4000 })],
    "every protocol": ["cidrBlock", rule.with({ protocol: "-1" })],
  },
});
