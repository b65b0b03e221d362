import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createServiceRole } from "../infra/roles.ts";
import type { Alarms } from "./alarms.ts";
import { type Account, createKey, LockedBucket, type Statement } from "./locked-bucket.ts";

export interface AccountWatchArgs extends Account {
  readonly monthlyUsd: number;
  readonly emails: readonly string[];
  readonly watch: { readonly cloudTrail: boolean; readonly guardDuty: boolean; readonly config: boolean };
  readonly alarms: Alarms;
}

const TRAIL = "sparki";
/** PCI DSS 10.5.1 asks for twelve months. */
const AUDIT_DAYS = 400;
/** GuardDuty's findings from high on. */
const HIGH = 7;

/** What tells what an account costs, what was done in it and by whom; each but the budget only where it is switched on. */
export class AccountWatch extends pulumi.ComponentResource {
  constructor(name: string, args: AccountWatchArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:AccountWatch", name, {}, options);
    const { cloudTrail, guardDuty, config } = args.watch;
    createBudget(this, `${name}-budget`, args);
    if (guardDuty) createDetector(this, `${name}-guardduty`, args);
    if (cloudTrail || config) {
      const audit = createAudit(this, `${name}-audit`, args);
      if (cloudTrail) createTrail(this, `${name}-trail`, args, audit);
      if (config) createRecorder(this, `${name}-config`, args, audit);
    }
    this.registerOutputs();
  }
}

function createBudget(parent: pulumi.Resource, name: string, { monthlyUsd, emails }: AccountWatchArgs): void {
  const tell = (notificationType: string, threshold: number) => ({
    comparisonOperator: "GREATER_THAN",
    thresholdType: "PERCENTAGE",
    notificationType,
    threshold,
    subscriberEmailAddresses: [...emails],
  });
  new aws.budgets.Budget(
    name,
    {
      name: "sparki-monthly",
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(monthlyUsd),
      limitUnit: "USD",
      notifications: [tell("ACTUAL", 80), tell("ACTUAL", 100), tell("FORECASTED", 100)],
    },
    { parent },
  );
}

function createDetector(parent: pulumi.Resource, name: string, { region, alarms }: AccountWatchArgs): void {
  new aws.guardduty.Detector(name, { region, enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" }, { parent });
  alarms.on(
    "guardduty",
    {
      source: ["aws.guardduty"],
      "detail-type": ["GuardDuty Finding"],
      detail: { severity: [{ numeric: [">=", HIGH] }] },
    },
    "GuardDuty found what needs somebody now",
  );
}

interface Audit {
  readonly key: aws.kms.Key;
  readonly bucket: LockedBucket;
}

const auditBucketOf = (accountId: string) => `sparki-audit-${accountId}`;

/** Where CloudTrail and Config write, and nobody else. */
function createAudit(parent: pulumi.Resource, name: string, args: AccountWatchArgs): Audit {
  const { accountId, region, watch } = args;
  const source = `arn:aws:cloudtrail:${region}:${accountId}:trail/${TRAIL}`;
  const byTrail = { StringEquals: { "aws:SourceArn": source } };
  const byConfig = { StringEquals: { "aws:SourceAccount": accountId } };
  const writers = [
    ...(watch.cloudTrail ? writer("CloudTrail", "cloudtrail", byTrail, accountId) : []),
    ...(watch.config ? writer("Config", "config", byConfig, accountId) : []),
  ];
  const encrypts = (Sid: string, service: string, Condition: object): Statement => ({
    Sid,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
    Resource: "*",
    Condition,
  });
  const statements = [encrypts("CloudTrail", "cloudtrail", byTrail), encrypts("Config", "config", byConfig)];
  const [alias, description] = ["audit-sparki", "Sparki's delivery: what was done in the account"];
  const key = createKey(parent, `${name}-key`, { ...args, alias, description, statements });
  const bucket = new LockedBucket(
    `${name}-bucket`,
    { ...args, bucket: auditBucketOf(accountId), keyArn: key.arn, versionDays: AUDIT_DAYS, statements: writers },
    { parent },
  );
  return { key, bucket };
}

/** A service may see whose the bucket is, and add to it. */
function writer(name: string, service: string, condition: object, accountId: string): Statement[] {
  const bucket = `arn:aws:s3:::${auditBucketOf(accountId)}`;
  const may = (what: string, Action: readonly string[], Resource: string): Statement => ({
    Sid: `${name}${what}`,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action,
    Resource,
    Condition: condition,
  });
  return [
    may("Looks", ["s3:GetBucketAcl", "s3:ListBucket"], bucket),
    may("Writes", ["s3:PutObject"], `${bucket}/AWSLogs/${accountId}/*`),
  ];
}

function createTrail(parent: pulumi.Resource, name: string, { region }: AccountWatchArgs, audit: Audit): void {
  new aws.cloudtrail.Trail(
    name,
    {
      region,
      name: TRAIL,
      s3BucketName: audit.bucket.name,
      kmsKeyId: audit.key.arn,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
    },
    { parent, dependsOn: audit.bucket.policy },
  );
}

/** Records every resource of the region as it changes. */
function createRecorder(parent: pulumi.Resource, name: string, args: AccountWatchArgs, audit: Audit): void {
  const { accountId, region } = args;
  const role = createServiceRole(parent, `${name}-role`, {
    name: "records-sparki-account",
    service: "config.amazonaws.com",
    only: { StringEquals: { "aws:SourceAccount": accountId } },
    managedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"],
    permissions: [
      { actions: ["s3:PutObject"], resources: [pulumi.interpolate`${audit.bucket.arn}/AWSLogs/${accountId}/*`] },
      { actions: ["s3:GetBucketAcl", "s3:ListBucket"], resources: [audit.bucket.arn] },
      { actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [audit.key.arn] },
    ],
  });
  const group = { allSupported: true, includeGlobalResourceTypes: true };
  const recorder = new aws.cfg.Recorder(
    name,
    { region, name: "default", roleArn: role.arn, recordingGroup: group },
    { parent },
  );
  const channel = new aws.cfg.DeliveryChannel(
    `${name}-channel`,
    { region, name: "default", s3BucketName: audit.bucket.name, s3KmsKeyArn: audit.key.arn },
    { parent, dependsOn: [recorder, audit.bucket.policy] },
  );
  new aws.cfg.RecorderStatus(
    `${name}-on`,
    { region, name: recorder.name, isEnabled: true },
    { parent, dependsOn: channel },
  );
}
