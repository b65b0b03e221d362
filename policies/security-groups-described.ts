import { each, type Policy } from "./policy.ts";

/** Pulumi and Terraform fill in "Managed by ..." where nobody wrote anything. */
const isDescription = (text: string | undefined) => text !== undefined && text !== "" && !text.startsWith("Managed by");

export const securityGroupsDescribed: Policy = {
  name: "security-groups-described",
  control: "S06",
  reason: "A rule that nobody can explain is a rule that nobody dares to remove.",
  fix: "Set description to who needs it, and for what.",
  each: [
    each("aws:ec2/securityGroup:SecurityGroup", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
      demand("ingress", () => (props.ingress ?? []).every((rule) => isDescription(rule.description)));
      demand("egress", () => (props.egress ?? []).every((rule) => isDescription(rule.description)));
    }),
    each("aws:ec2/securityGroupRule:SecurityGroupRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
    each("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
    each("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", ({ props }, demand) => {
      demand("description", () => isDescription(props.description));
    }),
  ],
};
