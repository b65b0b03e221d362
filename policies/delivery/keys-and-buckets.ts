import type { DeliveryConfig } from "../../delivery/config.ts";
import { type Declaration, known, optional, ref, type Shape } from "../declared/shape.ts";
import { allow, iam, iamOf, one } from "./shapes.ts";

/** Whose secrets the state of this program itself would hold. */
const SELF = "delivery";

interface Key {
  readonly name: string;
  readonly region: string;
  readonly alias: string;
  readonly description: string;
  /** What services may do with it. */
  readonly services?: readonly Shape[];
}

/** A key that rotates and waits 30 days for its end, of which the account's own administrators decide and no role that deploys. */
export function keyOf(accountId: string, { name, region, alias, description, services = [] }: Key): Declaration[] {
  const administrators = {
    Sid: "AccountAdministersByIam",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  const kept = {
    Sid: "DeployingRolesChangeNothing",
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action: [
      ...["kms:CreateAlias", "kms:CreateGrant", "kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
      ...["kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"],
    ],
    Resource: "*",
    Condition: { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${accountId}:role/deploys-sparki-*` } },
  };
  return [
    ...one("aws:kms/key:Key", name, {
      region,
      description,
      policy: iam(administrators, kept, ...services),
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      customerMasterKeySpec: optional("SYMMETRIC_DEFAULT"),
      keyUsage: optional("ENCRYPT_DECRYPT"),
      isEnabled: optional(true),
      bypassPolicyLockoutSafetyCheck: optional(false),
    }),
    ...one("aws:kms/alias:Alias", `${name}-alias`, { region, name: `alias/${alias}`, targetKeyId: ref(name) }),
  ];
}

interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly bucket: string;
  /** Logical name of the key that encrypts it. */
  readonly key: string;
  /** How long what was overwritten or deleted is kept. */
  readonly days: number;
  /** Which services may write into it. */
  readonly writers?: readonly Shape[];
}

/** A private bucket that is asked by TLS only, keeps versions, and encrypts by a key of the account's own. */
export function bucketOf({ name, region, bucket, key, days, writers = [] }: Bucket): Declaration[] {
  const of = { region, bucket: known(bucket, name) };
  const arn = `arn:aws:s3:::${bucket}`;
  const encrypted = {
    Sid: "EncryptedInTransit",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  const lifecycle = {
    id: "old-versions",
    status: "Enabled",
    filter: {},
    noncurrentVersionExpiration: { noncurrentDays: days },
    expiration: { expiredObjectDeleteMarker: true },
    abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
  };
  const sse = { sseAlgorithm: "aws:kms", kmsMasterKeyId: ref(key) };
  return [
    ...one("aws:s3/bucket:Bucket", name, { region, bucket, forceDestroy: false }),
    ...one("aws:s3/bucketOwnershipControls:BucketOwnershipControls", `${name}-ownership`, {
      ...of,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    }),
    ...one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `${name}-private`, {
      ...of,
      ...{ blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    }),
    ...one(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      `${name}-encryption`,
      { ...of, rules: known([{ applyServerSideEncryptionByDefault: sse, bucketKeyEnabled: true }], key) },
    ),
    ...one("aws:s3/bucketVersioning:BucketVersioning", `${name}-versions`, {
      ...of,
      versioningConfiguration: { status: "Enabled" },
    }),
    ...one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", `${name}-lifecycle`, {
      ...of,
      rules: [lifecycle],
    }),
    ...one("aws:s3/bucketPolicy:BucketPolicy", `${name}-policy`, { ...of, policy: iam(encrypted, ...writers) }),
  ];
}

export const stateBucket = (accountId: string) => `sparki-state-${accountId}`;

/** Where the states are, the keys of their secrets, and the copy where a second region is named. */
export function stateOf({ accountId, region, stacks, state }: DeliveryConfig): Declaration[] {
  const { versionDays: days, replicaRegion } = state;
  const bucket = stateBucket(accountId);
  const secrets = [...stacks, SELF].flatMap((owner) =>
    keyOf(accountId, {
      name: `state-secrets-${owner}`,
      region,
      alias: `pulumi-secrets-sparki-${owner}`,
      description: `Sparki's delivery: secrets in the state of ${owner}`,
    }),
  );
  return [
    ...keyOf(accountId, {
      name: "state-key",
      region,
      alias: "pulumi-state-sparki",
      description: "Sparki's delivery: Pulumi's states",
    }),
    ...bucketOf({ name: "state-bucket", region, bucket, key: "state-key", days }),
    ...secrets,
    ...(replicaRegion === undefined ? [] : copyOf({ accountId, region, to: replicaRegion, bucket, days })),
  ];
}

interface Copy {
  readonly accountId: string;
  readonly region: string;
  /** The second region. */
  readonly to: string;
  readonly bucket: string;
  readonly days: number;
}

function copyOf({ accountId, region, to, bucket, days }: Copy): Declaration[] {
  const [from, copy, role] = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}-copy`, "copies-sparki-state"];
  const rule = {
    id: "all",
    priority: 0,
    status: "Enabled",
    filter: {},
    deleteMarkerReplication: { status: "Enabled" },
    sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
    destination: {
      bucket: known(copy, "state-copy"),
      encryptionConfiguration: { replicaKmsKeyId: ref("state-copy-key") },
    },
  };
  return [
    ...keyOf(accountId, {
      name: "state-copy-key",
      region: to,
      alias: "pulumi-state-sparki-copy",
      description: "Sparki's delivery: copies of Pulumi's states",
    }),
    ...bucketOf({ name: "state-copy", region: to, bucket: `${bucket}-copy`, key: "state-copy-key", days }),
    // AWS documents no condition for S3's copies: see delivery/state.ts.
    ...serviceRoleOf({ name: "state-copy-role", role, service: "s3.amazonaws.com", only: {} }),
    ...one("aws:iam/rolePolicy:RolePolicy", "state-copy-role-policy", {
      name: role,
      role: known(role, "state-copy-role"),
      policy: iamOf(
        ["state-key", "state-copy-key"],
        allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [from]),
        allow(
          ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
          [`${from}/*`],
        ),
        allow(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], [`${copy}/*`]),
        allow(["kms:Decrypt"], [ref("state-key")]),
        allow(["kms:Encrypt", "kms:GenerateDataKey"], [ref("state-copy-key")]),
      ),
    }),
    ...one("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "state-copies", {
      region,
      bucket: known(bucket, "state-bucket"),
      role: known(`arn:aws:iam::${accountId}:role/${role}`, "state-copy-role"),
      rules: known([rule], "state-copy", "state-copy-key"),
    }),
  ];
}

interface ServiceRole {
  readonly name: string;
  /** As AWS names it. */
  readonly role: string;
  readonly service: string;
  /** For whom the service may take it. */
  readonly only: Readonly<Record<string, Shape>>;
}

/** A role that one service of AWS may take, for an hour at most. */
export function serviceRoleOf({ name, role, service, only }: ServiceRole): Declaration[] {
  return one("aws:iam/role:Role", name, {
    name: role,
    assumeRolePolicy: iam({
      Effect: "Allow",
      Principal: { Service: service },
      Action: ["sts:AssumeRole"],
      Condition: only,
    }),
    ...FILLED_IN_ROLE,
    maxSessionDuration: optional(3600),
  });
}

/** What the provider fills into every role. */
export const FILLED_IN_ROLE: Declaration["properties"] = {
  description: optional("Managed by Pulumi"),
  forceDetachPolicies: optional(false),
  path: optional("/"),
};
