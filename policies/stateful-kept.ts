import { isApproved, STATEFUL_TYPES } from "./judging/approvals.ts";
import { isGiven } from "./judging/presence.ts";
import { each, every, type Policy } from "./policy.ts";

const isStateful = (type: string) => STATEFUL_TYPES.some((stateful) => stateful === type);

export const statefulKept: Policy = {
  name: "stateful-kept",
  control: "D01",
  reason: "Pulumi refuses to replace or delete what is protected; without it one changed property can cost all data.",
  fix: "Set protect: true, or add {resource, action, by, until} to sparki:approvals for the change that needs it.",
  each: [
    every(isStateful, ({ name, protect }, demand, situation) => {
      demand("protect", () => protect || isApproved(situation, name));
    }),
    each("aws:rds/instance:Instance", ({ props, name }, demand, situation) => {
      demand("skipFinalSnapshot", () => props.skipFinalSnapshot !== true || isApproved(situation, name));
      demand("finalSnapshotIdentifier", () => isGiven(() => props.finalSnapshotIdentifier ?? ""));
    }),
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("finalSnapshotIdentifier", () => isGiven(() => props.finalSnapshotIdentifier ?? ""));
    }),
  ],
};
