import { defaultSecurityGroupEmpty } from "../../policies/default-security-group-empty.ts";
import { vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const group = example("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [], egress: [] });
const everything = { protocol: "-1", fromPort: 0, toPort: 0, self: true };

proves(defaultSecurityGroupEmpty, {
  passes: {
    "a VPC whose default group is emptied": [vpc, group.from("vpcId", vpc)],
    "a default group that names no rules": group.without("ingress", "egress"),
  },
  stops: {
    "a VPC whose default group is left as it is": ["default security group", vpc],
    "a default group that lets something in": ["ingress", group.with({ ingress: [everything] })],
    "a default group that lets something out": ["egress", group.with({ egress: [everything] })],
  },
});
