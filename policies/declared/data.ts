import { document } from "./identities.ts";
import {
  config,
  type Declaration,
  declare,
  json,
  known,
  Matcher,
  madeOf,
  matching,
  optional,
  ref,
  refs,
  whereConfigured,
} from "./shape.ts";

const DATABASE_SUBNETS = refs("network-database-{zone}");
const protection = config("protection", ({ protection }) => protection);
/** The config's major version of PostgreSQL, in a text around it. */
const ofMajor = (expects: string, textOf: (major: string, stack: string) => RegExp) =>
  new Matcher(expects, (value, { config, stack }) => {
    const [major = ""] = config.database.engineVersion.split(".");
    return typeof value === "string" && textOf(major, stack).test(value);
  });
const PARAMETER_GROUP = ofMajor(
  "the stack's parameter group, of the config's major version",
  (major, stack) => new RegExp(`^sparki-${stack}-database-${major}$`),
);

/** What RDS has for PostgreSQL from 400 GiB of gp3 on, at no price of its own. */
const ofLargeStorage = (most: number) =>
  whereConfigured("database.storageGib", ({ database }) => (database.storageGib < 400 ? undefined : most));

/** Set by a planned upgrade, and by nothing else. */
const inMajorUpgrade = new Matcher(
  "true while sparki:database.majorUpgrade is set, and else not",
  (value, { config }) => value === (config.database.majorUpgrade !== undefined),
  { isOptional: ({ config }) => config.database.majorUpgrade === undefined },
);

const logGroup = (name: string) => ({
  name,
  kmsKeyId: ref("keys-logs"),
  retentionInDays: 365,
  skipDestroy: optional(false),
});

const authTokenSince = config("cache.authTokenSince", ({ cache }) => cache.authTokenSince);
const passwordsSince = config("database.passwordsSince", ({ database }) => database.passwordsSince);
/** A database user's credentials, of one rotation. */
const userSecret = (purpose: string) => ({
  name: config(
    "database.passwordsSince",
    ({ database }, { stack }) => `sparki/${stack}/database/${purpose}-${database.passwordsSince}`,
  ),
  description: config(
    "database.passwordsSince",
    ({ database }) => `The database's ${purpose} user since ${database.passwordsSince}`,
  ),
});

/** A password as random.RandomPassword makes it here. */
const generated = (length: number) => matching(`${length} letters and digits`, new RegExp(`^[A-Za-z0-9]{${length}}$`));
const credentialsOf = (purpose: string) =>
  json({
    username: config(
      "database.passwordsSince",
      ({ database }) => `sparki_${purpose}_${database.passwordsSince.replaceAll("-", "")}`,
    ),
    password: generated(48),
  });

/** Database, cache, secrets and logs: all that keeps something. */
export const data: readonly Declaration[] = [
  ...declare("aws:rds/instance:Instance", {
    "database-instance": {
      identifier: "sparki-{stack}-database",
      engine: "postgres",
      // What AWS has updated to by itself is not taken back.
      engineVersion: ofMajor(
        "a version of sparki:database.engineVersion's major one",
        (major) => new RegExp(`^${major}\\.\\d+$`),
      ),
      instanceClass: config("database.instanceClass", ({ database }) => database.instanceClass),
      allocatedStorage: config("database.storageGib", ({ database }) => database.storageGib),
      iops: ofLargeStorage(12_000),
      storageThroughput: ofLargeStorage(500),
      maxAllocatedStorage: config("database.maxStorageGib", ({ database }) => database.maxStorageGib),
      backupRetentionPeriod: config("database.backupDays", ({ database }) => database.backupDays),
      multiAz: config("database.multiZone", ({ database }) => database.multiZone),
      deletionProtection: protection,
      dbName: "sparki",
      username: "sparki_admin",
      port: 5432,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: ref("keys-secrets"),
      storageType: "gp3",
      storageEncrypted: true,
      kmsKeyId: ref("keys-data"),
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: ref("keys-data"),
      performanceInsightsRetentionPeriod: 7,
      monitoringInterval: 60,
      monitoringRoleArn: ref("database-monitoring"),
      enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
      iamDatabaseAuthenticationEnabled: true,
      publiclyAccessible: false,
      vpcSecurityGroupIds: refs("database-access"),
      dbSubnetGroupName: known("sparki-{stack}-database", "database-subnets"),
      parameterGroupName: known(PARAMETER_GROUP, "database-parameters"),
      caCertIdentifier: "rds-ca-rsa2048-g1",
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      allowMajorVersionUpgrade: inMajorUpgrade,
      applyImmediately: inMajorUpgrade,
      dedicatedLogVolume: optional(false),
      deleteAutomatedBackups: false,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "sparki-{stack}-database-final",
      backupWindow: "03:00-04:00",
      maintenanceWindow: "sun:04:30-sun:05:30",
    },
  }),
  ...declare("aws:rds/subnetGroup:SubnetGroup", {
    "database-subnets": {
      name: "sparki-{stack}-database",
      description: "Database tier of Sparki",
      subnetIds: DATABASE_SUBNETS,
    },
  }),
  ...declare("aws:rds/parameterGroup:ParameterGroup", {
    "database-parameters": {
      name: PARAMETER_GROUP,
      description: "Sparki: forced TLS and query logs",
      family: ofMajor("the family of the config's major version", (major) => new RegExp(`^postgres${major}$`)),
      skipDestroy: optional(false),
      parameters: [
        { name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" },
        { name: "log_connections", value: "1", applyMethod: "immediate" },
        { name: "log_disconnections", value: "1", applyMethod: "immediate" },
        { name: "log_statement", value: "ddl", applyMethod: "immediate" },
        { name: "log_min_duration_statement", value: "1000", applyMethod: "immediate" },
      ],
    },
  }),
  ...declare("aws:elasticache/subnetGroup:SubnetGroup", {
    "cache-subnets": {
      name: "sparki-{stack}-cache",
      description: "Database tier of Sparki",
      subnetIds: DATABASE_SUBNETS,
    },
  }),
  ...declare(
    "random:index/randomPassword:RandomPassword",
    {
      "cache-auth": { length: 64, keepers: { since: authTokenSince } },
      "secrets-application-password": { length: 48, keepers: { since: passwordsSince } },
      "secrets-migrations-password": { length: 48, keepers: { since: passwordsSince } },
    },
    {
      special: false,
      lower: optional(true),
      upper: optional(true),
      number: optional(true),
      numeric: optional(true),
      minLower: optional(0),
      minNumeric: optional(0),
      minSpecial: optional(0),
      minUpper: optional(0),
    },
  ),
  ...declare("aws:elasticache/replicationGroup:ReplicationGroup", {
    "cache-redis": {
      replicationGroupId: "sparki-{stack}-cache",
      description: "Cache of Sparki",
      engine: "redis",
      engineVersion: config("cache.engineVersion", ({ cache }) => cache.engineVersion),
      nodeType: config("cache.nodeType", ({ cache }) => cache.nodeType),
      numCacheClusters: config("cache.replicas", ({ cache }) => cache.replicas + 1),
      snapshotRetentionLimit: config("cache.snapshotDays", ({ cache }) => cache.snapshotDays),
      port: 6379,
      atRestEncryptionEnabled: true,
      kmsKeyId: ref("keys-data"),
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      authToken: ref("cache-auth"),
      authTokenUpdateStrategy: config("cache.onlyAuthTokenSince", ({ cache }) =>
        cache.onlyAuthTokenSince === cache.authTokenSince ? "SET" : "ROTATE",
      ),
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      autoMinorVersionUpgrade: true,
      applyImmediately: true,
      securityGroupIds: refs("cache-access"),
      subnetGroupName: known("sparki-{stack}-cache", "cache-subnets"),
      finalSnapshotIdentifier: "sparki-{stack}-cache-final",
      snapshotWindow: "02:00-03:00",
      maintenanceWindow: "sun:05:30-sun:06:30",
      notificationTopicArn: whereConfigured("cache.eventsTopic", ({ cache }) => cache.eventsTopic),
    },
  }),
  ...declare(
    "aws:secretsmanager/secret:Secret",
    {
      "secrets-cache": { name: "sparki/{stack}/cache", description: "AUTH token of the cache" },
      "secrets-application": userSecret("application"),
      "secrets-migrations": userSecret("migrations"),
    },
    {
      kmsKeyId: ref("keys-secrets"),
      recoveryWindowInDays: 30,
      forceOverwriteReplicaSecret: optional(false),
    },
  ),
  ...declare("aws:secretsmanager/secretVersion:SecretVersion", {
    "secrets-cache-value": {
      secretId: ref("secrets-cache"),
      secretString: madeOf(json({ authToken: generated(64) }), "cache-auth", "cache-redis"),
    },
    "secrets-application-value": {
      secretId: ref("secrets-application"),
      secretString: madeOf(credentialsOf("application"), "secrets-application-password"),
    },
    "secrets-migrations-value": {
      secretId: ref("secrets-migrations"),
      secretString: madeOf(credentialsOf("migrations"), "secrets-migrations-password"),
    },
  }),
  ...declare("aws:cloudwatch/logGroup:LogGroup", {
    "network-flow-logs": logGroup("/sparki/{stack}/vpc-flow-logs"),
    "cluster-logs": logGroup("/aws/eks/sparki-{stack}/cluster"),
    "database-logs-postgresql": logGroup("/aws/rds/instance/sparki-{stack}-database/postgresql"),
    "database-logs-upgrade": logGroup("/aws/rds/instance/sparki-{stack}-database/upgrade"),
    "edge-dns-queries": logGroup("/aws/route53/{domain}"),
    "edge-waf-logs": logGroup("aws-waf-logs-sparki-{stack}"),
  }),
  ...declare("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", {
    "edge-dns-query-delivery": {
      policyName: "sparki-{stack}-route53-query-logs",
      policyDocument: document(
        [
          {
            principal: { Service: "route53.amazonaws.com" },
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: ["arn:aws:logs:{region}:{account}:log-group:/aws/route53/{domain}:*"],
            condition: {
              StringEquals: { "aws:SourceAccount": "{account}" },
              ArnLike: { "aws:SourceArn": "arn:aws:route53:::hostedzone/*" },
            },
          },
        ],
        "edge-dns-queries",
      ),
    },
  }),
];

const bucket = ref("edge-lb-access-logs");
const BUCKET_ARN = "arn:aws:s3:::sparki-{stack}-access-logs-{account}";

/** The load balancer's access logs. */
export const accessLogs: readonly Declaration[] = [
  ...declare("aws:s3/bucket:Bucket", {
    "edge-lb-access-logs": {
      bucket: "sparki-{stack}-access-logs-{account}",
      forceDestroy: config("protection", ({ protection }) => !protection),
    },
  }),
  ...declare("aws:s3/bucketPolicy:BucketPolicy", {
    "edge-lb-access-logs-policy": {
      bucket,
      policy: document(
        [
          {
            principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
            actions: ["s3:PutObject"],
            resources: [`${BUCKET_ARN}/*`],
            condition: {
              StringEquals: { "aws:SourceAccount": "{account}" },
              ArnLike: { "aws:SourceArn": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/*" },
            },
          },
          {
            effect: "Deny",
            principal: "*",
            actions: ["s3:*"],
            resources: [BUCKET_ARN, `${BUCKET_ARN}/*`],
            condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
        "edge-lb-access-logs",
      ),
    },
  }),
  ...declare("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
    "edge-lb-access-logs-private": {
      bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
      skipDestroy: optional(false),
    },
  }),
  ...declare("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {
    "edge-lb-access-logs-expiry": {
      bucket,
      transitionDefaultMinimumObjectSize: optional("all_storage_classes_128K"),
      rules: [
        {
          id: "expire",
          status: "Enabled",
          filter: optional({}),
          expiration: { days: 365 },
          noncurrentVersionExpiration: { noncurrentDays: 1 },
        },
      ],
    },
  }),
  ...declare("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
    "edge-lb-access-logs-encryption": {
      bucket,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, bucketKeyEnabled: optional(false) }],
    },
  }),
  ...declare("aws:s3/bucketVersioning:BucketVersioning", {
    "edge-lb-access-logs-versioning": { bucket, versioningConfiguration: { status: "Enabled" } },
  }),
];
