import { TIMINGS } from "../latency.ts";
import { AwsError, checkPolicy, type Reference, type ResourceModel, roleReference } from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, text, texts } from "../values.ts";

const bucket: ResourceModel = {
  type: TYPES.bucket,
  title: "S3 Bucket",
  immutable: ["bucket", "bucketPrefix", "objectLockEnabled"],
  defaults: { forceDestroy: false, objectLockEnabled: false },
  nameProperty: "bucket",
  id: ({ inputs }) => text(inputs, "bucket") ?? "",
  arn: ({ id }) => `arn:aws:s3:::${id}`,
  unique: [
    {
      key: (inputs) => text(inputs, "bucket"),
      taken: () =>
        new AwsError(
          "BucketAlreadyOwnedByYou",
          "Your previous request to create the named bucket succeeded and you already own it.",
        ),
    },
  ],
  validate: ({ inputs }) => {
    const name = text(inputs, "bucket") ?? "";
    if (/^[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return;
    throw new AwsError("InvalidBucketName", `The specified bucket is not valid: ${name}`);
  },
  outputs: {
    bucketDomainName: ({ id }) => `${id}.s3.amazonaws.com`,
    bucketRegionalDomainName: ({ id, region }) => `${id}.s3.${region}.amazonaws.com`,
    bucketRegion: ({ region }) => region,
    hostedZoneId: () => "Z3AQBSTGFYJSTF",
  },
  mayDelete: ({ inputs, contents }) => {
    if (contents === undefined || flag(inputs, "forceDestroy")) return;
    const words = `The bucket you tried to delete is not empty (it holds ${contents}). You must delete all versions in the bucket.`;
    throw new AwsError("BucketNotEmpty", words);
  },
};

const bucketReference: Reference = {
  path: "bucket",
  to: [TYPES.bucket],
  missing: (name) => new AwsError("NoSuchBucket", `The specified bucket does not exist: ${name}`),
  holds: false,
};

/** A setting of a bucket, of which a bucket has one of each kind. */
const setting = (type: string, title: string, required: readonly string[]): ResourceModel => ({
  type,
  title,
  required: ["bucket", ...required],
  immutable: ["bucket"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "bucket") ?? "",
  references: [bucketReference],
  unique: [
    {
      key: (inputs) => text(inputs, "bucket"),
      taken: (inputs) =>
        new AwsError("OperationAborted", `Another resource already sets this of bucket ${text(inputs, "bucket")}`),
    },
  ],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "MalformedPolicy"),
  latency: { create: TIMINGS.quick },
});

const replicaReference: Reference = {
  path: "rules.destination.bucket",
  to: [TYPES.bucket],
  missing: (arn) => new AwsError("InvalidRequest", `Destination bucket must exist: ${arn}`),
  holds: false,
};

/** S3 copies versions: both buckets must keep them. */
const replication: ResourceModel = {
  ...setting(TYPES.bucketReplication, "S3 Bucket Replication Configuration", ["role", "rules"]),
  references: [
    bucketReference,
    replicaReference,
    roleReference("role", "InvalidRequest", (arn) => `The role ${arn} does not exist`),
  ],
  validate: ({ inputs }, world) => {
    const buckets = [...texts(inputs, "bucket"), ...texts(inputs, "rules.destination.bucket")];
    const keeps = (name: string) => {
      const id = world.find([TYPES.bucket], name)?.id ?? name;
      return text(world.get(TYPES.bucketVersioning, id)?.inputs ?? {}, "versioningConfiguration.status") === "Enabled";
    };
    const without = buckets.find((name) => !keeps(name));
    if (without !== undefined)
      throw new AwsError(
        "InvalidRequest",
        `Versioning must be 'Enabled' on the bucket ${without} to apply replication`,
      );
  },
};

export const s3Models: readonly ResourceModel[] = [
  bucket,
  setting(TYPES.bucketPolicy, "S3 Bucket Policy", ["policy"]),
  {
    ...setting(TYPES.bucketPublicAccessBlock, "S3 Bucket Public Access Block", []),
    defaults: {
      blockPublicAcls: false,
      blockPublicPolicy: false,
      ignorePublicAcls: false,
      restrictPublicBuckets: false,
    },
  },
  setting(TYPES.bucketEncryption, "S3 Bucket Server-Side Encryption Configuration", ["rules"]),
  setting(TYPES.bucketVersioning, "S3 Bucket Versioning", ["versioningConfiguration"]),
  setting(TYPES.bucketLifecycle, "S3 Bucket Lifecycle Configuration", []),
  setting(TYPES.bucketOwnershipControls, "S3 Bucket Ownership Controls", ["rule"]),
  replication,
];
