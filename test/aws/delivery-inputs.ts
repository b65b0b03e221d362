import type { InputRecord } from "../../aws/inputs.ts";

const ACCOUNT = "111122223333";
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`;
const REPLICA_KEY = `arn:aws:kms:us-west-2:${ACCOUNT}:key/0a1b2c3d-0000-1111-2222-333344445555`;
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:sparki-alarms`;
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const publish = {
  Effect: "Allow",
  Principal: { Service: "events.amazonaws.com" },
  Action: "sns:Publish",
  Resource: TOPIC,
};
const POLICY = JSON.stringify({ Version: "2012-10-17", Statement: [publish] });
const COPY = {
  id: "all",
  priority: 0,
  status: "Enabled",
  filter: {},
  deleteMarkerReplication: { status: "Enabled" },
  sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
  destination: {
    bucket: "arn:aws:s3:::sparki-state-copy",
    encryptionConfiguration: { replicaKmsKeyId: REPLICA_KEY },
  },
};
const NOTICE = {
  comparisonOperator: "GREATER_THAN",
  notificationType: "ACTUAL",
  threshold: 80,
  thresholdType: "PERCENTAGE",
  subscriberEmailAddresses: ["platform@sparki.tools"],
};

/** Inputs that AWS takes of what an account's delivery is made of, one set for each type. */
export const DELIVERY_RIGHT: Readonly<Record<string, InputRecord>> = {
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    bucket: "sparki-state",
    role: role("sparki-state-replication"),
    rules: [COPY],
  },
  "aws:sns/topic:Topic": { name: "sparki-alarms", kmsMasterKeyId: KEY },
  "aws:sns/topicPolicy:TopicPolicy": { arn: TOPIC, policy: POLICY },
  "aws:sns/topicSubscription:TopicSubscription": { topic: TOPIC, protocol: "email", endpoint: "platform@sparki.tools" },
  "aws:cloudwatch/eventRule:EventRule": {
    name: "sparki-break-glass",
    eventPattern: JSON.stringify({ source: ["aws.sts"], detail: { eventName: ["AssumeRole"] } }),
    state: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
  },
  "aws:cloudwatch/eventTarget:EventTarget": { rule: "sparki-break-glass", targetId: "topic", arn: TOPIC },
  "aws:budgets/budget:Budget": {
    name: "sparki",
    budgetType: "COST",
    timeUnit: "MONTHLY",
    limitAmount: "2500",
    limitUnit: "USD",
    notifications: [NOTICE],
  },
  "aws:guardduty/detector:Detector": { enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" },
  "aws:cloudtrail/trail:Trail": {
    name: "sparki",
    s3BucketName: "sparki-audit",
    isMultiRegionTrail: true,
    enableLogFileValidation: true,
    kmsKeyId: KEY,
  },
  "aws:cfg/recorder:Recorder": {
    name: "default",
    roleArn: role("sparki-config"),
    recordingGroup: { allSupported: true, includeGlobalResourceTypes: true },
  },
  "aws:cfg/deliveryChannel:DeliveryChannel": { name: "default", s3BucketName: "sparki-audit", s3KmsKeyArn: KEY },
  "aws:cfg/recorderStatus:RecorderStatus": { name: "default", isEnabled: true },
  "aws:codebuild/project:Project": {
    name: "sparki-prod",
    serviceRole: role("sparki-runner"),
    artifacts: { type: "NO_ARTIFACTS" },
    environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_MEDIUM", image: "aws/codebuild/standard:7.0" },
    source: { type: "GITHUB", location: "https://github.com/alexarno/sparki-deploy.git" },
    vpcConfig: { vpcId: "vpc-0a1b2c3d", subnets: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
  },
  "aws:codebuild/webhook:Webhook": {
    projectName: "sparki-prod",
    buildType: "BUILD",
    filterGroups: [{ filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] }],
  },
};

type Wrong = readonly [type: string, what: string, change: InputRecord, path: string];
const of = (type: string, cases: readonly (readonly [string, InputRecord, string])[]): Wrong[] =>
  cases.map(([what, change, path]) => [type, what, change, path]);
const copy = (rest: InputRecord): InputRecord => ({ rules: [{ ...COPY, ...rest }] });
const notice = (rest: InputRecord): InputRecord => ({ notifications: [{ ...NOTICE, ...rest }] });

/** The type, what is wrong, what is changed in the right inputs, and where a finding must be. */
export const DELIVERY_WRONG: readonly Wrong[] = [
  ...of("aws:s3/bucketReplicationConfig:BucketReplicationConfig", [
    ["no rule", { rules: [] }, "rules"],
    ["a role's name", { role: "sparki-state-replication" }, "role"],
    ["two rules of one priority", { rules: [COPY, { ...COPY, id: "more" }] }, "rules"],
    ["a bucket's name as the destination", copy({ destination: { bucket: "copy" } }), "rules[0].destination.bucket"],
    [
      "encrypted objects without a key for the copies",
      copy({ destination: { bucket: COPY.destination.bucket } }),
      "rules[0].destination.encryptionConfiguration",
    ],
    [
      "a filter without a word on deletions",
      copy({ deleteMarkerReplication: undefined }),
      "rules[0].deleteMarkerReplication",
    ],
  ]),
  ...of("aws:sns/topic:Topic", [
    ["a name with a blank", { name: "sparki alarms" }, "name"],
    ["a FIFO topic of another name", { fifoTopic: true }, "name"],
    ["a policy without statements", { policy: "{}" }, "policy"],
  ]),
  ...of("aws:sns/topicPolicy:TopicPolicy", [
    ["a queue's ARN", { arn: `arn:aws:sqs:us-east-1:${ACCOUNT}:q` }, "arn"],
    ["no JSON", { policy: "publish" }, "policy"],
  ]),
  ...of("aws:sns/topicSubscription:TopicSubscription", [
    ["no address of mail", { endpoint: "platform" }, "endpoint"],
    ["a protocol that SNS lacks", { protocol: "slack" }, "protocol"],
    ["plain HTTP by https", { protocol: "https", endpoint: "http://sparki.tools" }, "endpoint"],
  ]),
  ...of("aws:cloudwatch/eventRule:EventRule", [
    ["neither pattern nor schedule", { eventPattern: undefined }, "eventPattern"],
    ["a pattern with a text in place of a list", { eventPattern: '{"source":"aws.sts"}' }, "eventPattern"],
    ["a rate of one minutes", { scheduleExpression: "rate(1 minutes)" }, "scheduleExpression"],
    ["cron of five fields", { scheduleExpression: "cron(0 12 * * ?)" }, "scheduleExpression"],
    ["a state that there is not", { state: "ON" }, "state"],
  ]),
  ...of("aws:cloudwatch/eventTarget:EventTarget", [
    ["an id with a slash", { targetId: "a/b" }, "targetId"],
    ["two inputs", { input: "{}", inputPath: "$.detail" }, "inputPath"],
    ["an input that is not JSON", { input: "somebody" }, "input"],
  ]),
  ...of("aws:budgets/budget:Budget", [
    ["an amount with its currency", { limitAmount: "2500 USD" }, "limitAmount"],
    ["nothing at all", { limitAmount: "0" }, "limitAmount"],
    ["no limit", { limitAmount: undefined, limitUnit: undefined }, "limitAmount"],
    ["costs by the gigabyte", { limitUnit: "GB" }, "limitUnit"],
    ["a unit of time that there is not", { timeUnit: "WEEKLY" }, "timeUnit"],
    ["nobody to tell", notice({ subscriberEmailAddresses: [] }), "notifications[0].subscriberEmailAddresses"],
    ["no address of mail", notice({ subscriberEmailAddresses: ["x"] }), "notifications[0].subscriberEmailAddresses"],
    ["a threshold of a kind that there is not", notice({ thresholdType: "SHARE" }), "notifications[0].thresholdType"],
  ]),
  ...of("aws:guardduty/detector:Detector", [
    ["findings every minute", { findingPublishingFrequency: "ONE_MINUTE" }, "findingPublishingFrequency"],
  ]),
  ...of("aws:cloudtrail/trail:Trail", [
    ["a name of two letters", { name: "tr" }, "name"],
    ["two dashes side by side", { name: "sparki--trail" }, "name"],
    ["all regions without global services", { includeGlobalServiceEvents: false }, "includeGlobalServiceEvents"],
    [
      "a log group without a role",
      { cloudWatchLogsGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:trail:*` },
      "cloudWatchLogsGroupArn",
    ],
  ]),
  ...of("aws:cfg/recorder:Recorder", [
    [
      "all types and some of them",
      { recordingGroup: { allSupported: true, resourceTypes: ["AWS::EC2::VPC"] } },
      "recordingGroup.resourceTypes",
    ],
    [
      "global types beside some types",
      { recordingGroup: { allSupported: false, includeGlobalResourceTypes: true } },
      "recordingGroup.includeGlobalResourceTypes",
    ],
    ["a user's ARN", { roleArn: `arn:aws:iam::${ACCOUNT}:user/me` }, "roleArn"],
  ]),
  ...of("aws:cfg/deliveryChannel:DeliveryChannel", [
    [
      "a snapshot every two hours",
      { snapshotDeliveryProperties: { deliveryFrequency: "Two_Hours" } },
      "snapshotDeliveryProperties.deliveryFrequency",
    ],
    ["a key's id in place of its ARN", { s3KmsKeyArn: "0a1b2c3d" }, "s3KmsKeyArn"],
  ]),
  ...of("aws:cfg/recorderStatus:RecorderStatus", [["no switch", { isEnabled: undefined }, "isEnabled"]]),
  ...of("aws:codebuild/project:Project", [
    ["builds of a minute", { buildTimeout: 1 }, "buildTimeout"],
    ["GitHub without a repository", { source: { type: "GITHUB" } }, "source.location"],
    ["artifacts in no bucket", { artifacts: { type: "S3" } }, "artifacts.location"],
    [
      "a network without a subnet",
      { vpcConfig: { vpcId: "vpc-0a1b2c3d", subnets: [], securityGroupIds: [] } },
      "vpcConfig.subnets",
    ],
  ]),
  ...of("aws:codebuild/webhook:Webhook", [
    [
      "a filter that there is not",
      { filterGroups: [{ filters: [{ type: "JOB", pattern: "x" }] }] },
      "filterGroups[0].filters[0].type",
    ],
    ["two kinds of filters", { branchFilter: "main" }, "filterGroups"],
  ]),
];
