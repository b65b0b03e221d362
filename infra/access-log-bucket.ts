import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { onBehalfOf } from "./service-role.ts";

interface AccessLogBucketArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  /** False lets the bucket be deleted with the logs that are in it. */
  readonly protect: boolean;
}

/** A private bucket that takes the load balancer's access logs and drops them after a year. */
export function createAccessLogBucket(parent: pulumi.Resource, name: string, args: AccessLogBucketArgs) {
  // Bucket names are global to AWS: the account id makes this one ours.
  const bucketName = `sparki-${args.stack}-access-logs-${args.accountId}`;
  const bucket = new aws.s3.Bucket(name, { bucket: bucketName, forceDestroy: !args.protect }, { parent });
  const target = { bucket: bucket.id };
  const encryption = { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };
  new aws.s3.BucketPublicAccessBlock(
    `${name}-private`,
    { ...target, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    { parent },
  );
  // Load balancers can deliver only to buckets under S3's own key (AWS limit).
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...target, rules: [encryption] },
    { parent },
  );
  new aws.s3.BucketVersioning(
    `${name}-versioning`,
    { ...target, versioningConfiguration: { status: "Enabled" } },
    { parent },
  );
  // In a versioned bucket expiry only hides an object: what is hidden goes a day later.
  const expiry = {
    id: "expire",
    status: "Enabled",
    filter: {},
    expiration: { days: 365 },
    noncurrentVersionExpiration: { noncurrentDays: 1 },
  };
  new aws.s3.BucketLifecycleConfiguration(`${name}-expiry`, { ...target, rules: [expiry] }, { parent });
  const policy = new aws.s3.BucketPolicy(
    `${name}-policy`,
    { ...target, policy: deliveryPolicy(bucket, args) },
    { parent },
  );
  // By way of the policy: the load balancer checks at once that it may write.
  return policy.bucket;
}

function deliveryPolicy(bucket: aws.s3.Bucket, place: AccessLogBucketArgs): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "LoadBalancerDelivers",
        Effect: "Allow",
        Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: pulumi.interpolate`${bucket.arn}/*`,
        Condition: onBehalfOf(place, "elasticloadbalancing", "loadbalancer/*"),
      },
      {
        Sid: "OnlyOverTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
