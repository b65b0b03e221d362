import { each, type Policy } from "./policy.ts";

export const defaultSecurityGroupEmpty: Policy = {
  name: "default-security-group-empty",
  control: "S02",
  reason: "Whatever forgets to name its security group gets the default one, which lets all its members talk.",
  fix: "Add an aws.ec2.DefaultSecurityGroup with the VPC's vpcId and no ingress or egress.",
  each: [
    each("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", ({ props }, demand) => {
      demand("ingress", () => (props.ingress ?? []).length === 0);
      demand("egress", () => (props.egress ?? []).length === 0);
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const groups = stack.all("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
      demand(vpc, "default security group", () => groups.some((group) => stack.refers(group, "vpcId", vpc)));
    }
  },
};
