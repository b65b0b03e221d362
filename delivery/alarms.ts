import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Account, createKey } from "./locked-bucket.ts";
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
