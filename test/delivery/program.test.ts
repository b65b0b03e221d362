import * as pulumi from "@pulumi/pulumi";
import { findingsOf } from "../../aws/check.ts";
import { facts } from "../../aws/facts.ts";
import { inputRecordOf } from "../../aws/inputs.ts";
import { allows, documentFaults } from "../../aws/policy-document.ts";
import { documentsOf, trustsOf } from "../../delivery/documents.ts";
import { places } from "../../delivery/places.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { boundaryArn, boundaryName } from "../../stacks/stack-name.ts";
import { Account } from "../rehearsal/aws/account.ts";
import { ACCOUNT, CONFIG, RUNNER, recordDelivery } from "../support/delivery-program.ts";
import { fits } from "../support/event-pattern.ts";
import { find, type Recorded } from "../support/recorder.ts";
import { rawConfig } from "../support/stack-config.ts";

/** What the program told at last. */
let outputs: object = {};

async function recorded(config: Readonly<Record<string, unknown>> = CONFIG): Promise<Recorded[]> {
  const { resources, outputs: told } = await recordDelivery(config);
  outputs = told;
  return resources;
}

/** The text of a policy that was asked for. */
const textOf = ({ inputs }: Recorded, name = "policy") => String(inputs[name]);
const named = (all: readonly Recorded[], type: string, name: string) =>
  find(
    all.filter(({ inputs }) => inputs.name === name || inputs.bucket === name),
    type,
  );
const ROLE = "aws:iam/role:Role";

/** Values of inputs that the recorder made up: a preview does not know them yet. */
const unknown = { isValue: (value: unknown) => typeof value === "string" && /arn:aws:test:|-id$/.test(value) };

let all: Recorded[] = [];
beforeAll(async () => {
  all = await recorded();
});
const ofType = (type: string) => all.filter((each) => each.type === type);

it("asks AWS for nothing that AWS refuses, a runner too, of types that are known", async () => {
  const asked = (await recorded({ ...CONFIG, runner: RUNNER })).filter(({ type }) => /^aws:/.test(type));
  expect(asked.length).toBeGreaterThan(80);
  expect(asked.filter(({ type }) => facts().types[type] === undefined)).toEqual([]);
  const findings = asked.flatMap(({ type, name, inputs }) =>
    findingsOf(type, inputRecordOf(inputs, unknown)).map((each) => [name, each]),
  );
  expect(findings).toEqual([]);
});

describe("the state's bucket", () => {
  const BUCKET = `sparki-state-${ACCOUNT}`;
  const open = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: [`arn:aws:s3:::${BUCKET}/*`] };

  it("is asked by TLS only, whoever asks", () => {
    const { Statement } = JSON.parse(textOf(named(all, "aws:s3/bucketPolicy:BucketPolicy", BUCKET)));
    const may = (secure: string) =>
      allows(JSON.stringify({ Version: "2012-10-17", Statement: [...Statement, open] }), {
        action: "s3:GetObject",
        resource: `arn:aws:s3:::${BUCKET}/.pulumi/stacks/sparki/prod.json`,
        context: { "aws:securetransport": secure },
      });
    expect([may("true"), may("false")]).toEqual([true, false]);
  });

  it("keeps versions under its own rotated key, privately, and lets Pulumi delete none that holds anything", () => {
    expect(named(all, "aws:s3/bucket:Bucket", BUCKET).inputs.forceDestroy).toBe(false);
    expect(find(all, "aws:s3/bucketVersioning:BucketVersioning", "state-bucket-versions").inputs).toMatchObject({
      versioningConfiguration: { status: "Enabled" },
    });
    const [rule] = Object(
      find(
        all,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "state-bucket-encryption",
      ).inputs.rules,
    );
    expect(rule.applyServerSideEncryptionByDefault.kmsMasterKeyId).toContain("state-key");
    const { bucket, region, ...closed } = named(
      all,
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      BUCKET,
    ).inputs;
    expect(Object.values(closed)).toEqual([true, true, true, true]);
    const keys = ofType("aws:kms/key:Key");
    expect(keys.map(({ inputs }) => inputs.enableKeyRotation)).toEqual(keys.map(() => true));
  });

  it("ends old versions after the days of the config, and nothing else", () => {
    const lifecycle = find(
      all,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "state-bucket-lifecycle",
    );
    expect(lifecycle.inputs.rules).toEqual([
      expect.objectContaining({
        noncurrentVersionExpiration: { noncurrentDays: 365 },
        expiration: { expiredObjectDeleteMarker: true },
      }),
    ]);
  });

  it("is copied to the second region, under a key of that region, where one is named", async () => {
    const [copies] = ofType("aws:s3/bucketReplicationConfig:BucketReplicationConfig");
    expect(copies?.inputs.rules).toMatchObject([
      {
        status: "Enabled",
        destination: { encryptionConfiguration: { replicaKmsKeyId: expect.stringContaining("state-copy-key") } },
      },
    ]);
    expect(find(all, "aws:kms/key:Key", "state-copy-key").inputs.region).toBe("us-west-2");
    const alone = await recorded({ ...CONFIG, state: { versionDays: 365 } });
    expect(alone.filter(({ inputs }) => inputs.region === "us-west-2")).toEqual([]);
    expect(alone.some(({ type }) => type.includes("Replication"))).toBe(false);
  });
});

describe("the roles of GitHub's jobs", () => {
  const [place] = places().filter(({ stack }) => stack === "prod");
  if (place === undefined) throw new Error("no stack prod");

  it("trust whom the documents say", () => {
    const trusts = trustsOf(place, place.repository);
    for (const [role, document] of [
      ["deploys-sparki-prod", "deploying-role-trust.prod.json"],
      ["plans-sparki-prod", "planning-role-trust.prod.json"],
      ["drills-sparki-prod", "drilling-role-trust.prod.json"],
    ] as const)
      expect(JSON.parse(textOf(named(all, ROLE, role), "assumeRolePolicy"))).toEqual(trusts[document]);
  });

  it("have the documents' policies: the deploying one all of them but the boundary, and the planning one none", () => {
    const made = new Map(ofType("aws:iam/policy:Policy").map((each) => [each.inputs.name, JSON.parse(textOf(each))]));
    const documents = Object.entries(documentsOf(place)).map(([file, document]) => {
      const part = file.replace(".prod.json", "");
      const name =
        part === "permission-boundary"
          ? `sparki-prod-${part}`
          : part.replace("deploying-role.", "deploys-sparki-prod-");
      return [name, document] as const;
    });
    expect(Object.fromEntries(made)).toEqual(Object.fromEntries(documents));
    const attached = (role: string) =>
      ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .filter(({ inputs }) => inputs.role === role)
        .map(({ inputs }) => String(inputs.policyArn));
    expect(attached("deploys-sparki-prod")).toHaveLength(made.size - 1);
    expect(attached("deploys-sparki-prod").join()).not.toContain("boundary");
    for (const role of ["plans-sparki-prod", "drills-sparki-prod"])
      expect(attached(role)).toEqual(["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
  });

  it("tell the boundary under which alone the stack's roles may be made, as its config has it", async () => {
    const told = await new Promise((resolve) => pulumi.output(outputs).apply(resolve));
    const made = named(all, "aws:iam/policy:Policy", boundaryName("prod"));
    expect(told).toMatchObject({ permissionsBoundaries: { prod: `arn:aws:test:us-east-1:${ACCOUNT}:${made.name}` } });
    const configured = rawConfig("prod")["sparki:permissionsBoundary"];
    expect(configured).toBe(boundaryArn({ stack: "prod", accountId: ACCOUNT }));
    const deploying = JSON.stringify(documentsOf(place)["deploying-role.cluster.prod.json"]);
    expect(deploying).toContain(`"iam:PermissionsBoundary":"${configured}"`);
  });

  const STATE = `arn:aws:s3:::sparki-state-${ACCOUNT}/.pulumi`;
  /** What Pulumi's engine wrote for a stack in a bucket, and read of the others': see test/engine/moved-state.test.ts. */
  const cases: readonly (readonly [role: string, action: string, resource: string, may: boolean])[] = [
    ["deploys", "s3:PutObject", `${STATE}/stacks/sparki/prod.json`, true],
    ["deploys", "s3:PutObject", `${STATE}/stacks/sparki/prod.json.bak`, true],
    ["deploys", "s3:PutObject", `${STATE}/history/sparki/prod/prod-1.history.json`, true],
    ["deploys", "s3:DeleteObject", `${STATE}/locks/organization/sparki/prod/1.json`, true],
    ["deploys", "s3:PutObject", `${STATE}/stacks/sparki/prod-eu.json`, false],
    ["deploys", "s3:GetObject", `${STATE}/stacks/sparki/staging.json`, false],
    ["deploys", "s3:PutObject", `${STATE}/stacks/sparki-delivery/prod.json`, false],
    ["deploys", "s3:DeleteObjectVersion", `${STATE}/stacks/sparki/prod.json`, false],
    ["deploys", "s3:PutObject", `${STATE}/meta.yaml`, false],
    ["plans", "s3:GetObject", `${STATE}/stacks/sparki/prod.json`, true],
    ["plans", "ce:GetCostAndUsage", "*", true],
    ["plans", "ce:GetReservationUtilization", "*", false],
    ["drills", "ce:GetCostAndUsage", "*", false],
    ["plans", "s3:PutObject", `${STATE}/stacks/sparki/prod.json`, false],
    ["drills", "s3:GetObject", `${STATE}/stacks/sparki/prod.json`, true],
    ["drills", "s3:PutObject", `${STATE}/stacks/sparki/prod.json`, false],
    ["plans", "s3:DeleteObject", `${STATE}/locks/organization/sparki/prod/1.json`, false],
  ];
  it.each(cases)("let the one that %s do %s on %s: %s", (role, action, resource, may) => {
    const policy = textOf(find(all, "aws:iam/rolePolicy:RolePolicy", `roles-${role}-prod-state`));
    expect(documentFaults(policy.replaceAll("arn:aws:test:", "arn:aws:kms:"), "identity")).toEqual([]);
    expect(allows(policy, { action, resource })).toBe(may);
  });

  it("cannot change what they are made by: nothing of the delivery bears a stack's tags or name, and its keys refuse them", () => {
    const text = JSON.stringify({
      Version: "2012-10-17",
      Statement: Object.entries(documentsOf(place)).flatMap(([file, { Statement }]) =>
        file.startsWith("deploying-role.") ? Statement : [],
      ),
    });
    const { defaultTags } = find(all, "pulumi:providers:aws").inputs;
    const { tags }: { tags: Record<string, string> } =
      typeof defaultTags === "string" ? JSON.parse(defaultTags) : defaultTags;
    const borne = Object.entries(tags).map(([key, value]) => [`aws:resourcetag/${key}`, value]);
    const here = { "aws:requestedregion": "us-east-1", ...Object.fromEntries(borne) };
    const may = (action: string, resource: string) => allows(text, { action, resource, context: here });
    for (const { inputs } of ofType(ROLE))
      for (const action of [
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRole",
      ])
        expect([action, may(action, `arn:aws:iam::${ACCOUNT}:role/${inputs.name}`)]).toEqual([action, false]);
    for (const { inputs } of ofType("aws:s3/bucket:Bucket"))
      for (const action of ["s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutLifecycleConfiguration"])
        expect([action, may(action, `arn:aws:s3:::${inputs.bucket}`)]).toEqual([action, false]);
    for (const { inputs } of ofType("aws:kms/alias:Alias"))
      expect(may("kms:UpdateAlias", `arn:aws:kms:us-east-1:${ACCOUNT}:${inputs.name}`)).toBe(false);
    for (const action of ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:Decrypt"])
      expect([action, may(action, `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d`)]).toEqual([action, false]);
    const deploying = { "aws:principalarn": `arn:aws:iam::${ACCOUNT}:role/deploys-sparki-prod` };
    const root = `arn:aws:iam::${ACCOUNT}:root`;
    for (const key of ofType("aws:kms/key:Key"))
      for (const action of ["kms:TagResource", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]) {
        expect(allows(textOf(key), { action, principal: root, context: deploying })).toBe(false);
        expect(allows(textOf(key), { action, principal: root, context: { "aws:principalarn": root } })).toBe(true);
      }
  });
});

describe("break-glass", () => {
  it("is for the named people with a second factor, for an hour, in the region that tells", () => {
    const role = named(all, ROLE, "break-glass-sparki");
    expect(role.inputs.maxSessionDuration).toBe(3600);
    const [trust] = JSON.parse(textOf(role, "assumeRolePolicy")).Statement;
    expect(trust.Condition.NumericLessThan).toEqual({ "aws:MultiFactorAuthAge": "900" });
    const { NumericLessThan, ...evaluated } = trust.Condition;
    const text = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...trust, Condition: evaluated }] });
    const may = (mfa: string, region: string, principal = `arn:aws:iam::${ACCOUNT}:user/one`) =>
      allows(text, {
        action: "sts:AssumeRole",
        principal,
        context: { "aws:multifactorauthpresent": mfa, "aws:requestedregion": region },
      });
    expect(may("true", "us-east-1")).toBe(true);
    expect(may("false", "us-east-1")).toBe(false);
    expect(may("true", "eu-west-1")).toBe(false);
    expect(may("true", "us-east-1", `arn:aws:iam::${ACCOUNT}:user/two`)).toBe(false);
  });

  it("tells everybody by mail when it is taken", () => {
    const rule = named(all, "aws:cloudwatch/eventRule:EventRule", "sparki-delivery-break-glass");
    expect(rule.inputs.state).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    expect(JSON.parse(textOf(rule, "eventPattern")).detail).toEqual({
      eventName: ["AssumeRole"],
      requestParameters: { roleArn: [`arn:aws:iam::${ACCOUNT}:role/break-glass-sparki`] },
    });
    const target = find(all, "aws:cloudwatch/eventTarget:EventTarget", "alarms-break-glass-told");
    expect(target.inputs).toMatchObject({ rule: rule.inputs.name, arn: expect.stringContaining("alarms-topic") });
    const topic = textOf(find(all, "aws:sns/topicPolicy:TopicPolicy", "alarms-policy"));
    const key = textOf(find(all, "aws:kms/key:Key", "alarms-key"));
    const events = (account: string) => ({
      principal: "events.amazonaws.com",
      context: { "aws:sourceaccount": account, "aws:securetransport": "true" },
    });
    expect(allows(topic, { action: "sns:Publish", ...events(ACCOUNT) })).toBe(true);
    expect(allows(topic, { action: "sns:Publish", ...events("444455556666") })).toBe(false);
    expect(allows(key, { action: "kms:GenerateDataKey", ...events(ACCOUNT) })).toBe(true);
    expect(mailsOf("alarms-topic").map(({ inputs }) => inputs.endpoint)).toEqual(CONFIG.alarms.emails);
  });
});

/** The subscriptions of a topic. */
const mailsOf = (topic: string) =>
  ofType("aws:sns/topicSubscription:TopicSubscription").filter(({ inputs }) => String(inputs.topic).includes(topic));

describe("what watches the account", () => {
  it("tells everybody by mail when ElastiCache tells of a failed snapshot, and not of each one that was made", () => {
    const mails = mailsOf("cache-events-topic");
    expect(mails.map(({ inputs }) => inputs.endpoint)).toEqual(CONFIG.alarms.emails);
    for (const { inputs } of mails) {
      expect(inputs).toMatchObject({ protocol: "email", filterPolicyScope: "MessageBody" });
      // What SNS looks for in the body of a message: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
      const told = (event: string) =>
        Object.entries(JSON.parse(String(inputs.filterPolicy))).every(([key, wanted]) => {
          expect(wanted).toEqual([{ exists: false }]);
          return key !== event;
        });
      expect([told("ElastiCache:SnapshotFailed"), told("ElastiCache:SnapshotComplete")]).toEqual([true, false]);
    }
  });

  it("lets ElastiCache tell it, of this account alone and by TLS, under no key, which ElastiCache would not take", () => {
    const { inputs } = find(all, "aws:sns/topic:Topic", "cache-events-topic");
    expect([inputs.name, inputs.kmsMasterKeyId]).toEqual(["cache-events-sparki", undefined]);
    const policy = textOf(find(all, "aws:sns/topicPolicy:TopicPolicy", "cache-events-policy"));
    const may = (owner: string, secure: string) =>
      allows(policy, {
        action: "sns:Publish",
        resource: `arn:aws:sns:us-east-1:${ACCOUNT}:cache-events-sparki`,
        principal: "arn:aws:iam::999999999999:root",
        context: { "aws:sourceowner": owner, "aws:securetransport": secure },
      });
    expect([may(ACCOUNT, "true"), may("444455556666", "true"), may(ACCOUNT, "false")]).toEqual([true, false, false]);
    expect(allows(policy, { action: "sns:Publish", context: { "aws:securetransport": "true" } })).toBe(false);
  });

  it("tells everybody by mail when a stack's database stops making backups", () => {
    const rule = named(all, "aws:cloudwatch/eventRule:EventRule", "sparki-delivery-backups");
    const detail = (SourceIdentifier: string) => ({ EventID: "RDS-EVENT-0028", SourceIdentifier });
    const event = { source: "aws.rds", "detail-type": "RDS DB Instance Event" };
    const told = (name: string) => fits(textOf(rule, "eventPattern"), { ...event, detail: detail(name) });
    expect([told("sparki-prod-database"), told("sparki-staging-database")]).toEqual([true, false]);
    const target = find(all, "aws:cloudwatch/eventTarget:EventTarget", "alarms-backups-told");
    expect(target.inputs).toMatchObject({ rule: rule.inputs.name, arn: expect.stringContaining("alarms-topic") });
  });

  it("has a budget of the config's amount, of which people hear at 80 and 100 % and where a month will go beyond", () => {
    const { limitAmount, limitUnit, notifications } = find(all, "aws:budgets/budget:Budget").inputs;
    expect([limitAmount, limitUnit]).toEqual(["2500", "USD"]);
    expect(notifications).toMatchObject([
      { notificationType: "ACTUAL", threshold: 80 },
      { notificationType: "ACTUAL", threshold: 100 },
      { notificationType: "FORECASTED", threshold: 100 },
    ]);
  });

  const KINDS = { cloudTrail: "Trail", guardDuty: "Detector", config: "Recorder" } as const;
  const subsets = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
    cloudTrail: (bits & 1) > 0,
    guardDuty: (bits & 2) > 0,
    config: (bits & 4) > 0,
  }));
  it.each(subsets)("has just what is switched on: $cloudTrail, $guardDuty, $config", async (watch) => {
    const made = (await recorded({ ...CONFIG, watch })).map(({ type }) => type.split(":").at(-1));
    const found = Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [name, made.includes(kind)]));
    expect(found).toEqual(watch);
    expect(made.filter((kind) => kind === "Bucket")).toHaveLength(watch.cloudTrail || watch.config ? 3 : 2);
  });

  it("runs GitHub's jobs in the named subnets where a runner is asked for, with no way in and no rights", async () => {
    expect(all.some(({ type }) => type.startsWith("aws:codebuild/"))).toBe(false);
    const made = await recorded({ ...CONFIG, runner: RUNNER });
    expect(find(made, "aws:codebuild/project:Project").inputs).toMatchObject({
      name: "sparki-prod",
      source: { type: "GITHUB", location: "https://github.com/alexarno/sparki-deploy.git" },
      vpcConfig: { vpcId: RUNNER.vpcId, subnets: RUNNER.subnetIds, securityGroupIds: [RUNNER.securityGroupId] },
    });
    expect(find(made, "aws:codebuild/webhook:Webhook").inputs.filterGroups).toEqual([
      { filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] },
    ]);
    expect(made.filter(({ type }) => /SecurityGroup/.test(type))).toEqual([]);
    const policy = textOf(find(made, "aws:iam/rolePolicy:RolePolicy", "runner-role-policy"));
    for (const action of [
      "logs:CreateLogGroup",
      "sts:AssumeRole",
      "s3:GetObject",
      "kms:Decrypt",
      "iam:PassRole",
      "ec2:RunInstances",
    ])
      expect([action, allows(policy, { action, resource: "*" })]).toEqual([action, false]);
  });

  it("keeps the runner's lines for a year under a key that encrypts them alone, in a group that CodeBuild cannot make", async () => {
    const made = await recorded({ ...CONFIG, runner: RUNNER });
    const [group, arn] = [
      "/aws/codebuild/sparki-prod",
      `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/aws/codebuild/sparki-prod`,
    ];
    expect(find(made, "aws:cloudwatch/logGroup:LogGroup", "runner-logs").inputs).toMatchObject({
      name: group,
      retentionInDays: 365,
      kmsKeyId: expect.stringContaining("runner-logs-key"),
    });
    expect(find(made, "aws:codebuild/project:Project").inputs.logsConfig).toEqual({
      cloudwatchLogs: { status: "ENABLED", groupName: group },
    });
    const role = textOf(find(made, "aws:iam/rolePolicy:RolePolicy", "runner-role-policy"));
    const may = (action: string, resource: string) => allows(role, { action, resource });
    expect(may("logs:PutLogEvents", `${arn}:log-stream:1`)).toBe(true);
    expect(may("logs:CreateLogStream", `${arn}:log-stream:1`)).toBe(true);
    expect(may("logs:CreateLogGroup", arn)).toBe(false);
    expect(may("logs:PutLogEvents", arn.replace("-prod", "-staging"))).toBe(false);
    const key = JSON.parse(textOf(find(made, "aws:kms/key:Key", "runner-logs-key")));
    expect(key.Statement.at(-1)).toMatchObject({
      Principal: { Service: "logs.us-east-1.amazonaws.com" },
      Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": arn } },
    });
    // CloudWatch Logs takes the key for this group alone.
    const account = new Account();
    const session = { ...account.session.config, allowedAccountIds: JSON.stringify([ACCOUNT]) };
    account.session = { ...account.session, config: session };
    const policy = JSON.stringify(key);
    const { properties } = await account.create({ type: TYPES.kmsKey, name: "key", inputs: { policy } });
    const make = (name: string) =>
      account.create({ type: TYPES.logGroup, name, inputs: { name, kmsKeyId: String(properties.arn) } });
    expect((await make(group)).id).toBe(group);
    await expect(make(`${group}-2`)).rejects.toThrow("is not allowed to be used");
    await account.close();
  });
});
