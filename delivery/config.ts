import { z } from "zod";
import { configError, decode } from "../stacks/config.ts";
import { type ConfigProblem, expectation, mustBeSecret, problemsOf } from "../stacks/config-problems.ts";
import { accountId, digestReference, distinct, owner, pattern, principal, region, whole } from "../stacks/fields.ts";
import { type DeliveredPlace, numberedOf, places, withoutNumbers } from "./places.ts";
import { pullRequestOf } from "./review-stack.ts";

const NAMESPACE = "sparki-delivery";
const PLACE = { namespace: NAMESPACE, folder: "delivery" };

const email = pattern(
  /^[^\s@<>()]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/i,
  "an address of mail such as platform@example.com",
);
const stackName = pattern(/^[a-z]([a-z0-9]|-(?!-))*$/, "the name of a stack of the deployment, such as prod");
const id = (prefix: string) =>
  pattern(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `an id such as ${prefix}-0a1b2c3d4e5f67890`);

/** Five fields of digits, `*`, lists, ranges and steps, as cron has them. */
const cron = pattern(/^[\d*/,-]+( [\d*/,-]+){4}$/, 'a cron schedule in UTC of five fields, such as "17 5 * * *"');

/** Deployments by Pulumi Cloud, in place of GitHub's. */
const pulumiCloudSchema = z.strictObject({
  /** As Pulumi Cloud's addresses name it. */
  organization: pattern(
    /^[a-z0-9][a-z0-9_-]{0,39}$/,
    "an organization of Pulumi Cloud, in lower case as in app.pulumi.com/<organization>",
  ),
  /** Pulumi's identity provider can be in an account once: `existing` uses the one that is there. */
  identityProvider: z.enum(["make", "existing"]).default("make"),
  /** What deployments run in: it has Node 24, Pulumi, Git and Bash. */
  image: digestReference,
  /** Stacks that each push to `main` deploys, approved by no one; of others a person begins each deployment. */
  deployOnPush: distinct(stackName, 0, 10).default([]),
  /** When AWS is compared with the state. */
  drift: cron.default("17 5 * * *"),
  /** Stacks that are destroyed at a time, and gone from Pulumi Cloud after it. */
  endings: z
    .array(
      z.strictObject({
        stack: stackName,
        at: z.iso.datetime("a time in UTC such as 2026-12-24T18:00:00Z"),
        /** Of a pull request's own stack, `pr-<number>`: what is reviewed, and who has it. */
        review: z
          .strictObject({
            branch: pattern(
              /^(?!main$)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/,
              "the pull request's branch of this repository, of letters, digits and _./-",
            ),
            by: pattern(/^@[\w-]{1,39}$/, "a person's handle at GitHub such as @alexarno"),
          })
          .exactOptional(),
      }),
    )
    .max(10)
    .default([]),
});

/** What one account's delivery can be configured to; what is not named here is refused. */
const schema = z.strictObject({
  /** Who answers for the account: a tag on everything. */
  owner,
  accountId,
  region,
  /** The deployment's stacks that live in this account, each with a config of its own beside `Pulumi.yaml`. */
  stacks: distinct(stackName, 1, 10),
  /** False lifts the protection from deletion, for an account that is about to be given up. */
  protection: z.boolean().default(true),
  /** GitHub's identity provider can be in an account once: `existing` uses the one that is there. */
  githubProvider: z.enum(["make", "existing"]).default("make"),
  /**
   * Of repositories that GitHub's tokens name with its own numbers, which is every one made, renamed or moved since
   * 2026-07-15: the same as the tokens have it. @default they are named without them
   */
  repositories: distinct(
    pattern(
      /^[A-Za-z0-9-]{1,39}@[1-9]\d{0,15}\/[\w.-]{1,100}@[1-9]\d{0,15}$/,
      "a repository with GitHub's numbers such as alexarno@1234/sparki-deploy@5678",
    ),
    0,
    10,
  ).default([]),
  state: z.strictObject({
    /** How long an overwritten or deleted state can be brought back. */
    versionDays: whole(30, 3650).default(365),
    /** Where every version is copied to. @default nowhere */
    replicaRegion: region.exactOptional(),
  }),
  breakGlass: z.strictObject({
    /** Who may take the role, with a second factor. */
    principals: distinct(principal, 1, 20),
  }),
  alarms: z.strictObject({ emails: distinct(email, 1, 10) }),
  budget: z.strictObject({ monthlyUsd: whole(1, 10_000_000) }),
  /** What an account has once: true makes it, false leaves what there is, or an organization's. */
  watch: z.strictObject({ cloudTrail: z.boolean(), guardDuty: z.boolean(), config: z.boolean() }),
  /** @default GitHub's workflows alone deploy */
  pulumiCloud: pulumiCloudSchema.exactOptional(),
  /** A runner of GitHub's jobs in a stack's private subnets. @default none */
  runner: z
    .strictObject({
      stack: stackName,
      vpcId: id("vpc"),
      subnetIds: distinct(id("subnet"), 1, 16),
      /** The group that the stack's network has for it, which the cluster admits to its API: `sparki-<stack>-runner`. */
      securityGroupId: id("sg"),
      /** AWS's connection to GitHub, made and confirmed by a person. */
      connectionArn: pattern(
        /^arn:aws:code(connections|star-connections):[a-z0-9-]+:\d{12}:connection\/[0-9a-f-]{36}$/,
        "the ARN of a connection such as arn:aws:codeconnections:us-east-1:111122223333:connection/...",
      ),
    })
    .exactOptional(),
});

/** What Pulumi Cloud's deployments are made from. */
export type PulumiCloudConfig = z.infer<typeof pulumiCloudSchema>;

/** What one account's delivery is made from, checked as a whole. */
export type DeliveryConfig = z.infer<typeof schema> & {
  /** Of each stack where it is and which repository deploys it. */
  readonly places: readonly DeliveredPlace[];
};

interface Known {
  /** The names of keys that stand in the file unencrypted. */
  readonly plain?: readonly string[];
  /** The deployment's stacks. @default those of the configs in this checkout */
  readonly all?: readonly DeliveredPlace[];
  /** The time, in milliseconds. */
  readonly now?: number;
}

/** Parses raw Pulumi config; throws SPARKI_CONFIG with every problem at once, each with its repair. */
export function parseDelivery(
  raw: Readonly<Record<string, string>>,
  stack: string,
  { plain = [], all = places(), now = Date.now() }: Known = {},
): DeliveryConfig {
  const own = Object.entries(raw).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), decode(value)]));
  const parsed = schema.safeParse(values, { error: expectation });
  const secrets = plain
    .filter((key) => mustBeSecret(key, raw[key] ?? ""))
    .map((key) => ({
      text: `${key} is in plain text; expected no secret: the delivery needs none`,
      repair: `Run: pulumi config rm --cwd delivery --stack ${stack} ${key}, and replace the secret itself: it was readable`,
    }));
  if (!parsed.success) {
    const problems = problemsOf(parsed.error.issues, { schema, values, stack, place: PLACE });
    throw configError([...secrets, ...problems], stack);
  }
  const problems = [...secrets, ...between(parsed.data, stack, { all, now })];
  if (problems.length > 0) throw configError(problems, stack);
  const named = all.filter((each) => parsed.data.stacks.includes(each.stack));
  return { ...parsed.data, places: named.map((place) => numberedPlace(place, parsed.data.repositories)) };
}

function numberedPlace({ numbered: _, ...place }: DeliveredPlace, repositories: readonly string[]): DeliveredPlace {
  const numbered = numberedOf(repositories, place.repository);
  return numbered === undefined ? place : { ...place, numbered };
}

/** What does not fit together, or does not fit the deployment's own stacks. */
function between(
  config: z.infer<typeof schema>,
  stack: string,
  { all, now }: Required<Pick<Known, "all" | "now">>,
): ConfigProblem[] {
  const wrong: Wrong = (key, found, expected) => ({
    text: `${key} is ${JSON.stringify(found)}; expected ${expected}`,
    repair: `Edit delivery/Pulumi.${stack}.yaml: ${NAMESPACE}:${key}`,
  });
  const known = all.map((each) => each.stack).join(", ");
  const stacks = config.stacks.flatMap((name, index) => {
    const place = all.find((each) => each.stack === name);
    const key = `stacks[${index}]`;
    if (place === undefined) return wrong(key, name, `a stack that has a config: one of ${known}`);
    if (place.accountId !== config.accountId)
      return wrong(key, name, `a stack of account ${config.accountId}; ${name} is in ${place.accountId}`);
    return place.repository === ""
      ? wrong(key, name, `a stack whose sparki:runbookUrl names its repository at GitHub, in Pulumi.${name}.yaml`)
      : [];
  });
  const principals = config.breakGlass.principals.flatMap((arn, index) =>
    arn.split(":")[4] === config.accountId
      ? []
      : wrong(`breakGlass.principals[${index}]`, arn, `a principal of account ${config.accountId}`),
  );
  const replica =
    config.state.replicaRegion === config.region
      ? [wrong("state.replicaRegion", config.region, "another region than the state's own")]
      : [];
  const runner =
    config.runner === undefined || config.stacks.includes(config.runner.stack)
      ? []
      : [wrong("runner.stack", config.runner.stack, `one of this account's stacks: ${config.stacks.join(", ")}`)];
  const own = new Set(all.flatMap((each) => (config.stacks.includes(each.stack) ? [each.repository] : [])));
  const repositories = config.repositories.flatMap((repository, index) => {
    const key = `repositories[${index}]`;
    const name = withoutNumbers(repository);
    const isTwice = config.repositories.findIndex((each) => withoutNumbers(each) === name) < index;
    if (isTwice) return wrong(key, repository, "a repository that is not in the list under other numbers");
    return own.has(name)
      ? []
      : wrong(key, repository, `the repository of one of this account's stacks: ${[...own].join(", ")}`);
  });
  return [
    ...stacks,
    ...repositories,
    ...principals,
    ...replica,
    ...runner,
    ...cloudProblems(config, wrong, { all, now }),
  ];
}

type Wrong = (key: string, found: unknown, expected: string) => ConfigProblem;

/** What Pulumi Cloud would be told of stacks that it has nothing to do with, or must not destroy. */
function cloudProblems(
  { pulumiCloud, stacks }: z.infer<typeof schema>,
  wrong: Wrong,
  { all, now }: Required<Pick<Known, "all" | "now">>,
): ConfigProblem[] {
  if (pulumiCloud === undefined) return [];
  const own = `one of this account's stacks: ${stacks.join(", ")}`;
  const pushed = pulumiCloud.deployOnPush.flatMap((name, index) =>
    stacks.includes(name) ? [] : wrong(`pulumiCloud.deployOnPush[${index}]`, name, own),
  );
  const endings = pulumiCloud.endings.flatMap(({ stack, at, review }, index) => {
    const key = `pulumiCloud.endings[${index}]`;
    if (!stacks.includes(stack)) return wrong(`${key}.stack`, stack, own);
    const mayEnd = all.find((each) => each.stack === stack)?.mayEnd === true;
    const isReview = pullRequestOf(stack) !== undefined;
    const isTwice = pulumiCloud.endings.findIndex((each) => each.stack === stack) < index;
    return [
      ...(mayEnd
        ? []
        : [
            wrong(
              `${key}.stack`,
              stack,
              `a stack with sparki:production: false and sparki:protection: false in Pulumi.${stack}.yaml`,
            ),
          ]),
      ...(isTwice ? [wrong(`${key}.stack`, stack, "a stack that has no other ending")] : []),
      ...(isReview === (review !== undefined)
        ? []
        : [
            wrong(
              `${key}.review`,
              review ?? "missing",
              `branch and by for a stack pr-<number>, and nothing for another`,
            ),
          ]),
      ...(Date.parse(at) > now ? [] : [wrong(`${key}.at`, at, "a time to come; the stack was to be gone by then")]),
    ];
  });
  return [...pushed, ...endings];
}
