import type { DeliveryConfig } from "../../delivery/config.ts";
import { type Declaration, json, known, optional, ref, type Shape } from "../declared/shape.ts";
import { bucketOf, FILLED_IN_ROLE, keyOf, serviceRoleOf } from "./keys-and-buckets.ts";
import { allow, iam, iamOf, one } from "./shapes.ts";

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const TOPIC = "aws:sns/topic:Topic";
const TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy";
const FILLED_IN_TOPIC = { fifoTopic: optional(false), contentBasedDeduplication: optional(false) };
const ALARMS = "alarms-sparki";
const CACHE_EVENTS = "cache-events-sparki";
const BREAK_GLASS = "break-glass-sparki";
const AUDIT_KEY = "account-audit-key";
const AUDIT_BUCKET = "account-audit-bucket";
/** Twelve months, and the days until somebody looks. */
const AUDIT_DAYS = 400;

/** A rule about events in the account, and the mail that tells of them; what only reads is told of too. */
function alarmOf({ region }: DeliveryConfig, name: string, description: string, pattern: Shape): Declaration[] {
  const rule = `sparki-delivery-${name}`;
  return [
    ...one("aws:cloudwatch/eventRule:EventRule", `alarms-${name}`, {
      region,
      name: rule,
      description,
      eventPattern: json(pattern),
      state: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
      eventBusName: optional("default"),
      forceDestroy: optional(false),
    }),
    ...one("aws:cloudwatch/eventTarget:EventTarget", `alarms-${name}-told`, {
      region,
      rule: known(rule, `alarms-${name}`),
      targetId: rule,
      arn: ref("alarms-topic"),
      eventBusName: optional("default"),
      forceDestroy: optional(false),
    }),
  ];
}

/** The topic that people are told by, which EventBridge of this account alone writes to, by TLS only. */
export function alarmsOf({ accountId, region, alarms }: DeliveryConfig): Declaration[] {
  const arn = `arn:aws:sns:${region}:${accountId}:${ALARMS}`;
  const events = {
    Sid: "EventBridgeOfThisAccount",
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  };
  const encrypted = {
    Sid: "EncryptedInTransit",
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action: "sns:Publish",
    Resource: arn,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return [
    ...keyOf(accountId, {
      name: "alarms-key",
      region,
      alias: ALARMS,
      description: "Sparki's delivery: alarms on their way to people",
      services: [{ ...events, Action: ["kms:Decrypt", "kms:GenerateDataKey*"], Resource: "*" }],
    }),
    ...one(TOPIC, "alarms-topic", {
      region,
      name: ALARMS,
      displayName: "Sparki's account",
      kmsMasterKeyId: ref("alarms-key"),
      ...FILLED_IN_TOPIC,
    }),
    ...one(TOPIC_POLICY, "alarms-policy", {
      region,
      arn: ref("alarms-topic"),
      policy: iam({ ...events, Action: "sns:Publish", Resource: arn }, encrypted),
    }),
    ...mailsOf("alarms", region, alarms.emails),
  ];
}

/**
 * The topic of the stacks' caches, which services of this account alone write to, by TLS only, and mails of whatever is no
 * snapshot that was made. ElastiCache takes none that a key encrypts.
 */
export function cacheEventsOf({ accountId, region, alarms }: DeliveryConfig): Declaration[] {
  const publish = {
    Principal: { AWS: "*" },
    Action: "sns:Publish",
    Resource: `arn:aws:sns:${region}:${accountId}:${CACHE_EVENTS}`,
  };
  const own = {
    Sid: "ServicesOfThisAccount",
    Effect: "Allow",
    ...publish,
    Condition: { StringEquals: { "aws:SourceOwner": accountId } },
  };
  const encrypted = {
    Sid: "EncryptedInTransit",
    Effect: "Deny",
    ...publish,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return [
    ...one(TOPIC, "cache-events-topic", {
      region,
      name: CACHE_EVENTS,
      displayName: "Sparki's caches",
      ...FILLED_IN_TOPIC,
    }),
    ...one(TOPIC_POLICY, "cache-events-policy", {
      region,
      arn: ref("cache-events-topic"),
      policy: iam(own, encrypted),
    }),
    ...mailsOf("cache-events", region, alarms.emails, {
      filterPolicyScope: "MessageBody",
      filterPolicy: json({ "ElastiCache:SnapshotComplete": [{ exists: false }] }),
    }),
  ];
}

function mailsOf(of: string, region: string, emails: readonly string[], more: Declaration["properties"] = {}) {
  return emails.flatMap((endpoint) =>
    one("aws:sns/topicSubscription:TopicSubscription", `${of}-${endpoint}`, {
      region,
      topic: ref(`${of}-topic`),
      protocol: "email",
      endpoint,
      ...more,
      confirmationTimeoutInMinutes: optional(1),
      endpointAutoConfirms: optional(false),
      rawMessageDelivery: optional(false),
    }),
  );
}

/** The administrators' role of the named people with a second factor just given, for an hour, and the alarm on it. */
export function breakGlassOf(config: DeliveryConfig): Declaration[] {
  const { accountId, region, breakGlass } = config;
  const trust = {
    Effect: "Allow",
    Principal: { AWS: [...breakGlass.principals] },
    Action: "sts:AssumeRole",
    Condition: {
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      NumericLessThan: { "aws:MultiFactorAuthAge": "900" },
      StringEquals: { "aws:RequestedRegion": region },
    },
  };
  return [
    ...one("aws:iam/role:Role", "break-glass-role", {
      ...FILLED_IN_ROLE,
      name: BREAK_GLASS,
      description: "For people, when nothing else goes: everybody is told that it was taken",
      assumeRolePolicy: iam(trust),
      maxSessionDuration: 3600,
    }),
    ...one(ATTACHMENT, "break-glass-administers", {
      role: known(BREAK_GLASS, "break-glass-role"),
      policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
    }),
    ...alarmOf(config, "break-glass", "Somebody took the break-glass role, or tried to", {
      source: ["aws.sts"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: {
        eventName: ["AssumeRole"],
        requestParameters: { roleArn: [`arn:aws:iam::${accountId}:role/${BREAK_GLASS}`] },
      },
    }),
  ];
}

/** What ends a database's backups, or makes them unreadable: of the stacks' own databases. */
export function backupAlarmOf(config: DeliveryConfig): Declaration[] {
  return alarmOf(config, "backups", "A database makes no backups any more, or they cannot be read", {
    source: ["aws.rds"],
    "detail-type": ["RDS DB Instance Event"],
    detail: {
      EventID: ["RDS-EVENT-0028", "RDS-EVENT-0418", "RDS-EVENT-0419"],
      SourceIdentifier: config.stacks.map((stack) => `sparki-${stack}-database`),
    },
  });
}

/** What tells what the account costs, what was done in it and by whom. */
export function watchOf(config: DeliveryConfig): Declaration[] {
  const { region, watch } = config;
  const guardDuty = [
    ...one("aws:guardduty/detector:Detector", "account-guardduty", {
      region,
      enable: true,
      findingPublishingFrequency: "FIFTEEN_MINUTES",
    }),
    ...alarmOf(config, "guardduty", "GuardDuty found what needs somebody now", {
      source: ["aws.guardduty"],
      "detail-type": ["GuardDuty Finding"],
      detail: { severity: [{ numeric: [">=", 7] }] },
    }),
  ];
  return [
    ...budgetOf(config),
    ...(watch.guardDuty ? guardDuty : []),
    ...(watch.cloudTrail || watch.config ? auditOf(config) : []),
    ...(watch.cloudTrail ? trailOf(config) : []),
    ...(watch.config ? recorderOf(config) : []),
  ];
}

function budgetOf({ budget, alarms }: DeliveryConfig): Declaration[] {
  const tell = (notificationType: string, threshold: number) => ({
    comparisonOperator: "GREATER_THAN",
    thresholdType: "PERCENTAGE",
    notificationType,
    threshold,
    subscriberEmailAddresses: [...alarms.emails],
  });
  return one("aws:budgets/budget:Budget", "account-budget", {
    name: "sparki-monthly",
    budgetType: "COST",
    timeUnit: "MONTHLY",
    limitAmount: String(budget.monthlyUsd),
    limitUnit: "USD",
    notifications: [tell("ACTUAL", 80), tell("ACTUAL", 100), tell("FORECASTED", 100)],
  });
}

/** Where CloudTrail and Config of this account write, and nobody else. */
function auditOf({ accountId, region, watch }: DeliveryConfig): Declaration[] {
  const bucket = `sparki-audit-${accountId}`;
  const trail = { StringEquals: { "aws:SourceArn": `arn:aws:cloudtrail:${region}:${accountId}:trail/sparki` } };
  const account = { StringEquals: { "aws:SourceAccount": accountId } };
  const service = (Sid: string, name: string, Condition: Shape) => ({
    Sid,
    Effect: "Allow",
    Principal: { Service: `${name}.amazonaws.com` },
    Condition,
  });
  const uses = { Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], Resource: "*" };
  const writer = (name: string, of: string, condition: Shape): Shape[] => [
    {
      ...service(`${name}Looks`, of, condition),
      Action: ["s3:GetBucketAcl", "s3:ListBucket"],
      Resource: `arn:aws:s3:::${bucket}`,
    },
    {
      ...service(`${name}Writes`, of, condition),
      Action: ["s3:PutObject"],
      Resource: `arn:aws:s3:::${bucket}/AWSLogs/${accountId}/*`,
    },
  ];
  return [
    ...keyOf(accountId, {
      name: AUDIT_KEY,
      region,
      alias: "audit-sparki",
      description: "Sparki's delivery: what was done in the account",
      services: [
        { ...service("CloudTrail", "cloudtrail", trail), ...uses },
        { ...service("Config", "config", account), ...uses },
      ],
    }),
    ...bucketOf({
      name: AUDIT_BUCKET,
      region,
      bucket,
      key: AUDIT_KEY,
      days: AUDIT_DAYS,
      writers: [
        ...(watch.cloudTrail ? writer("CloudTrail", "cloudtrail", trail) : []),
        ...(watch.config ? writer("Config", "config", account) : []),
      ],
    }),
  ];
}

function trailOf({ accountId, region }: DeliveryConfig): Declaration[] {
  return one("aws:cloudtrail/trail:Trail", "account-trail", {
    region,
    name: "sparki",
    s3BucketName: known(`sparki-audit-${accountId}`, AUDIT_BUCKET),
    kmsKeyId: ref(AUDIT_KEY),
    isMultiRegionTrail: true,
    includeGlobalServiceEvents: true,
    enableLogFileValidation: true,
    enableLogging: optional(true),
    isOrganizationTrail: optional(false),
  });
}

function recorderOf({ accountId, region }: DeliveryConfig): Declaration[] {
  const [name, role, bucket] = ["account-config-role", "records-sparki-account", `sparki-audit-${accountId}`];
  const arn = known(`arn:aws:s3:::${bucket}`, AUDIT_BUCKET);
  const logs = known(`arn:aws:s3:::${bucket}/AWSLogs/${accountId}/*`, AUDIT_BUCKET);
  return [
    ...serviceRoleOf({
      name,
      role,
      service: "config.amazonaws.com",
      only: { StringEquals: { "aws:SourceAccount": accountId } },
    }),
    ...one(ROLE_POLICY, `${name}-policy`, {
      name: role,
      role: known(role, name),
      policy: iamOf(
        [AUDIT_BUCKET, AUDIT_KEY],
        allow(["s3:PutObject"], [logs]),
        allow(["s3:GetBucketAcl", "s3:ListBucket"], [arn]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [ref(AUDIT_KEY)]),
      ),
    }),
    ...one(ATTACHMENT, `${name}-AWS_ConfigRole`, {
      role: known(role, name),
      policyArn: "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole",
    }),
    ...one("aws:cfg/recorder:Recorder", "account-config", {
      region,
      name: "default",
      roleArn: known(`arn:aws:iam::${accountId}:role/${role}`, name),
      recordingGroup: { allSupported: true, includeGlobalResourceTypes: true },
    }),
    ...one("aws:cfg/deliveryChannel:DeliveryChannel", "account-config-channel", {
      region,
      name: "default",
      s3BucketName: known(bucket, AUDIT_BUCKET),
      s3KmsKeyArn: ref(AUDIT_KEY),
    }),
    ...one("aws:cfg/recorderStatus:RecorderStatus", "account-config-on", {
      region,
      name: known("default", "account-config"),
      isEnabled: true,
    }),
  ];
}

/** A runner of GitHub's jobs that nothing reaches, on a machine without privileges, with no right in the account. */
export function runnerOf({ accountId, region, runner, places }: DeliveryConfig): Declaration[] {
  const place = places.find(({ stack }) => stack === runner?.stack);
  if (runner === undefined || place === undefined) return [];
  const { stack, vpcId, subnetIds, securityGroupId, connectionArn } = runner;
  const [project, role] = [`sparki-${stack}`, `runs-sparki-${stack}`];
  const group = `/aws/codebuild/${project}`;
  const logs = `arn:aws:logs:${region}:${accountId}:log-group:${group}`;
  const image = "aws/codebuild/standard:7.0";
  return [
    ...keyOf(accountId, {
      name: "runner-logs-key",
      region,
      alias: role,
      description: "Sparki's delivery: what GitHub's jobs write",
      services: [
        {
          Sid: "LogsOfTheRunner",
          Effect: "Allow",
          Principal: { Service: `logs.${region}.amazonaws.com` },
          Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
          Resource: "*",
          Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": logs } },
        },
      ],
    }),
    // One that CodeBuild makes by itself keeps its lines for ever, under no key of the account's.
    ...one("aws:cloudwatch/logGroup:LogGroup", "runner-logs", {
      region,
      name: group,
      kmsKeyId: ref("runner-logs-key"),
      retentionInDays: 365,
      logGroupClass: optional("STANDARD"),
      skipDestroy: optional(false),
      deletionProtectionEnabled: optional(false),
    }),
    ...serviceRoleOf({
      name: "runner-role",
      role,
      service: "codebuild.amazonaws.com",
      only: {
        StringEquals: { "aws:SourceAccount": accountId },
        ArnLike: { "aws:SourceArn": `arn:aws:codebuild:${region}:${accountId}:project/${project}` },
      },
    }),
    ...one(ROLE_POLICY, "runner-role-policy", {
      name: role,
      role: known(role, "runner-role"),
      policy: iam(
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs, `${logs}:*`]),
        allow(INTERFACES, ["*"]),
        allow(["ec2:CreateNetworkInterfacePermission"], [`arn:aws:ec2:${region}:${accountId}:network-interface/*`]),
        allow(
          ["codeconnections:GetConnection", "codeconnections:GetConnectionToken", "codeconnections:UseConnection"],
          [connectionArn],
        ),
      ),
    }),
    ...one("aws:codebuild/project:Project", "runner-project", {
      region,
      name: project,
      description: `Runs GitHub's jobs for Sparki's stack ${stack}`,
      serviceRole: known(`arn:aws:iam::${accountId}:role/${role}`, "runner-role"),
      artifacts: {
        type: "NO_ARTIFACTS",
        encryptionDisabled: optional(false),
        overrideArtifactName: optional(false),
      },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_MEDIUM",
        image,
        imagePullCredentialsType: optional("CODEBUILD"),
        privilegedMode: optional(false),
      },
      source: {
        type: "GITHUB",
        location: `https://github.com/${place.repository}.git`,
        auth: { type: "CODECONNECTIONS", resource: connectionArn },
      },
      logsConfig: known({ cloudwatchLogs: { status: "ENABLED", groupName: group } }, "runner-logs"),
      vpcConfig: { vpcId, subnets: [...subnetIds], securityGroupIds: [securityGroupId] },
      buildTimeout: 240,
      queuedTimeout: optional(480),
      badgeEnabled: optional(false),
      projectVisibility: optional("PRIVATE"),
    }),
    ...one("aws:codebuild/webhook:Webhook", "runner-jobs", {
      region,
      projectName: known(project, "runner-project"),
      buildType: "BUILD",
      filterGroups: [
        {
          filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED", excludeMatchedPattern: optional(false) }],
        },
      ],
    }),
  ];
}

/** AWS lets nobody narrow these: CodeBuild makes its interfaces in the stack's subnets by them. */
const INTERFACES = [
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeDhcpOptions",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcs",
];
