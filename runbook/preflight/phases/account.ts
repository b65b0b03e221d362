import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gte, valid } from "semver";
import { z } from "zod";
import { ISSUER, keptDocuments } from "../../../delivery/documents.ts";
import {
  cacheEventsTopicOf,
  DELIVERY_OWNER,
  STATE_KEY_ALIAS,
  secretsAliasOf,
  stateBucketOf,
} from "../../../delivery/names.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { boundaryArn } from "../../../stacks/stack-name.ts";
import { type Finding, fail, pass } from "../check.ts";
import { saidByCli } from "../context.ts";
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

const bucketSchema = z.object({ bucket: z.string() });
const readSchema = z.object({ properties: z.string() });
/** As CloudFormation's schema of the type has it: what is not set is not there. */
const settingsSchema = z.object({
  VersioningConfiguration: z.object({ Status: z.string() }).optional(),
  BucketEncryption: z
    .object({
      ServerSideEncryptionConfiguration: z.array(
        z.object({ ServerSideEncryptionByDefault: z.object({ SSEAlgorithm: z.string() }).optional() }),
      ),
    })
    .optional(),
  PublicAccessBlockConfiguration: z
    .object({
      BlockPublicAcls: z.boolean().default(false),
      BlockPublicPolicy: z.boolean().default(false),
      IgnorePublicAcls: z.boolean().default(false),
      RestrictPublicBuckets: z.boolean().default(false),
    })
    .optional(),
});

const NOT_YET = "npx sparki bootstrap";
const again = (stack: string) => `npx sparki bootstrap --stack ${stack}, which shows the difference and applies it`;

export const stateBucket: PhaseCheck = {
  id: "state-bucket",
  group: "Infrastructure",
  title: "Bucket of the states",
  proves: "The bucket of the states exists, keeps versions, is encrypted by KMS, and admits no public access.",
  timeLimitSeconds: 60,
  run: async ({ aws, stack, delivered }) => {
    const bucket = stateBucketOf(delivered().config.accountId);
    const found = await aws.find("s3/getBucket", { bucket }, bucketSchema);
    if (found === undefined) return fail(`there is no bucket ${bucket}`, `${NOT_YET} --stack ${stack}`);
    const asked = { typeName: "AWS::S3::Bucket", identifier: bucket };
    const read = await aws.find("cloudcontrol/getResource", asked, readSchema);
    if (read === undefined) throw new DeployError("SPARKI_OUTSIDE", `AWS does not tell the settings of ${bucket}`);
    const wrong = problemsOf(settingsSchema.parse(JSON.parse(read.properties)));
    return wrong.length === 0
      ? pass(`${bucket} keeps versions, is encrypted by KMS and private`)
      : fail(`${bucket} ${wrong.join(", ")}`, again(stack));
  },
};

function problemsOf(settings: z.infer<typeof settingsSchema>): string[] {
  const { VersioningConfiguration, BucketEncryption, PublicAccessBlockConfiguration: block } = settings;
  const sse = BucketEncryption?.ServerSideEncryptionConfiguration[0]?.ServerSideEncryptionByDefault?.SSEAlgorithm;
  const isPrivate = block !== undefined && Object.values(block).every(Boolean);
  return [
    ...(VersioningConfiguration?.Status === "Enabled" ? [] : ["keeps no versions"]),
    ...(sse?.startsWith("aws:kms") ? [] : [`is encrypted by ${sse ?? "nothing"}; expected KMS`]),
    ...(isPrivate ? [] : ["does not block public access"]),
  ];
}

const aliasSchema = z.object({ targetKeyId: z.string() });

export const stateKeys: PhaseCheck = {
  id: "state-keys",
  group: "Infrastructure",
  title: "Keys of the states",
  proves: "The KMS keys of the bucket and of each stack's secrets exist.",
  timeLimitSeconds: 60,
  run: async ({ aws, stack, delivered }) => {
    const owners = [...delivered().config.stacks, DELIVERY_OWNER];
    const names = [STATE_KEY_ALIAS, ...owners.map(secretsAliasOf)].map((name) => `alias/${name}`);
    const found = await Promise.all(names.map((name) => aws.find("kms/getAlias", { name }, aliasSchema)));
    return present("key", names, found, stack);
  },
};

const arnSchema = z.object({ arn: z.string() });

export const deliveryRoles: PhaseCheck = {
  id: "delivery-roles",
  group: "Infrastructure",
  title: "GitHub's provider, roles and boundary",
  proves:
    "GitHub's identity provider, the deploying and the planning role of each stack, their permissions boundary and the break-glass role exist.",
  timeLimitSeconds: 60,
  run: async ({ aws, stack, delivered }) => {
    const { accountId, stacks } = delivered().config;
    const provider = `arn:aws:iam::${accountId}:oidc-provider/${ISSUER}`;
    const roles = stacks.flatMap((each) => Object.values(rolesOf(each, accountId)));
    const names = [...roles.map((arn) => arn.slice(arn.lastIndexOf("/") + 1)), "break-glass-sparki"];
    const boundaries = stacks.map((each) => boundaryArn({ stack: each, accountId }));
    const found = await Promise.all([
      aws.find("iam/getOpenIdConnectProvider", { arn: provider }, arnSchema),
      ...names.map((name) => aws.find("iam/getRole", { name }, arnSchema)),
      ...boundaries.map((arn) => aws.find("iam/getPolicy", { arn }, arnSchema)),
    ]);
    return present("role, policy or provider", [provider, ...names, ...boundaries], found, stack);
  },
};

function present(kind: string, names: readonly string[], found: readonly unknown[], stack: string): Finding {
  const missing = names.filter((_, index) => found[index] === undefined);
  return missing.length === 0
    ? pass(`all ${names.length} exist`)
    : fail(`there is no ${kind} ${missing.join(", ")}`, again(stack));
}

const subscriptionsSchema = z.object({
  Subscriptions: z.array(z.object({ Endpoint: z.string(), SubscriptionArn: z.string() })),
});

export const mails: PhaseCheck = {
  id: "mails-confirmed",
  group: "Communication",
  title: "Mails of alarms",
  proves:
    "Everyone in sparki-delivery:alarms.emails has confirmed the subscriptions to alarms and to the caches' events.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { accountId, region, alarms } = context.delivered().config;
    const confirmedOf = async (topic: string) => {
      const asked = ["sns", "list-subscriptions-by-topic", "--topic-arn", topic, "--region", region];
      const { Subscriptions } = subscriptionsSchema.parse(await askedByCli(context, asked, signal));
      return Subscriptions.filter(({ SubscriptionArn }) => SubscriptionArn.startsWith("arn:"));
    };
    const topics = [`arn:aws:sns:${region}:${accountId}:alarms-sparki`, cacheEventsTopicOf(accountId, region)];
    const confirmed = await Promise.all(topics.map(confirmedOf));
    const open = alarms.emails.filter((email) =>
      confirmed.some((subscriptions) => !subscriptions.some(({ Endpoint }) => Endpoint === email)),
    );
    return open.length === 0
      ? pass(`${alarms.emails.length} confirmed`)
      : fail(
          `not confirmed by ${open.join(", ")}`,
          "follow the link in AWS's mail; a link is good for 48 hours, after that: aws sns subscribe sends another",
        );
  },
};

/**
 * What the AWS command line answers as JSON, for what no function of the provider tells. Throws SPARKI_OUTSIDE where there
 * is none, or it was refused: then nothing is known.
 */
export async function askedByCli(
  { commands, isRehearsal }: Pick<PhaseContext, "commands" | "isRehearsal">,
  args: readonly string[],
  signal: AbortSignal,
): Promise<unknown> {
  const question = `aws ${args.slice(0, 2).join(" ")}`;
  if (isRehearsal)
    throw new DeployError("SPARKI_OUTSIDE", `${question} asks AWS itself, which a rehearsal does not have`, {
      hint: "check it in the account itself",
    });
  const said = await saidByCli(commands, args, signal);
  if ("answer" in said) return said.answer;
  throw new DeployError("SPARKI_OUTSIDE", `${question}: ${said.refusal.split("\n").at(-1)}`, {
    hint: `aws ${args.join(" ")}`,
  });
}
