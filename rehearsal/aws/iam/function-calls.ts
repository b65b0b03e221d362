import type { Properties } from "../../provider/properties.ts";
import { text } from "../values.ts";

/** An action, and the ARN of what it reads; without one it is of those for which AWS knows no resource. */
type Look = readonly [action: string, resource?: string];

/** Makes an ARN of a service's in the account. */
type Arn = (service: string, rest: string) => string;

type FunctionAsk = (args: Properties, arn: Arn) => readonly Look[];

const looks =
  (...actions: readonly string[]): FunctionAsk =>
  () =>
    actions.map((action) => [action]);

/** An ARN that is given as it is, or is made of a name. */
const named = (args: Properties, keys: readonly string[], make: (name: string) => string): string => {
  const given = keys.flatMap((key) => text(args, key) ?? [])[0] ?? "*";
  return given.startsWith("arn:") ? given : make(given);
};

const secret = (args: Properties, arn: Arn) =>
  named(args, ["arn", "secretId", "name"], (name) => arn("secretsmanager", `secret:${name}-000000`));

const zone = (id: string) => `arn:aws:route53:::hostedzone/${id}`;
const role = (args: Properties, arn: Arn, key: string) =>
  named(args, [key], (name) => arn("iam", `role/${name}`).replace(/^(arn:aws:iam):[^:]*:/, "$1::"));

/** What the provider asks AWS for in each of its functions that the program, the checklist and the commands call. */
export const FUNCTION_CALLS: Readonly<Record<string, FunctionAsk>> = {
  "acm/getCertificate": (_, arn) => [
    ["acm:ListCertificates"],
    ["acm:DescribeCertificate", arn("acm", "certificate/1")],
  ],
  "cloudwatch/getLogGroup": looks("logs:DescribeLogGroups"),
  "ec2/getEips": looks("ec2:DescribeAddresses"),
  "ec2/getInstance": looks("ec2:DescribeInstances"),
  "ec2/getInstanceType": looks("ec2:DescribeInstanceTypes"),
  "ec2/getInstances": looks("ec2:DescribeInstances"),
  "ec2/getNatGateways": looks("ec2:DescribeNatGateways"),
  "ec2/getSecurityGroups": looks("ec2:DescribeSecurityGroups"),
  "ec2/getSubnets": looks("ec2:DescribeSubnets"),
  "ec2/getVpcs": looks("ec2:DescribeVpcs"),
  "eks/getAddonVersion": looks("eks:DescribeAddonVersions"),
  "eks/getCluster": (args, arn) => [
    ["eks:DescribeCluster", named(args, ["name"], (name) => arn("eks", `cluster/${name}`))],
  ],
  // A token is signed here, and asks AWS for nothing.
  "eks/getClusterAuth": looks(),
  "eks/getClusterVersions": looks("eks:DescribeClusterVersions"),
  "eks/getClusters": looks("eks:ListClusters"),
  "elasticache/getReplicationGroup": looks("elasticache:DescribeReplicationGroups"),
  "iam/getPolicy": (args) => {
    const arn = text(args, "arn") ?? "*";
    return [
      ["iam:GetPolicy", arn],
      ["iam:GetPolicyVersion", arn],
    ];
  },
  "iam/getPrincipalPolicySimulation": (args, arn) => [
    ["iam:SimulatePrincipalPolicy", role(args, arn, "policySourceArn")],
  ],
  "iam/getRole": (args, arn) => [["iam:GetRole", role(args, arn, "name")]],
  "iam/getRoles": looks("iam:ListRoles"),
  "iam/getSessionContext": (args, arn) => {
    const [, name = "*"] = /:assumed-role\/([^/]+)\//.exec(text(args, "arn") ?? "") ?? [];
    return [["iam:GetRole", role({ name }, arn, "name")]];
  },
  "index/getAvailabilityZones": looks("ec2:DescribeAvailabilityZones"),
  // AWS lets everybody ask who they are.
  "index/getCallerIdentity": looks(),
  "index/getRegion": looks(),
  "lb/getLbs": looks("elasticloadbalancing:DescribeLoadBalancers"),
  "lb/getLoadBalancer": looks("elasticloadbalancing:DescribeLoadBalancers"),
  "rds/getEngineVersion": looks("rds:DescribeDBEngineVersions"),
  "rds/getInstance": looks("rds:DescribeDBInstances"),
  "rds/getInstances": looks("rds:DescribeDBInstances"),
  "rds/getOrderableDbInstance": looks("rds:DescribeOrderableDBInstanceOptions"),
  "rds/getSnapshot": looks("rds:DescribeDBSnapshots"),
  "resourcegroupstaggingapi/getResources": looks("tag:GetResources"),
  "route53/getRecords": (args) => [["route53:ListResourceRecordSets", zone(text(args, "zoneId") ?? "*")]],
  "route53/getZone": (args) => [
    ["route53:ListHostedZones"],
    ["route53:GetHostedZone", zone(text(args, "zoneId") ?? "Z0")],
  ],
  "route53/getZones": looks("route53:ListHostedZones"),
  "s3/getBucket": (args) => [["s3:ListBucket", `arn:aws:s3:::${text(args, "bucket")}`]],
  "secretsmanager/getSecret": (args, arn) => [["secretsmanager:DescribeSecret", secret(args, arn)]],
  "secretsmanager/getSecretVersion": (args, arn) => [["secretsmanager:GetSecretValue", secret(args, arn)]],
  "secretsmanager/getSecretVersions": (args, arn) => [["secretsmanager:ListSecretVersionIds", secret(args, arn)]],
  "servicequotas/getServiceQuota": looks("servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota"),
  "vpc/getSecurityGroupRule": looks("ec2:DescribeSecurityGroupRules"),
  "vpc/getSecurityGroupRules": looks("ec2:DescribeSecurityGroupRules"),
};
