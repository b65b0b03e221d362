import { z } from "zod";
import { type Check, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

/** A name that the stack gives to what nobody else may call so. */
interface Taken {
  readonly what: string;
  readonly name: string;
  /** Pulumi's type of it, and the input that bears the name. */
  readonly own: readonly [type: string, property: string];
  readonly look: readonly [token: string, args: Readonly<Record<string, unknown>>];
  readonly release: string;
}

/** The names of what would fail in mid-deployment, with what frees each. */
function names({ stack, config }: PreflightContext): readonly Taken[] {
  const [cluster, database, cache] = [`sparki-${stack}`, `sparki-${stack}-database`, `sparki-${stack}-cache`];
  const logs = `/aws/eks/${cluster}/cluster`;
  const bucket = `sparki-${stack}-access-logs-${config.accountId}`;
  const at = `--region ${config.region}`;
  return [
    {
      what: "EKS cluster",
      name: cluster,
      own: ["aws:eks/cluster:Cluster", "name"],
      look: ["eks/getCluster", { name: cluster }],
      release: `aws eks delete-cluster ${at} --name ${cluster}`,
    },
    {
      what: "database",
      name: database,
      own: ["aws:rds/instance:Instance", "identifier"],
      look: ["rds/getInstance", { dbInstanceIdentifier: database }],
      release: `aws rds delete-db-instance ${at} --db-instance-identifier ${database}`,
    },
    {
      what: "replication group",
      name: cache,
      own: ["aws:elasticache/replicationGroup:ReplicationGroup", "replicationGroupId"],
      look: ["elasticache/getReplicationGroup", { replicationGroupId: cache }],
      release: `aws elasticache delete-replication-group ${at} --replication-group-id ${cache}`,
    },
    {
      what: "load balancer",
      name: cluster,
      own: ["aws:lb/loadBalancer:LoadBalancer", "name"],
      look: ["lb/getLoadBalancer", { name: cluster }],
      release: `aws elbv2 describe-load-balancers ${at} --names ${cluster}, and delete it`,
    },
    {
      what: "bucket",
      name: bucket,
      own: ["aws:s3/bucket:Bucket", "bucket"],
      look: ["s3/getBucket", { bucket }],
      release: `aws s3 rb s3://${bucket}, once nothing in it is needed`,
    },
    {
      // EKS writes its last lines after the group is gone, and makes it again.
      what: "log group",
      name: logs,
      own: ["aws:cloudwatch/logGroup:LogGroup", "name"],
      look: ["cloudwatch/getLogGroup", { name: logs }],
      release: `aws logs delete-log-group ${at} --log-group-name ${logs}`,
    },
  ];
}

export const takenNames: Check = {
  id: "aws-names",
  group: "Infrastructure",
  title: "Names at AWS",
  proves: "What the stack's resources are called is free, or the stack's own.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const { aws, state } = context;
    const [all, { resources, pending }] = [names(context), await state.read()];
    const isOwn = ({ own: [type, property], name }: Taken) =>
      resources.some((each) => each.type === type && each.inputs[property] === name) ||
      // What an interrupted update was making is the stack's own, and is taken over.
      pending.some(({ urn }) => urn.includes(`${type}::`));
    const wanted = all.filter((each) => !isOwn(each));
    const found = await Promise.all(wanted.map(({ look: [token, args] }) => aws.find(token, args, z.unknown())));
    const taken = wanted.filter((_, index) => found[index] !== undefined);
    if (taken.length === 0)
      return pass(`${wanted.length} names are free, ${all.length - wanted.length} the stack's own`);
    return fail(
      taken.map(({ what, name }) => `there is a ${what} ${name} that this stack did not make`).join("; "),
      taken.map(({ release }) => release).join("\n"),
    );
  },
};
