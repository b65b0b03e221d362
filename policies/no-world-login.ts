import { letsWorldLogIn } from "./judging/acl-entries.ts";
import { each, type Policy } from "./policy.ts";

export const noWorldLogin: Policy = {
  name: "no-world-login",
  control: "S07",
  reason: "A network ACL still stands when a security group is opened by mistake.",
  fix: "Give the VPC a network ACL that denies port 22 from 0.0.0.0/0 and ::/0, and opens 3389 only within 1024-65535, for answers.",
  each: [
    each("aws:ec2/networkAcl:NetworkAcl", ({ props }, demand) => {
      demand("ingress", () => !letsWorldLogIn(props.ingress ?? []));
    }),
    each("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", ({ props }, demand) => {
      demand("ingress", () => !letsWorldLogIn(props.ingress ?? []));
    }),
    each("aws:ec2/networkAclRule:NetworkAclRule", ({ props }, demand) => {
      demand("cidrBlock", () => {
        const { ruleNumber = 0, ruleAction = "allow", protocol = "-1" } = props;
        const entry = { ...props, ruleNo: ruleNumber, action: ruleAction, protocol };
        return props.egress === true || !letsWorldLogIn([entry]);
      });
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      demand(
        vpc,
        "network ACL",
        () =>
          stack.all("aws:ec2/networkAcl:NetworkAcl").some((acl) => stack.refers(acl, "vpcId", vpc)) ||
          stack
            .all("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
            .some((acl) => stack.refers(acl, "defaultNetworkAclId", vpc)),
      );
    }
  },
};
