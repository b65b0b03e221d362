import { z } from "zod";
import { ISSUER } from "../../../delivery/documents.ts";
import {
  cacheEventsTopicOf,
  DELIVERY_OWNER,
  STATE_KEY_ALIAS,
  secretsAliasOf,
  stateBucketOf,
} from "../../../delivery/names.ts";
import type { CommandRunner } from "../../../io/child-command.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { boundaryArn } from "../../../stacks/permissions-boundary.ts";
import { type Finding, fail, pass } from "../check.ts";
import { rolesOf } from "./account.ts";
import type { PhaseCheck, PhaseContext } from "./context.ts";

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
  const { code, stdout, stderr } = await run(commands.aws, [...args, "--output", "json"], signal);
  if (code === 0) return JSON.parse(stdout);
  throw new DeployError("SPARKI_OUTSIDE", `${question}: ${stderr.trim().split("\n").at(-1) || `ended with ${code}`}`, {
    hint: `aws ${args.join(" ")}`,
  });
}

async function run(aws: CommandRunner, args: readonly string[], signal: AbortSignal) {
  return aws(args, { signal }).catch((cause: unknown) => {
    throw new DeployError("SPARKI_OUTSIDE", "there is no aws on PATH", {
      hint: "install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
      cause,
    });
  });
}
