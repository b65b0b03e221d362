import { isGiven } from "./judging/presence.ts";
import { each, type Policy } from "./policy.ts";

export const vpcFlowLogs: Policy = {
  name: "vpc-flow-logs",
  control: "S01",
  reason: "Without a record of who talked to whom, an intrusion cannot be traced.",
  fix: 'Add an aws.ec2.FlowLog with the VPC\'s vpcId, trafficType: "ALL" and a logDestination.',
  each: [
    each("aws:ec2/flowLog:FlowLog", ({ props }, demand) => {
      demand("trafficType", () => props.trafficType === "ALL");
      demand("logDestination", () => isGiven(() => props.logDestination));
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      demand(vpc, "flow log", () =>
        stack.all("aws:ec2/flowLog:FlowLog").some((log) => stack.refers(log, "vpcId", vpc)),
      );
    }
  },
};
