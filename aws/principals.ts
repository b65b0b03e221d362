import { facts } from "./facts.ts";

/** Service principals whose first label is no IAM prefix. */
const FURTHER = [
  "delivery.logs",
  "vpc-flow-logs",
  "monitoring.rds",
  "dnssec-route53",
  "pods.eks",
  "eks-nodegroup",
  "eks-fargate",
  "eks-fargate-pods",
  "logdelivery.elasticloadbalancing",
  "edgelambda",
  "ecs-tasks",
  "codebuild",
  "spotfleet",
  "spot",
  "ops.apigateway",
  "email",
  "application-autoscaling",
  "replication.dynamodb",
  "vpce",
  "export.rds",
  "billingconsole",
  "budgets",
  "costalerts",
  "events",
  "firehose",
  "kinesisanalytics",
  "states",
  "scheduler",
  "pipes",
  "backup",
  "tagging",
  "resource-groups",
  "malware-protection-plan.guardduty",
  "continuousbackup",
  "batchoperations.s3",
  "reporting.trustedadvisor",
];
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** The services and the ARNs that a policy document names as principals; none of a text that is no document. */
export function publishedPrincipals(document: string): { readonly services: string[]; readonly arns: string[] } {
  const found = { services: [] as string[], arns: [] as string[] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    return found;
  }
  const statements = [member(parsed, "Statement")].flat();
  for (const statement of statements) {
    const principal = member(statement, "Principal");
    found.services.push(...texts(member(principal, "Service")));
    found.arns.push(...texts(member(principal, "AWS")));
  }
  return found;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

const texts = (value: unknown): string[] => [value].flat().filter((each): each is string => typeof each === "string");

/** Whether AWS has a service of that principal's name, as `ec2.amazonaws.com` or `logs.us-east-1.amazonaws.com`. */
export function isExistingService(principal: string): boolean {
  const match = /^(.+)\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/.exec(principal);
  const labels = (match?.[1] ?? "").split(".").filter((label) => !REGION.test(label));
  const name = labels.join(".");
  return FURTHER.includes(name) || facts().catalog.servicePrefixes.includes(name);
}
