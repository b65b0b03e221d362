import type { Statement } from "./judging/iam-document.ts";
import { everyGrant } from "./judging/iam-grants.ts";
import type { Policy } from "./policy.ts";

/** Actions that hand out data or secrets, which must name what they read. */
const EXPOSING =
  /^(kms:(Decrypt|ReEncrypt)|secretsmanager:GetSecretValue|ssm:GetParameter|s3:GetObject|rds:.*Snapshot|sts:AssumeRole|iam:PassRole)/i;
const READING = /^[a-z0-9-]+:(Describe|List|Get)[A-Za-z]*\*?$/;
/** AWS offers no resource to name for these. @see https://docs.aws.amazon.com/service-authorization/ */
const WITHOUT_RESOURCES = ["cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];
/** Every key or secret of an account, which is as good as everything. */
const EVERY_ONE = /:(kms:[^:]*:[^:]*:key\/|secretsmanager:[^:]*:[^:]*:secret:)\*$/;

const isWholeService = (action: string) => action === "*" || /:\*$/.test(action);

function mayBeOnEverything(action: string): boolean {
  return WITHOUT_RESOURCES.includes(action) || (READING.test(action) && !EXPOSING.test(action));
}

function isLeast({ actions, notActions, resources, notResources, conditions }: Statement): boolean {
  if (notActions.length > 0 || notResources.length > 0 || actions.some(isWholeService)) return false;
  if (resources.includes("*")) return actions.every(mayBeOnEverything);
  const namesKeys = Object.values(conditions).some((tests) => "kms:ResourceAliases" in tests);
  return namesKeys || !resources.some((resource) => EVERY_ONE.test(resource));
}

export const leastPrivilege: Policy = {
  name: "least-privilege",
  control: "S52",
  reason:
    "A role that may do more than its work does more when it is taken over: it raises its own rights or reads everything.",
  fix: "Name actions instead of a whole service, and the resources that they act on; * is for Describe, List and Get.",
  each: [everyGrant(isLeast)],
};
