import { z } from "zod";
import type { StackConfig } from "../../../stacks/schema.ts";
import { type Check, type Finding, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

/** A limit of the account that a stack runs into, with how to count what is used. */
interface Quota {
  readonly name: string;
  readonly service: string;
  readonly code: string;
  /** The function that lists what counts, and the list in its answer. */
  readonly list: readonly [name: string, key: string];
  /** Pulumi's type of what counts. */
  readonly type: string;
  /** How much one of the list counts, at the least. @default 1 */
  readonly weight?: number;
  /** How much one of the stack's own counts. @default 1 */
  ownWeight?(config: StackConfig): number;
  needed(config: StackConfig): number;
}

const NODE_VCPUS = 2;
const nodeVcpus = ({ network }: StackConfig) => network.zones.length * NODE_VCPUS;

const QUOTAS: readonly Quota[] = [
  {
    name: "VPCs",
    service: "vpc",
    code: "L-F678F1CE",
    list: ["ec2/getVpcs", "ids"],
    type: "aws:ec2/vpc:Vpc",
    needed: () => 1,
  },
  {
    name: "Elastic IPs",
    service: "ec2",
    code: "L-0263D0A3",
    list: ["ec2/getEips", "allocationIds"],
    type: "aws:ec2/eip:Eip",
    needed: ({ network }) => (network.natGateways === "one" ? 1 : network.zones.length),
  },
  {
    name: "EKS clusters",
    service: "eks",
    code: "L-1194D53C",
    list: ["eks/getClusters", "names"],
    type: "aws:eks/cluster:Cluster",
    needed: () => 1,
  },
  {
    name: "RDS instances",
    service: "rds",
    code: "L-7B6409FD",
    list: ["rds/getInstances", "instanceIdentifiers"],
    type: "aws:rds/instance:Instance",
    needed: () => 1,
  },
  {
    // The list has network load balancers too, which count elsewhere: too many rather than too few.
    name: "load balancers",
    service: "elasticloadbalancing",
    code: "L-53DA6B97",
    list: ["lb/getLbs", "arns"],
    type: "aws:lb/loadBalancer:LoadBalancer",
    needed: () => 1,
  },
  {
    // Auto Mode makes the nodes itself: one in each zone at the least, of no fewer than two processors.
    name: "vCPUs of instances",
    service: "ec2",
    code: "L-1216C47A",
    list: ["ec2/getInstances", "ids"],
    type: "aws:eks/cluster:Cluster",
    weight: NODE_VCPUS,
    ownWeight: nodeVcpus,
    needed: nodeVcpus,
  },
];

const quotaSchema = z.object({ value: z.number() });

export const quotas: Check = {
  id: "aws-quotas",
  group: "Infrastructure",
  title: "AWS quotas",
  proves: "The account has room for what the stack does not have yet.",
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
  const [name, key] = quota.list;
  const [limit, listed, { resources }] = await Promise.all([
    aws.find("servicequotas/getServiceQuota", { serviceCode: quota.service, quotaCode: quota.code }, quotaSchema),
    aws.find(name, {}, z.object({ [key]: z.array(z.string()) })),
    state.read(),
  ]);
  if (limit === undefined) throw new Error(`AWS knows no quota ${quota.service} ${quota.code} (${quota.name})`);
  const used = (listed?.[key]?.length ?? 0) * (quota.weight ?? 1);
  const own = resources.filter(({ type }) => type === quota.type).length * (quota.ownWeight?.(config) ?? 1);
  const more = Math.max(0, quota.needed(config) - own);
  const reason = `${quota.name} ${used} of ${limit.value}`;
  if (used + more <= limit.value) return pass(reason);
  const wanted = `--service-code ${quota.service} --quota-code ${quota.code} --desired-value ${used + more}`;
  return fail(
    `${reason} used, ${more} more needed`,
    `aws service-quotas request-service-quota-increase --region ${config.region} ${wanted}`,
  );
}
