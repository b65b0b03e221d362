import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gte, valid } from "semver";
import { z } from "zod";
import { keptDocuments } from "../../../delivery/documents.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { boundaryArn } from "../../../stacks/permissions-boundary.ts";
import { type Finding, fail, pass } from "../check.ts";
import type { PhaseCheck, PhaseContext } from "./context.ts";

const identitySchema = z.object({ accountId: z.string(), arn: z.string() });

export const administrator: PhaseCheck = {
  id: "aws-account",
  group: "Infrastructure",
  title: "Account and administrator",
  proves: "The credentials are of the account that the config names, and not of its root user.",
  timeLimitSeconds: 60,
  run: async ({ aws, config }) => {
    const { accountId } = config;
    const found = await aws.find("index/getCallerIdentity", {}, identitySchema);
    const fix = `log in to account ${accountId}: aws sso login --profile <profile>, then export AWS_PROFILE=<profile>`;
    if (found?.accountId !== accountId)
      return fail(`the credentials are of account ${found?.accountId}; expected ${accountId}`, fix);
    if (found.arn.endsWith(":root"))
      return fail(`${found.arn} is the account's root user; expected a role for administrators`, fix);
    return pass(`${found.arn} of account ${accountId}`);
  },
};

/** The oldest Node that runs this program: it loads TypeScript without a build. */
const OLDEST_NODE = "22.18.0";
const OLDEST_PULUMI = "3.200.0";

export const programs: PhaseCheck = {
  id: "programs",
  group: "Infrastructure",
  title: "Node and Pulumi",
  proves: "Node is new enough, and Pulumi is on PATH.",
  timeLimitSeconds: 30,
  run: async ({ shellPulumi, nodeVersion }, signal) => {
    if (!gte(nodeVersion, OLDEST_NODE))
      return fail(`Node is ${nodeVersion}; expected ${OLDEST_NODE} or newer`, "npm rebuild node");
    const fix = "npm run tools, then put the folder of Pulumi that it prints on PATH";
    const asked = await shellPulumi(["version"], { signal }).catch(() => undefined);
    if (asked === undefined || asked.code !== 0) return fail("there is no pulumi on PATH", fix);
    const version = asked.stdout.trim().replace(/^v/, "");
    if (valid(version) === null || !gte(version, OLDEST_PULUMI))
      return fail(`pulumi is ${version}; expected ${OLDEST_PULUMI} or newer`, fix);
    return pass(`Node ${nodeVersion}, Pulumi ${version}`);
  },
};

export const deliveryConfig: PhaseCheck = {
  id: "delivery-config",
  group: "Infrastructure",
  title: "Config of the stack and its delivery",
  proves:
    "Both configs can be read and name the same account and region; the stack's config names its permissions boundary, its administrators include the deploying role, and its readers or administrators the planning one.",
  timeLimitSeconds: 10,
  run: async (context) => {
    try {
      const problems = disagreements(context);
      const { stack } = context.delivered();
      if (problems.length > 0) return fail(problems.map(({ text }) => text).join("; "), fixesOf(problems));
      return pass(`Pulumi.${context.stack}.yaml and delivery/Pulumi.${stack}.yaml agree`);
    } catch (error) {
      if (error instanceof DeployError && error.code === "SPARKI_CONFIG")
        return fail(error.message, error.hint ?? "edit the file, and run it again");
      throw error;
    }
  },
};

interface Problem {
  readonly text: string;
  readonly fix: string;
}

function fixesOf(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ fix }) => fix))].join("\n");
}

/** The roles of GitHub's jobs, as delivery names them. */
export function rolesOf(stack: string, accountId: string): { readonly deploys: string; readonly plans: string } {
  const role = (does: string) => `arn:aws:iam::${accountId}:role/${does}-sparki-${stack}`;
  return { deploys: role("deploys"), plans: role("plans") };
}

/** The ARN of the role of a stack's scheduled restore drills. */
export function drillingRoleOf(stack: string, accountId: string): string {
  return `arn:aws:iam::${accountId}:role/drills-sparki-${stack}`;
}

function disagreements({ stack, config, delivered }: PhaseContext): Problem[] {
  const { stack: name, config: delivery } = delivered();
  const file = `delivery/Pulumi.${name}.yaml`;
  const { accountId, region, permissionsBoundary } = config;
  const problems: Problem[] = [];
  if (!delivery.stacks.includes(stack))
    problems.push({
      text: `sparki-delivery:stacks is ${JSON.stringify(delivery.stacks)}; expected ${stack} among them`,
      fix: `edit ${file}: sparki-delivery:stacks`,
    });
  if (delivery.accountId !== accountId)
    problems.push({
      text: `delivery is for account ${delivery.accountId}; expected ${accountId}, which Pulumi.${stack}.yaml names`,
      fix: `edit ${file}: sparki-delivery:accountId`,
    });
  if (delivery.region !== region)
    problems.push({
      text: `delivery is in ${delivery.region}; expected ${region}, which Pulumi.${stack}.yaml names`,
      fix: `edit ${file}: sparki-delivery:region`,
    });
  const boundary = boundaryArn({ stack, accountId });
  if (permissionsBoundary !== boundary)
    problems.push({
      text: `sparki:permissionsBoundary is ${permissionsBoundary ?? "not set"}; expected ${boundary}`,
      fix: `pulumi config set sparki:permissionsBoundary ${boundary} --stack ${stack}`,
    });
  const { administrators, readers } = config.cluster;
  const { deploys, plans } = rolesOf(stack, accountId);
  // After a deployment by Pulumi Cloud the planning role verifies, and that makes a job in the cluster.
  const mayPlan = delivery.pulumiCloud === undefined ? [...administrators, ...readers] : administrators;
  const missing = [...(administrators.includes(deploys) ? [] : [deploys]), ...(mayPlan.includes(plans) ? [] : [plans])];
  if (missing.length > 0)
    problems.push({
      text: `sparki:cluster is without ${missing.join(" and ")}: the cluster would refuse what they do`,
      fix: `edit Pulumi.${stack}.yaml: add ${deploys} to sparki:cluster.administrators, and ${plans} to ${delivery.pulumiCloud === undefined ? "sparki:cluster.readers" : "the same list"}`,
    });
  return problems;
}

export const documents: PhaseCheck = {
  id: "delivery-documents",
  group: "Infrastructure",
  title: "IAM documents",
  proves: "The IAM documents in delivery/documents are those of the stack's config.",
  timeLimitSeconds: 10,
  run: async (context) => {
    const { stack, projectDirectory, files, delivered } = context;
    const place = delivered().config.places.find((each) => each.stack === stack);
    if (place === undefined) throw new DeployError("SPARKI_CONFIG", `delivery's config does not name ${stack}`);
    const wanted = Object.entries(keptDocuments(place, place.repository));
    const stale = wanted.filter(([file, document]) => {
      const text = files.read(join(projectDirectory, "delivery", "documents", file));
      return text === undefined || !isSame(text, document);
    });
    const finding: Finding = pass(`${wanted.length} documents are current`);
    return stale.length === 0
      ? finding
      : fail(
          `${stale.map(([file]) => file).join(", ")}: not as the config would have it`,
          "npm run deploying-role, then commit",
        );
  },
};

function isSame(text: string, document: object): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(document)));
  } catch {
    return false;
  }
}
