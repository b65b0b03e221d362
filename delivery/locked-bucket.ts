import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { keyPolicy } from "../infra/keys.ts";

/** Where and for whom an account's delivery is made. */
export interface Account {
  readonly accountId: string;
  readonly region: string;
  /** Keeps what cannot be made again from being deleted. */
  readonly protect: boolean;
}

export type Statement = Readonly<Record<string, unknown>>;

/** What no role that deploys may do to a key of the delivery's, whatever tags somebody puts on it. */
const CHANGES = [
  ...["kms:CreateAlias", "kms:CreateGrant", "kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
  ...["kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"],
];

interface KeyArgs extends Account {
  /** After `alias/`; never one that begins with `sparki-`, because those are the stacks' own. */
  readonly alias: string;
  readonly description: string;
  readonly statements?: readonly Statement[];
}

/** A key that is rotated each year, and that only the account's administrators can change. */
export function createKey(parent: pulumi.Resource, name: string, args: KeyArgs): aws.kms.Key {
  const { accountId, region, alias, description, protect, statements = [] } = args;
  const kept: Statement = {
    Sid: "DeployingRolesChangeNothing",
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action: CHANGES,
    Resource: "*",
    Condition: { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${accountId}:role/deploys-sparki-*` } },
  };
  const policy = keyPolicy(accountId, [kept, ...statements]);
  const key = new aws.kms.Key(
    name,
    { region, description, policy, enableKeyRotation: true, deletionWindowInDays: 30 },
    { parent, protect },
  );
  new aws.kms.Alias(`${name}-alias`, { region, name: `alias/${alias}`, targetKeyId: key.keyId }, { parent });
  return key;
}

interface LockedBucketArgs extends Account {
  readonly bucket: string;
  readonly keyArn: pulumi.Input<string>;
  /** How long what was overwritten or deleted can be brought back. */
  readonly versionDays: number;
  /** Who may do what beside the account's own roles, on this bucket's ARN. */
  readonly statements?: readonly Statement[];
}

/**
 * A private bucket whose objects are encrypted under one key, kept in versions and asked for by TLS only. It is never
 * emptied by Pulumi: a bucket that holds anything is not deleted.
 */
export class LockedBucket extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Where versions are kept: copies wait for it. */
  readonly versioning: aws.s3.BucketVersioning;
  /** Who lets services write into the bucket waits for it. */
  readonly policy: aws.s3.BucketPolicy;

  constructor(name: string, args: LockedBucketArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:LockedBucket", name, {}, options);
    const { region, protect } = args;
    const inside = { parent: this };
    const made = new aws.s3.Bucket(name, { region, bucket: args.bucket, forceDestroy: false }, { ...inside, protect });
    const bucket = made.bucket;
    new aws.s3.BucketOwnershipControls(
      `${name}-ownership`,
      { region, bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      inside,
    );
    const closed = {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    };
    const block = new aws.s3.BucketPublicAccessBlock(`${name}-private`, { region, bucket, ...closed }, inside);
    const sse = { sseAlgorithm: "aws:kms", kmsMasterKeyId: args.keyArn };
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      { region, bucket, rules: [{ applyServerSideEncryptionByDefault: sse, bucketKeyEnabled: true }] },
      inside,
    );
    this.versioning = new aws.s3.BucketVersioning(
      `${name}-versions`,
      { region, bucket, versioningConfiguration: { status: "Enabled" } },
      inside,
    );
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      { region, bucket, rules: [lifecycle(args.versionDays)] },
      // S3 takes rules about old versions at any time, but refuses two settings at once.
      { ...inside, dependsOn: this.versioning },
    );
    this.policy = new aws.s3.BucketPolicy(
      `${name}-policy`,
      { region, bucket, policy: bucketPolicy(args.bucket, args.statements) },
      { ...inside, dependsOn: block },
    );
    this.name = bucket;
    this.arn = made.arn;
    this.registerOutputs();
  }
}

const lifecycle = (noncurrentDays: number) => ({
  id: "old-versions",
  status: "Enabled",
  filter: {},
  noncurrentVersionExpiration: { noncurrentDays },
  expiration: { expiredObjectDeleteMarker: true },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
});

/** Nothing is asked in plain text, by whomever; who may ask is for IAM, and for these statements. */
function bucketPolicy(bucket: string, statements: readonly Statement[] = []): string {
  const encrypted = {
    Sid: "EncryptedInTransit",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [encrypted, ...statements] });
}
