import { STATEFUL_TYPES } from "../../policies/judging/approvals.ts";
import type { PlannedResource } from "./planned.ts";

/** How closely a change wants to be read, the most dangerous first. */
export const RISKS = ["stateful", "disruptive", "security", "update", "create"] as const;
export type Risk = (typeof RISKS)[number];

export const RISK_TITLES: Readonly<Record<Risk, string>> = {
  stateful: "Replaces or deletes what holds data",
  disruptive: "Replaces or deletes",
  security: "Changes who may do or reach what",
  update: "Updates in place",
  create: "Creates",
};

/** What holds data besides what the policies guard: losing it loses logs, secrets or all that runs in the cluster. */
const ALSO_STATEFUL = [
  "aws:eks/cluster:Cluster",
  "aws:s3/bucket:Bucket",
  "aws:secretsmanager/secret:Secret",
  "kubernetes:core/v1:PersistentVolumeClaim",
  "random:index/randomPassword:RandomPassword",
];
const STATEFUL: readonly string[] = [...STATEFUL_TYPES, ...ALSO_STATEFUL];
const SECURITY =
  /^aws:(iam|wafv2|kms|acm)\/|securityGroup|[pP]olicy\b|PublicAccess|networkAcl|NetworkAcl|accessEntry|podIdentity|^kubernetes:(rbac|networking|policy)|^kubernetes:core\/v1:(ServiceAccount|Namespace|LimitRange|ResourceQuota)|^kubernetes:apiextensions/;

/** Replacing a command means to run it again: nothing is lost. */
const RUN_AGAIN = "command:local:Command";

/** The group that a change is shown in; undefined for what does not change. */
export function riskOf({ action, type }: Pick<PlannedResource, "action" | "type">): Risk | undefined {
  if (action === "same") return undefined;
  if (action === "replace" && type === RUN_AGAIN) return "update";
  if (action === "replace" || action === "delete") return STATEFUL.includes(type) ? "stateful" : "disruptive";
  if (SECURITY.test(type)) return "security";
  return action;
}
