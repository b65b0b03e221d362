import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createServiceRole } from "../infra/roles.ts";
import { type Account, createKey, LockedBucket, type Statement } from "./locked-bucket.ts";
import { CACHE_EVENTS_TOPIC, cacheEventsTopicOf } from "./names.ts";

export interface AlarmsArgs extends Account {
  /** Each gets a mail to confirm first. */
  readonly emails: readonly string[];
}

/** Of an event: its source, and what is in it. */
type Pattern = Readonly<Record<string, unknown>>;

/** Tells people of events in the account by mail. */
export class Alarms extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly #name: string;
  readonly #region: string;

  constructor(name: string, args: AlarmsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:Alarms", name, {}, options);
    const { accountId, region } = args;
    this.#name = name;
    this.#region = region;
    const inside = { parent: this };
    const fromEvents = { StringEquals: { "aws:SourceAccount": accountId } };
    const events = { Service: "events.amazonaws.com" };
    const encrypt = {
      Sid: "EventBridgeOfThisAccount",
      Effect: "Allow",
      Principal: events,
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
      Condition: fromEvents,
    };
    const [alias, description] = ["alarms-sparki", "Sparki's delivery: alarms on their way to people"];
    const key = createKey(this, `${name}-key`, { ...args, alias, description, statements: [encrypt] });
    const topic = new aws.sns.Topic(
      `${name}-topic`,
      { region, name: "alarms-sparki", displayName: "Sparki's account", kmsMasterKeyId: key.arn },
      inside,
    );
    const arn = `arn:aws:sns:${region}:${accountId}:alarms-sparki`;
    const publish = { Action: "sns:Publish", Resource: arn };
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Sid: "EventBridgeOfThisAccount", Effect: "Allow", Principal: events, ...publish, Condition: fromEvents },
        {
          Sid: "EncryptedInTransit",
          Effect: "Deny",
          Principal: { AWS: "*" },
          ...publish,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    new aws.sns.TopicPolicy(`${name}-policy`, { region, arn: topic.arn, policy }, inside);
    for (const endpoint of args.emails)
      new aws.sns.TopicSubscription(
        `${name}-${endpoint}`,
        { region, topic: topic.arn, protocol: "email", endpoint },
        inside,
      );
    this.topicArn = topic.arn;
    this.registerOutputs();
  }

  /** Tells of every event that the pattern fits, what only reads among them. */
  on(name: string, pattern: Pattern, description: string): void {
    const region = this.#region;
    const rule = new aws.cloudwatch.EventRule(
      `${this.#name}-${name}`,
      {
        region,
        name: `sparki-delivery-${name}`,
        description,
        eventPattern: JSON.stringify(pattern),
        // CloudTrail counts AssumeRole among what only reads, and EventBridge withholds that by default.
        state: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
      },
      { parent: this },
    );
    new aws.cloudwatch.EventTarget(
      `${this.#name}-${name}-told`,
      { region, rule: rule.name, targetId: `sparki-delivery-${name}`, arn: this.topicArn },
      { parent: this },
    );
  }
}

interface CacheEventsArgs extends Account {
  /** Each gets a mail to confirm first. */
  readonly emails: readonly string[];
}

/** ElastiCache tells of a snapshot each day that it was made; whatever else it tells is rare, and worth a mail. */
const ROUTINE = { "ElastiCache:SnapshotComplete": [{ exists: false }] };

/**
 * Tells people by mail what ElastiCache tells of the stacks' caches, a failed snapshot above all, and not of each one that
 * was made. ElastiCache takes one topic a cache, encrypted by no key, whose policy knows the account by `aws:SourceOwner`:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ElastiCacheSNS.html. Names and events are all that is in it.
 */
export class CacheEvents extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: CacheEventsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:CacheEvents", name, {}, options);
    const { accountId, region } = args;
    const inside = { parent: this };
    const topic = new aws.sns.Topic(
      `${name}-topic`,
      { region, name: CACHE_EVENTS_TOPIC, displayName: "Sparki's caches" },
      inside,
    );
    const publish = { Principal: { AWS: "*" }, Action: "sns:Publish", Resource: cacheEventsTopicOf(accountId, region) };
    const statements = [
      {
        Sid: "ServicesOfThisAccount",
        Effect: "Allow",
        ...publish,
        Condition: { StringEquals: { "aws:SourceOwner": accountId } },
      },
      {
        Sid: "EncryptedInTransit",
        Effect: "Deny",
        ...publish,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ];
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    new aws.sns.TopicPolicy(`${name}-policy`, { region, arn: topic.arn, policy }, inside);
    const filter = { filterPolicyScope: "MessageBody", filterPolicy: JSON.stringify(ROUTINE) };
    for (const endpoint of args.emails)
      new aws.sns.TopicSubscription(
        `${name}-${endpoint}`,
        { region, topic: topic.arn, protocol: "email", endpoint, ...filter },
        inside,
      );
    this.topicArn = topic.arn;
    this.registerOutputs();
  }
}

/**
 * RDS's events after which a database makes no backup, or none of its backups can be read. RDS publishes none for an
 * automated backup that failed: the scheduled drill finds its absence.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
 */
export const BACKUP_EVENTS = {
  "RDS-EVENT-0028": "automated backups were disabled",
  "RDS-EVENT-0418": "RDS cannot use the KMS key",
  "RDS-EVENT-0419": "RDS cannot use the KMS key, and takes the database out of service",
} as const;

/** Tells of whatever ends the backups of the stacks' own databases, and of no drill's temporary one. */
export function alarmOnBackups(alarms: Pick<Alarms, "on">, stacks: readonly string[]): void {
  alarms.on(
    "backups",
    {
      source: ["aws.rds"],
      "detail-type": ["RDS DB Instance Event"],
      detail: {
        EventID: Object.keys(BACKUP_EVENTS),
        SourceIdentifier: stacks.map((stack) => `sparki-${stack}-database`),
      },
    },
    "A database makes no backups any more, or they cannot be read",
  );
}

interface AccountWatchArgs extends Account {
  readonly monthlyUsd: number;
  readonly emails: readonly string[];
  readonly watch: { readonly cloudTrail: boolean; readonly guardDuty: boolean; readonly config: boolean };
  readonly alarms: Alarms;
}

const TRAIL = "sparki";
/** PCI DSS 10.5.1 asks for twelve months. */
const AUDIT_DAYS = 400;
/** GuardDuty's findings from high on. */
const HIGH = 7;

/** What tells what an account costs, what was done in it and by whom; each but the budget only where it is switched on. */
export class AccountWatch extends pulumi.ComponentResource {
  constructor(name: string, args: AccountWatchArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:AccountWatch", name, {}, options);
    const { cloudTrail, guardDuty, config } = args.watch;
    createBudget(this, `${name}-budget`, args);
    if (guardDuty) createDetector(this, `${name}-guardduty`, args);
    if (cloudTrail || config) {
      const audit = createAudit(this, `${name}-audit`, args);
      if (cloudTrail) createTrail(this, `${name}-trail`, args, audit);
      if (config) createRecorder(this, `${name}-config`, args, audit);
    }
    this.registerOutputs();
  }
}

function createBudget(parent: pulumi.Resource, name: string, { monthlyUsd, emails }: AccountWatchArgs): void {
  const tell = (notificationType: string, threshold: number) => ({
    comparisonOperator: "GREATER_THAN",
    thresholdType: "PERCENTAGE",
    notificationType,
    threshold,
    subscriberEmailAddresses: [...emails],
  });
  new aws.budgets.Budget(
    name,
    {
      name: "sparki-monthly",
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(monthlyUsd),
      limitUnit: "USD",
      notifications: [tell("ACTUAL", 80), tell("ACTUAL", 100), tell("FORECASTED", 100)],
    },
    { parent },
  );
}

function createDetector(parent: pulumi.Resource, name: string, { region, alarms }: AccountWatchArgs): void {
  new aws.guardduty.Detector(name, { region, enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" }, { parent });
  alarms.on(
    "guardduty",
    {
      source: ["aws.guardduty"],
      "detail-type": ["GuardDuty Finding"],
      detail: { severity: [{ numeric: [">=", HIGH] }] },
    },
    "GuardDuty found what needs somebody now",
  );
}

interface Audit {
  readonly key: aws.kms.Key;
  readonly bucket: LockedBucket;
}

const auditBucketOf = (accountId: string) => `sparki-audit-${accountId}`;

/** Where CloudTrail and Config write, and nobody else. */
function createAudit(parent: pulumi.Resource, name: string, args: AccountWatchArgs): Audit {
  const { accountId, region, watch } = args;
  const source = `arn:aws:cloudtrail:${region}:${accountId}:trail/${TRAIL}`;
  const byTrail = { StringEquals: { "aws:SourceArn": source } };
  const byConfig = { StringEquals: { "aws:SourceAccount": accountId } };
  const writers = [
    ...(watch.cloudTrail ? writer("CloudTrail", "cloudtrail", byTrail, accountId) : []),
    ...(watch.config ? writer("Config", "config", byConfig, accountId) : []),
  ];
  const encrypts = (Sid: string, service: string, Condition: object): Statement => ({
    Sid,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
    Resource: "*",
    Condition,
  });
  const statements = [encrypts("CloudTrail", "cloudtrail", byTrail), encrypts("Config", "config", byConfig)];
  const [alias, description] = ["audit-sparki", "Sparki's delivery: what was done in the account"];
  const key = createKey(parent, `${name}-key`, { ...args, alias, description, statements });
  const bucket = new LockedBucket(
    `${name}-bucket`,
    { ...args, bucket: auditBucketOf(accountId), keyArn: key.arn, versionDays: AUDIT_DAYS, statements: writers },
    { parent },
  );
  return { key, bucket };
}

/** A service may see whose the bucket is, and add to it. */
function writer(name: string, service: string, condition: object, accountId: string): Statement[] {
  const bucket = `arn:aws:s3:::${auditBucketOf(accountId)}`;
  const may = (what: string, Action: readonly string[], Resource: string): Statement => ({
    Sid: `${name}${what}`,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action,
    Resource,
    Condition: condition,
  });
  return [
    may("Looks", ["s3:GetBucketAcl", "s3:ListBucket"], bucket),
    may("Writes", ["s3:PutObject"], `${bucket}/AWSLogs/${accountId}/*`),
  ];
}

function createTrail(parent: pulumi.Resource, name: string, { region }: AccountWatchArgs, audit: Audit): void {
  new aws.cloudtrail.Trail(
    name,
    {
      region,
      name: TRAIL,
      s3BucketName: audit.bucket.name,
      kmsKeyId: audit.key.arn,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
    },
    { parent, dependsOn: audit.bucket.policy },
  );
}

/** Records every resource of the region as it changes. */
function createRecorder(parent: pulumi.Resource, name: string, args: AccountWatchArgs, audit: Audit): void {
  const { accountId, region } = args;
  const role = createServiceRole(parent, `${name}-role`, {
    name: "records-sparki-account",
    service: "config.amazonaws.com",
    only: { StringEquals: { "aws:SourceAccount": accountId } },
    managedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"],
    permissions: [
      { actions: ["s3:PutObject"], resources: [pulumi.interpolate`${audit.bucket.arn}/AWSLogs/${accountId}/*`] },
      { actions: ["s3:GetBucketAcl", "s3:ListBucket"], resources: [audit.bucket.arn] },
      { actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [audit.key.arn] },
    ],
  });
  const group = { allSupported: true, includeGlobalResourceTypes: true };
  const recorder = new aws.cfg.Recorder(
    name,
    { region, name: "default", roleArn: role.arn, recordingGroup: group },
    { parent },
  );
  const channel = new aws.cfg.DeliveryChannel(
    `${name}-channel`,
    { region, name: "default", s3BucketName: audit.bucket.name, s3KmsKeyArn: audit.key.arn },
    { parent, dependsOn: [recorder, audit.bucket.policy] },
  );
  new aws.cfg.RecorderStatus(
    `${name}-on`,
    { region, name: recorder.name, isEnabled: true },
    { parent, dependsOn: channel },
  );
}
