import { z } from "zod";
import { type Check, pass, warn } from "../check.ts";

/** Roles that services make for themselves in an account, with the first resource of a kind. */
const SERVICE_ROLES: Readonly<Record<string, string>> = {
  AWSServiceRoleForAmazonEKS: "eks.amazonaws.com",
  AWSServiceRoleForElastiCache: "elasticache.amazonaws.com",
  AWSServiceRoleForElasticLoadBalancing: "elasticloadbalancing.amazonaws.com",
  AWSServiceRoleForRDS: "rds.amazonaws.com",
  AWSServiceRoleForWAFV2Logging: "wafv2.amazonaws.com",
};
const roleSchema = z.object({ arn: z.string() });

export const serviceRoles: Check = {
  id: "aws-service-roles",
  group: "Infrastructure",
  title: "Service-linked roles",
  proves: "The services' own roles are in the account, so that no creation has to wait for one.",
  timeLimitSeconds: 30,
  run: async ({ aws, state }) => {
    const names = Object.keys(SERVICE_ROLES);
    const [found, { resources }] = await Promise.all([
      Promise.all(names.map((name) => aws.find("iam/getRole", { name }, roleSchema))),
      state.read(),
    ]);
    const missing = names.filter((_, index) => found[index] === undefined);
    if (missing.length === 0) return pass(`${names.length} roles`);
    // Whatever exists has its role already, whoever may read it.
    if (resources.some(({ type }) => type === "aws:eks/cluster:Cluster"))
      return pass(`${names.length - missing.length} roles; the rest came with what is deployed`);
    const commands = missing.map(
      (name) => `aws iam create-service-linked-role --aws-service-name ${SERVICE_ROLES[name]}`,
    );
    return warn(
      `the account has no ${missing.join(", ")}: AWS makes each with the first resource that needs it, which may then fail once`,
      commands.join("\n"),
    );
  },
};
