import { z } from "zod";
import { DeployError } from "../../../shared/deploy-error.ts";
import { type Check, type Finding, fail, pass, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const identitySchema = z.object({ accountId: z.string(), arn: z.string() });
const regionSchema = z.object({ region: z.string() });

export const credentials: Check = {
  id: "aws-credentials",
  group: "Infrastructure",
  title: "AWS credentials, account and region",
  proves: "The credentials work, belong to the stack's own account and may enter its cluster, and its region answers.",
  timeLimitSeconds: 30,
  run: lookWho,
};

const ADMINISTRATORS = "deploy as one of them, or add the role to sparki:cluster.administrators";

/** The role's or the user's name: an assumed role's ARN has its session behind it, and no path before. */
function nameIn(arn: string): string | undefined {
  const [kind = "", ...names] = arn.slice(arn.lastIndexOf(":") + 1).split("/");
  return kind === "assumed-role" ? names[0] : names.at(-1);
}

async function lookWho({ aws, config }: PreflightContext): Promise<Finding> {
  const { accountId, region } = config;
  const fix = `log in to account ${accountId}: aws sso login --profile <profile>, then export AWS_PROFILE=<profile>`;
  try {
    const [identity, place] = await Promise.all([
      aws.find("index/getCallerIdentity", {}, identitySchema),
      aws.find("index/getRegion", {}, regionSchema),
    ]);
    if (identity?.accountId !== accountId)
      return fail(`the credentials are of account ${identity?.accountId}; expected ${accountId}`, fix);
    if (place?.region !== region) return fail(`the look-ups went to ${place?.region}; expected ${region}`, fix);
    if (!config.cluster.administrators.some((principal) => nameIn(principal) === nameIn(identity.arn)))
      return warn(
        `${identity.arn} is none of sparki:cluster.administrators: the cluster will not let it in`,
        ADMINISTRATORS,
      );
    return pass(`${identity.arn} in ${region}`);
  } catch (error) {
    if (error instanceof DeployError)
      return fail(error.message, error.hint === undefined ? fix : `${error.hint}; or ${fix}`);
    throw error;
  }
}
