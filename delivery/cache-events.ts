import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "./locked-bucket.ts";
import { CACHE_EVENTS_TOPIC, cacheEventsTopicOf } from "./names.ts";

export interface CacheEventsArgs extends Account {
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
