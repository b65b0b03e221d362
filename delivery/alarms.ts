import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Account, createKey } from "./locked-bucket.ts";

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
