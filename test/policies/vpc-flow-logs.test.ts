import { vpcFlowLogs } from "../../policies/vpc-flow-logs.ts";
import { vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const flowLog = example("aws:ec2/flowLog:FlowLog", { trafficType: "ALL", logDestination: "arn:aws:logs:x" });
const other = vpc.named("other");

proves(vpcFlowLogs, {
  passes: {
    "a VPC with a flow log": [vpc, flowLog.from("vpcId", vpc)],
    "a destination that only the update knows": [vpc, flowLog.from("vpcId", vpc).from("logDestination")],
  },
  stops: {
    "a VPC without a flow log": ["flow log", vpc],
    "a flow log of another VPC": ["flow log", [vpc, other, flowLog.from("vpcId", other)]],
    "a flow log of refused traffic only": ["trafficType", flowLog.with({ trafficType: "REJECT" })],
    "a flow log that goes nowhere": ["logDestination", flowLog.without("logDestination")],
  },
});
