import { z } from "zod";
import type { CommandRunner } from "../../io/child-command.ts";
import { DeployError } from "../../shared/deploy-error.ts";

const groupsSchema = z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) });

/** The names of the log groups of the region's RDS instances, by the AWS command line; throws SPARKI_OUTSIDE without an answer. */
export async function databaseLogGroups(
  aws: CommandRunner,
  { region }: { readonly region: string },
): Promise<string[]> {
  const prefix = ["--log-group-name-prefix", "/aws/rds/instance/sparki-"];
  const { code, stdout, stderr } = await aws([
    ...["logs", "describe-log-groups", ...prefix, "--region", region, "--output", "json"],
  ]);
  const answer = code === 0 ? groupsSchema.safeParse(documentIn(stdout)) : undefined;
  if (answer?.success === true) return answer.data.logGroups.map(({ logGroupName }) => logGroupName);
  const said = stderr.trim().split("\n")[0] || `exit code ${code}`;
  throw new DeployError("SPARKI_OUTSIDE", `aws logs describe-log-groups: ${said}`, {
    hint: "aws sts get-caller-identity",
  });
}

function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
