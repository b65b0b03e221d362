import { z } from "zod";
import { DeployError } from "../../../stacks/deploy-error.ts";
import { type Check, type Finding, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const identitySchema = z.object({ accountId: z.string(), arn: z.string() });
const regionSchema = z.object({ region: z.string() });

export const credentials: Check = {
  id: "aws-credentials",
  group: "Infrastructure",
  title: "AWS credentials, account and region",
  proves: "The credentials work and belong to the stack's own account, and its region answers.",
  timeLimitSeconds: 30,
  run: lookWho,
};

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
    return pass(`${identity.arn} in ${region}`);
  } catch (error) {
    if (error instanceof DeployError)
      return fail(error.message, error.hint === undefined ? fix : `${error.hint}; or ${fix}`);
    throw error;
  }
}
