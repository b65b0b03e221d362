import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createServiceRole } from "../infra/roles.ts";
import { type Account, createKey, LockedBucket } from "./locked-bucket.ts";
import { STATE_KEY_ALIAS, secretsAliasOf, stateBucketOf } from "./names.ts";

export { secretsAliasOf, stateBucketOf };

export interface StateArgs extends Account {
  readonly versionDays: number;
  readonly replicaRegion?: string;
  /** Whose secrets are encrypted, each under a key of its own. */
  readonly owners: readonly string[];
}

/** Where Pulumi keeps the states of the account's stacks, with a key for each one's secrets. */
export class State extends pulumi.ComponentResource {
  readonly bucket: LockedBucket;
  readonly key: aws.kms.Key;
  /** By whose secrets they encrypt. */
  readonly secretsKeys: ReadonlyMap<string, aws.kms.Key>;
  /** As `pulumi login` takes it. */
  readonly backendUrl: pulumi.Output<string>;

  constructor(name: string, args: StateArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:State", name, {}, options);
    const inside = { parent: this };
    const alias = STATE_KEY_ALIAS;
    this.key = createKey(this, `${name}-key`, { ...args, alias, description: "Sparki's delivery: Pulumi's states" });
    const bucket = stateBucketOf(args.accountId);
    this.bucket = new LockedBucket(`${name}-bucket`, { ...args, bucket, keyArn: this.key.arn }, inside);
    this.secretsKeys = new Map(
      args.owners.map((owner) => {
        const description = `Sparki's delivery: secrets in the state of ${owner}`;
        return [
          owner,
          createKey(this, `${name}-secrets-${owner}`, { ...args, alias: secretsAliasOf(owner), description }),
        ];
      }),
    );
    if (args.replicaRegion !== undefined) this.#copyTo(name, args, args.replicaRegion);
    this.backendUrl = pulumi.interpolate`s3://${this.bucket.name}?region=${args.region}`;
    this.registerOutputs();
  }

  /** Each version, deletions too, is copied within minutes to a bucket like it under a key of that region. */
  #copyTo(name: string, args: StateArgs, region: string): void {
    const there = { ...args, region };
    const [alias, description] = ["pulumi-state-sparki-copy", "Sparki's delivery: copies of Pulumi's states"];
    const key = createKey(this, `${name}-copy-key`, { ...there, alias, description });
    const [from, to] = [stateBucketOf(args.accountId), `${stateBucketOf(args.accountId)}-copy`];
    const copy = new LockedBucket(`${name}-copy`, { ...there, bucket: to, keyArn: key.arn }, { parent: this });
    const role = createServiceRole(this, `${name}-copy-role`, {
      name: "copies-sparki-state",
      service: "s3.amazonaws.com",
      // AWS documents no condition for S3's copies, and one that it does not meet would end them without a word. Only who
      // may pass the role can have it used: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
      only: {},
      permissions: [
        { actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [`arn:aws:s3:::${from}`] },
        {
          actions: ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
          resources: [`arn:aws:s3:::${from}/*`],
        },
        {
          actions: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
          resources: [`arn:aws:s3:::${to}/*`],
        },
        { actions: ["kms:Decrypt"], resources: [this.key.arn] },
        { actions: ["kms:Encrypt", "kms:GenerateDataKey"], resources: [key.arn] },
      ],
    });
    const destination = { bucket: copy.arn, encryptionConfiguration: { replicaKmsKeyId: key.arn } };
    const rule = {
      id: "all",
      priority: 0,
      status: "Enabled",
      filter: {},
      deleteMarkerReplication: { status: "Enabled" },
      sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
      destination,
    };
    new aws.s3.BucketReplicationConfig(
      `${name}-copies`,
      { region: args.region, bucket: this.bucket.name, role: role.arn, rules: [rule] },
      { parent: this, dependsOn: [this.bucket.versioning, copy.versioning] },
    );
  }
}
