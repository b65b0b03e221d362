import { z } from "zod";
import { fail, pass, skipped, warn } from "../preflight/check.ts";
import { secrets } from "../preflight/checks/secrets.ts";
import type { DiagnosisContext, Examination } from "./examination.ts";
import { numberOf } from "./examination.ts";

const PORT = 5432;
const MAX_USED_RATIO = 0.9;
const MAX_FAILED_RATIO = 0.01;

const instanceSchema = z.object({ address: z.string(), vpcSecurityGroups: z.array(z.string()) });
const clusterSchema = z.object({ vpcConfig: z.object({ clusterSecurityGroupId: z.string() }) });
const rulesSchema = z.object({ ids: z.array(z.string()) });
const ruleSchema = z.object({
  isEgress: z.boolean(),
  fromPort: z.number().nullish(),
  toPort: z.number().nullish(),
  referencedSecurityGroupId: z.string().nullish(),
});

function findInstance({ aws, stack }: DiagnosisContext) {
  return aws.find("rds/getInstance", { dbInstanceIdentifier: `sparki-${stack}-database` }, instanceSchema);
}

export const secretsPresent: Examination = {
  id: "secrets",
  topics: ["database", "errors"],
  title: "Secrets",
  timeLimitSeconds: secrets.timeLimitSeconds,
  run: (context, signal) => secrets.run(context, signal),
};

export const databaseName: Examination = {
  id: "database-name",
  topics: ["database"],
  title: "Database name",
  timeLimitSeconds: 30,
  run: async (context) => {
    const instance = await findInstance(context);
    const describe = `aws rds describe-db-instances --db-instance-identifier sparki-${context.stack}-database`;
    if (instance === undefined) return fail("there is no database", describe);
    const addresses = await context.names.addressesOf(instance.address);
    if (addresses.length > 0) return pass(`${instance.address} is ${addresses.join(", ")}`);
    return fail(`${instance.address} has no address: the instance is not up`, describe);
  },
};

export const databaseAccess: Examination = {
  id: "database-access",
  topics: ["database"],
  title: "Database security group",
  timeLimitSeconds: 45,
  run: async (context) => {
    const { aws, stack } = context;
    const [instance, cluster] = await Promise.all([
      findInstance(context),
      aws.find("eks/getCluster", { name: `sparki-${stack}` }, clusterSchema),
    ]);
    if (instance === undefined || cluster === undefined) return skipped("there is no database or no cluster");
    const pods = cluster.vpcConfig.clusterSecurityGroupId;
    const groups = instance.vpcSecurityGroups;
    if (await letsIn(context, groups, pods)) return pass(`${groups.join(", ")} lets ${pods} in on port ${PORT}`);
    return fail(
      `${groups.join(", ")} does not let the cluster's pods (${pods}) in on port ${PORT}`,
      `pulumi refresh --stack ${stack}, then deploy; who changed it: aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=${groups[0]}`,
    );
  },
};

async function letsIn({ aws }: DiagnosisContext, groups: readonly string[], peer: string): Promise<boolean> {
  const filters = [{ name: "group-id", values: groups }];
  const listed = await aws.find("vpc/getSecurityGroupRules", { filters }, rulesSchema);
  const looks = (listed?.ids ?? []).map((securityGroupRuleId) =>
    aws.find("vpc/getSecurityGroupRule", { securityGroupRuleId }, ruleSchema),
  );
  return (await Promise.all(looks)).some(
    (rule) =>
      rule !== undefined &&
      !rule.isEgress &&
      rule.referencedSecurityGroupId === peer &&
      (rule.fromPort ?? 0) <= PORT &&
      PORT <= (rule.toPort ?? 65_535),
  );
}

export const databaseConnections: Examination = {
  id: "database-connections",
  topics: ["database", "latency"],
  title: "Database connections",
  timeLimitSeconds: 20,
  run: async ({ metrics, stack }) => {
    const series = `namespace="sparki-engine",stack="${stack}"`;
    const [active, most, waiting] = await Promise.all([
      numberOf(metrics, `sum(database_connections{${series},state="active"})`),
      numberOf(metrics, `sum(database_connections_max{${series}})`),
      numberOf(metrics, `sum(database_connection_waiters{${series}})`),
    ]);
    if (active === undefined || most === undefined || most === 0)
      return skipped("the engine's metrics have no data on its connections");
    const told = `${active} of ${most} connections are in use, ${waiting ?? 0} requests wait for one`;
    const next =
      "npx sparki rollback if they grew with the newest release; otherwise find the statement that holds them";
    if (active / most > MAX_USED_RATIO) return fail(told, next);
    return waiting === undefined || waiting === 0 ? pass(told) : warn(told, next);
  },
};

export const databaseErrors: Examination = {
  id: "database-errors",
  topics: ["database", "errors"],
  title: "Failed queries",
  timeLimitSeconds: 20,
  run: async ({ metrics, stack }) => {
    const rate = (more: string) =>
      `sum(rate(database_queries_total{namespace="sparki-engine",stack="${stack}"${more}}[5m]))`;
    const ratio = await numberOf(metrics, `(${rate(',result="error"')} or vector(0)) / (${rate("")} > 0)`);
    if (ratio === undefined) return skipped("the engine's metrics have no data on its queries");
    const told = `${(ratio * 100).toFixed(2)} % of queries failed in the last 5 minutes`;
    const next = "kubectl logs -n sparki-engine -l app.kubernetes.io/name=sparki-engine --tail=100 | grep ERROR";
    return ratio > MAX_FAILED_RATIO ? fail(told, next) : pass(told);
  },
};
