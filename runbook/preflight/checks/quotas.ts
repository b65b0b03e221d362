import { z } from "zod";
import type { StackConfig } from "../../../stacks/schema.ts";
import { servicesOf } from "../../../stacks/services.ts";
import { type Check, type Finding, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

/** A limit of the account that a stack runs into, with how to count what is used. */
interface Quota {
  readonly name: string;
  readonly service: string;
  readonly code: string;
  /** Where Service Quotas knows it. @default the stack's own region */
  readonly region?: string;
  /** Pulumi's type of what counts. */
  readonly type: string;
  /** How many the program makes; a test compares it with what a preview of the program asks for. */
  needed(config: StackConfig): number;
  /** How many of them the stack has, of so many resources of the type. @default each counts one */
  own?(resources: number, config: StackConfig): number;
  /** `used` counts only what has tags: the least that there are. */
  readonly isLeast?: true;
  /** How many the account has. Without it the limit is one of each VPC, group or list, which are the stack's own. */
  used?(context: PreflightContext): Promise<number>;
}

/** How many names or ids a function of the provider lists under a key. */
function listed(name: string, key: string, more: Readonly<Record<string, unknown>> = {}): NonNullable<Quota["used"]> {
  return async ({ aws }) => (await aws.find(name, more, z.object({ [key]: z.array(z.string()) })))?.[key]?.length ?? 0;
}

/** How many of a kind have tags, or had: AWS lists no others in one call, so it is the least that there are. */
function tagged(kind: string): Pick<Quota, "used" | "isLeast"> {
  const used: NonNullable<Quota["used"]> = async ({ aws }) => {
    const args = { resourceTypeFilters: [kind] };
    return (
      (await aws.find("resourcegroupstaggingapi/getResources", args, taggedSchema))?.resourceTagMappingLists.length ?? 0
    );
  };
  return { used, isLeast: true };
}

const taggedSchema = z.object({ resourceTagMappingLists: z.array(z.object({ resourceArn: z.string() })) });

const NODE_VCPUS = 2;
/** Auto Mode makes the nodes itself: one in each zone at least, of no fewer than two processors. */
const nodeVcpus = ({ network }: StackConfig) => network.zones.length * NODE_VCPUS;
const natGateways = ({ network }: StackConfig) => (network.natGateways === "one" ? 1 : network.zones.length);
const cacheNodes = ({ cache }: StackConfig) => cache.replicas + 1;
/** One target group for each track of a service. */
const targetGroups = (config: StackConfig) => 2 * servicesOf(config).length;
/** What EKS, the load balancer and the runner have in the cluster's group beside the networks that the config names. */
const CLUSTER_GROUP_RULES = 5;

export const QUOTAS: readonly Quota[] = [
  {
    name: "VPCs",
    service: "vpc",
    code: "L-F678F1CE",
    type: "aws:ec2/vpc:Vpc",
    needed: () => 1,
    used: listed("ec2/getVpcs", "ids"),
  },
  {
    name: "Elastic IPs",
    service: "ec2",
    code: "L-0263D0A3",
    type: "aws:ec2/eip:Eip",
    needed: natGateways,
    used: listed("ec2/getEips", "allocationIds"),
  },
  {
    // The program never puts two into one zone.
    name: "NAT gateways in a zone",
    service: "vpc",
    code: "L-FE5A380F",
    type: "aws:ec2/natGateway:NatGateway",
    needed: () => 1,
    own: (gateways, config) => (gateways >= natGateways(config) ? 1 : 0),
    used: mostGatewaysInOneZone,
  },
  {
    name: "subnets of a VPC",
    service: "vpc",
    code: "L-407747CB",
    type: "aws:ec2/subnet:Subnet",
    needed: ({ network }) => 3 * network.zones.length,
  },
  {
    name: "route tables of a VPC",
    service: "vpc",
    code: "L-589F43AA",
    type: "aws:ec2/routeTable:RouteTable",
    needed: (config) => natGateways(config) + 2,
  },
  {
    name: "VPC endpoints of a VPC",
    service: "vpc",
    code: "L-29B6F2EB",
    type: "aws:ec2/vpcEndpoint:VpcEndpoint",
    needed: () => 8,
  },
  {
    name: "security groups",
    service: "vpc",
    code: "L-E79EC296",
    type: "aws:ec2/securityGroup:SecurityGroup",
    needed: () => 5,
    used: listed("ec2/getSecurityGroups", "ids"),
  },
  {
    name: "rules of a security group",
    service: "vpc",
    code: "L-0EA8095F",
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    needed: ({ cluster }) => cluster.privateAccessCidrs.length + CLUSTER_GROUP_RULES,
  },
  {
    name: "EKS clusters",
    service: "eks",
    code: "L-1194D53C",
    type: "aws:eks/cluster:Cluster",
    needed: () => 1,
    used: listed("eks/getClusters", "names"),
  },
  {
    name: "RDS instances",
    service: "rds",
    code: "L-7B6409FD",
    type: "aws:rds/instance:Instance",
    needed: () => 1,
    used: listed("rds/getInstances", "instanceIdentifiers"),
  },
  {
    // The list has network load balancers too, which count elsewhere: too many rather than too few.
    name: "load balancers",
    service: "elasticloadbalancing",
    code: "L-53DA6B97",
    type: "aws:lb/loadBalancer:LoadBalancer",
    needed: () => 1,
    used: listed("lb/getLbs", "arns"),
  },
  {
    name: "IAM roles",
    service: "iam",
    code: "L-FE177D64",
    region: "us-east-1",
    type: "aws:iam/role:Role",
    needed: (config) => servicesOf(config).length + 5,
    used: listed("iam/getRoles", "names"),
  },
  {
    name: "hosted zones",
    service: "route53",
    code: "L-4EA4796A",
    region: "us-east-1",
    type: "aws:route53/zone:Zone",
    needed: () => 1,
    used: listed("route53/getZones", "ids"),
  },
  {
    name: "ElastiCache nodes",
    service: "elasticache",
    code: "L-DFE45DF3",
    type: "aws:elasticache/replicationGroup:ReplicationGroup",
    needed: cacheNodes,
    own: (groups, config) => groups * cacheNodes(config),
    ...tagged("elasticache:cluster"),
  },
  {
    name: "cache subnet groups",
    service: "elasticache",
    code: "L-3E7F7726",
    type: "aws:elasticache/subnetGroup:SubnetGroup",
    needed: () => 1,
    ...tagged("elasticache:subnetgroup"),
  },
  {
    name: "DB subnet groups",
    service: "rds",
    code: "L-48C6BF61",
    type: "aws:rds/subnetGroup:SubnetGroup",
    needed: () => 1,
    ...tagged("rds:subgrp"),
  },
  {
    name: "DB parameter groups",
    service: "rds",
    code: "L-DE55804A",
    type: "aws:rds/parameterGroup:ParameterGroup",
    needed: () => 1,
    ...tagged("rds:pg"),
  },
  {
    // Service Quotas knows it where the account's buckets are administered.
    name: "S3 buckets",
    service: "s3",
    code: "L-DC2B2D3D",
    region: "us-east-1",
    type: "aws:s3/bucket:Bucket",
    needed: () => 1,
    ...tagged("s3"),
  },
  {
    name: "target groups",
    service: "elasticloadbalancing",
    code: "L-B22855CB",
    type: "aws:lb/targetGroup:TargetGroup",
    needed: targetGroups,
    ...tagged("elasticloadbalancing:targetgroup"),
  },
  {
    // The list has everything of AWS WAF: too many rather than too few.
    name: "web ACLs",
    service: "wafv2",
    code: "L-2EC3DE7B",
    type: "aws:wafv2/webAcl:WebAcl",
    needed: () => 1,
    ...tagged("wafv2"),
  },
  {
    name: "ACM certificates",
    service: "acm",
    code: "L-F141DD1D",
    type: "aws:acm/certificate:Certificate",
    needed: () => 1,
    ...tagged("acm:certificate"),
  },
  {
    name: "KMS keys",
    service: "kms",
    code: "L-C2F1777E",
    type: "aws:kms/key:Key",
    needed: () => 5,
    ...tagged("kms:key"),
  },
  {
    name: "vCPUs of instances",
    service: "ec2",
    code: "L-1216C47A",
    type: "aws:eks/cluster:Cluster",
    needed: nodeVcpus,
    own: (clusters, config) => clusters * nodeVcpus(config),
    used: standardVcpus,
  },
];

/** Why no quota is counted for the other types that the program makes; a test holds that each has one or the other. */
export const UNCOUNTED: Readonly<Record<string, string>> = {
  "aws:ec2/internetGateway:InternetGateway": "a VPC has one, and AWS raises this quota with that of VPCs",
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "AWS creates it with the VPC",
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": "AWS creates it with the VPC",
  "aws:ec2/route:Route": "each of the stack's tables has one, and room for 50",
  "aws:ec2/routeTableAssociation:RouteTableAssociation": "a subnet has one",
  "aws:ec2/flowLog:FlowLog": "the stack's VPC has one",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "one in a group with room for 60",
  "aws:kms/alias:Alias": "each of the stack's keys has one, and room for 50",
  "aws:iam/rolePolicy:RolePolicy": "its limit is the document's length, which the preview checks",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "each of the stack's roles has at most five, and room for ten",
  "aws:cloudwatch/logGroup:LogGroup": "a region has room for a million",
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy":
    "a region has room for ten, but neither Service Quotas nor the provider's functions report them: an exceeded quota fails their creation in the first minutes",
  "aws:eks/accessEntry:AccessEntry": "the stack's cluster has room for 1,000",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "each of the stack's entries has one, and room for 20",
  "aws:eks/addon:Addon": "the stack's cluster has one of each",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": "the stack's cluster has room for 5,000",
  "aws:secretsmanager/secret:Secret": "a region has room for 500,000",
  "aws:secretsmanager/secretVersion:SecretVersion": "each of the stack's secrets has room for 100",
  "aws:lb/listener:Listener": "the stack's load balancer has two, and room for 50",
  "aws:lb/listenerRule:ListenerRule": "the stack's load balancer has room for 100",
  "aws:acm/certificateValidation:CertificateValidation": "it does not exist at AWS",
  "aws:wafv2/webAclAssociation:WebAclAssociation": "the load balancer has one",
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "the web ACL has one",
  "aws:route53/record:Record": "the stack's zone has room for 10,000",
  "aws:route53/queryLog:QueryLog": "the zone has one",
  "aws:route53/keySigningKey:KeySigningKey": "the stack's zone has one, and room for two",
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": "the zone has one",
  "aws:s3/bucketPolicy:BucketPolicy": "the bucket has one",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "the bucket has one",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "the bucket has one",
  "aws:s3/bucketVersioning:BucketVersioning": "the bucket has one",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "the bucket has one, of at most 1,000 rules",
};

const idsSchema = z.object({ ids: z.array(z.string()) });
const filter = (name: string, ...values: readonly string[]) => ({ name, values });

async function mostGatewaysInOneZone({ aws, config }: PreflightContext): Promise<number> {
  const counts = config.network.zones.map(async (zone) => {
    const subnets = await aws.find("ec2/getSubnets", { filters: [filter("availability-zone", zone)] }, idsSchema);
    if (subnets === undefined || subnets.ids.length === 0) return 0;
    const filters = [filter("subnet-id", ...subnets.ids), filter("state", "pending", "available")];
    return (await aws.find("ec2/getNatGateways", { filters }, idsSchema))?.ids.length ?? 0;
  });
  return Math.max(0, ...(await Promise.all(counts)));
}

/** Families that share the quota "Running On-Demand Standard instances". */
const STANDARD = /^(a|c|d|h|i|im|is|m|r|t|z)\d/;
/** Each takes a call; an account with more has asked for its quotas long ago. */
const MOST_INSTANCES = 200;

/** Processors of running on-demand instances of the standard families; what is not checked counts two. */
async function standardVcpus({ aws }: PreflightContext): Promise<number> {
  const instanceStateNames = ["pending", "running"];
  const find = async (more: object) =>
    (await aws.find("ec2/getInstances", { instanceStateNames, ...more }, idsSchema))?.ids ?? [];
  const [all, spot] = await Promise.all([find({}), find({ filters: [filter("instance-lifecycle", "spot")] })]);
  const onDemand = all.filter((id) => !spot.includes(id));
  const typeSchema = z.object({ instanceType: z.string() });
  const types = await Promise.all(
    onDemand.slice(0, MOST_INSTANCES).map((instanceId) => aws.find("ec2/getInstance", { instanceId }, typeSchema)),
  );
  const standard = types.flatMap((found) => found?.instanceType ?? []).filter((type) => STANDARD.test(type));
  const sizeSchema = z.object({ defaultVcpus: z.number() });
  const sizes = await Promise.all(
    [...new Set(standard)].map(async (instanceType) => {
      const found = await aws.find("ec2/getInstanceType", { instanceType }, sizeSchema);
      return [instanceType, found?.defaultVcpus ?? NODE_VCPUS] as const;
    }),
  );
  const vcpusOf = new Map(sizes);
  const unseen = Math.max(0, onDemand.length - MOST_INSTANCES) * NODE_VCPUS;
  return standard.reduce((sum, type) => sum + (vcpusOf.get(type) ?? NODE_VCPUS), unseen);
}

const quotaSchema = z.object({ value: z.number() });

export const quotas: Check = {
  id: "aws-quotas",
  group: "Infrastructure",
  title: "AWS quotas",
  proves: "The account's quotas allow everything that the stack still has to create.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const findings = await Promise.all(QUOTAS.map((quota) => judge(quota, context)));
    const short = findings.filter(({ status }) => status === "fail");
    if (short.length === 0) return pass(findings.map(({ reason }) => reason).join(", "));
    return fail(short.map(({ reason }) => reason).join("; "), short.map(({ fix }) => fix).join("\n"));
  },
};

async function judge(quota: Quota, context: PreflightContext): Promise<Finding> {
  const { aws, config, state } = context;
  const { name, service, code, region = config.region, isLeast = false } = quota;
  const [limit, others = 0, { resources }] = await Promise.all([
    aws.find("servicequotas/getServiceQuota", { serviceCode: service, quotaCode: code, region }, quotaSchema),
    quota.used?.(context),
    state.read(),
  ]);
  if (limit === undefined) throw new Error(`AWS knows no quota ${service} ${code} (${name})`);
  const made = resources.filter(({ type }) => type === quota.type).length;
  const own = quota.used === undefined ? 0 : (quota.own?.(made, config) ?? made);
  const more = Math.max(0, quota.needed(config) - own);
  const counted = quota.used === undefined ? more : others;
  const reason = `${name} ${isLeast && counted > 0 ? "at least " : ""}${counted} of ${limit.value}`;
  if (others + more <= limit.value) return pass(reason);
  const wanted = `--service-code ${service} --quota-code ${code} --desired-value ${others + more}`;
  return fail(
    quota.used === undefined
      ? `${name}: ${more} needed, ${limit.value} allowed`
      : `${reason} used, ${more} more needed`,
    `aws service-quotas request-service-quota-increase --region ${region} ${wanted}`,
  );
}
