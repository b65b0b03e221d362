import { isPublicSubnet } from "./judging/routes.ts";
import { each, type Policy } from "./policy.ts";

export const databaseInPrivateSubnets: Policy = {
  name: "database-in-private-subnets",
  control: "S21",
  reason: "A subnet with a way to the internet is one wrong security group away from being reached from there.",
  fix: "Set dbSubnetGroupName to a group of subnets whose route tables have no internet gateway.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      const group = () => props.dbSubnetGroupName;
      demand("dbSubnetGroupName", () => group() !== undefined && group() !== "default", {
        comesFrom: "aws:rds/subnetGroup:SubnetGroup",
      });
    }),
  ],
  whole: (stack, demand) => {
    for (const group of stack.all("aws:rds/subnetGroup:SubnetGroup")) {
      const subnets = () => stack.referred(group, "subnetIds", "aws:ec2/subnet:Subnet");
      demand(group, "subnetIds", () => subnets().length > 0 && !subnets().some((one) => isPublicSubnet(stack, one)));
    }
  },
};
