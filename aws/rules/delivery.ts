import {
  atMostOneOf,
  eachMatches,
  eachOf,
  inside,
  matches,
  oneOf,
  type Rule,
  refuse,
  required,
  together,
  within,
} from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { statementsOf } from "../policy-document.ts";
import { arn, isCron, policyDocument, type RuleTable, unique } from "./shared.ts";

const MAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PROTOCOLS = ["sqs", "sms", "lambda", "firehose", "application", "email", "email-json", "http", "https"];
/** SNS refuses of a topic's policy what is out of its own service's scope. */
const topicActions: Rule = refuse("policy", "actions of SNS", (it) =>
  statementsOf(it.text("policy") ?? "").some(({ actions }) => actions.some((each) => !/^(\*|sns:.+)$/i.test(each))),
);

/** Protocols that hand on a message without what SNS says about it. */
const RAW = ["sqs", "http", "https", "firehose"];
const CURRENCY = /^[A-Z]{3}$/;
const PERIOD = /^\d{4}-\d\d-\d\d_\d\d:\d\d$/;

/** An event pattern is an object whose leaves are lists of what to match. */
function isPattern(text: string): boolean {
  try {
    return isMatcher(JSON.parse(text));
  } catch {
    return false;
  }
}

function isMatcher(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== "object" || value === null) return false;
  const inner = Object.entries(value);
  return inner.length > 0 && inner.every(([key, each]) => (key === "$or" ? Array.isArray(each) : isMatcher(each)));
}

/** @see https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
const MOST_FILTERS = 5;

function isFilter(text: string): boolean {
  if (!isJson(text)) return false;
  const filter: unknown = JSON.parse(text);
  const isEmpty = typeof filter === "object" && filter !== null && Object.keys(filter).length === 0;
  return isEmpty || (!Array.isArray(filter) && isMatcher(filter) && leavesIn(filter) <= MOST_FILTERS);
}

/** How many keys have what to match; those of the cases of an `$or` too. */
function leavesIn(value: unknown): number {
  return Object.entries(Object(value)).reduce((sum, [key, each]) => {
    if (key === "$or" && Array.isArray(each)) return sum + each.reduce((all: number, one) => all + leavesIn(one), 0);
    return sum + (Array.isArray(each) ? 1 : leavesIn(each));
  }, 0);
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

const knownAnd = (name: string, wrongText: (text: string) => boolean) => (it: Inputs) => {
  const text = it.text(name);
  return text !== undefined && text !== "" && wrongText(text);
};

const notification: readonly Rule[] = [
  oneOf("comparisonOperator", ["GREATER_THAN", "LESS_THAN", "EQUAL_TO"]),
  oneOf("notificationType", ["ACTUAL", "FORECASTED"]),
  oneOf("thresholdType", ["PERCENTAGE", "ABSOLUTE_VALUE"]),
  within("threshold", 0, 15_000_000_000_000),
  eachMatches("subscriberEmailAddresses", MAIL, "addresses of mail"),
  refuse(
    "subscriberEmailAddresses",
    "at most 10 addresses",
    (it) => it.knownTexts("subscriberEmailAddresses").length > 10,
  ),
  refuse("subscriberSnsTopicArns", "at most one topic", (it) => it.knownTexts("subscriberSnsTopicArns").length > 1),
  required("subscriberEmailAddresses", "somebody to tell", (it) => it.lacks("subscriberSnsTopicArns")),
];

const WEBHOOK_FILTERS = [
  ...["EVENT", "BASE_REF", "HEAD_REF", "ACTOR_ACCOUNT_ID", "FILE_PATH", "COMMIT_MESSAGE", "WORKFLOW_NAME"],
  ...["TAG_NAME", "RELEASE_NAME", "REPOSITORY_NAME", "ORGANIZATION_NAME"],
];

/** What S3's copies, SNS, EventBridge, Budgets, CloudTrail, Config and CodeBuild refuse. */
export const deliveryRules: RuleTable = {
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": [
    required("rules", "a rule"),
    arn("role", "iam", "role/.+"),
    unique("rules", "priority"),
    unique("rules", "id"),
    eachOf(
      "rules",
      atMostOneOf(["filter", "prefix"]),
      arn("destination.bucket", "s3"),
      refuse(
        "deleteMarkerReplication",
        "a status beside a filter",
        (it) => it.has("filter") && it.knows("filter") && it.lacks("deleteMarkerReplication"),
      ),
      refuse(
        "destination.encryptionConfiguration",
        "a key of the copy's region beside sseKmsEncryptedObjects",
        (it) =>
          it.text("sourceSelectionCriteria.sseKmsEncryptedObjects.status") === "Enabled" &&
          it.lacks("destination.encryptionConfiguration.replicaKmsKeyId"),
      ),
    ),
  ],
  "aws:sns/topic:Topic": [
    matches("name", /^[A-Za-z0-9_-]{1,256}$|^[A-Za-z0-9_-]{1,251}\.fifo$/, "1 to 256 letters, digits and _-"),
    refuse("name", "a name that ends with .fifo, of a FIFO topic and no other", (it) => {
      const name = it.text("name");
      return name !== undefined && it.knows("fifoTopic") && it.isTrue("fifoTopic") !== name.endsWith(".fifo");
    }),
    policyDocument("policy", "resource", 30_720),
    refuse("displayName", "at most 100 characters", (it) => (it.text("displayName") ?? "").length > 100),
    refuse(
      "contentBasedDeduplication",
      "false but for a FIFO topic",
      (it) => it.isTrue("contentBasedDeduplication") && it.isFalse("fifoTopic"),
    ),
    ...["deliveryPolicy", "archivePolicy"].map((name) =>
      refuse(
        name,
        "a JSON text",
        knownAnd(name, (text) => !isJson(text)),
      ),
    ),
    ...["archivePolicy", "fifoThroughputScope"].map((name) =>
      refuse(name, "nothing but for a FIFO topic", (it) => it.has(name) && it.isFalse("fifoTopic")),
    ),
    oneOf("fifoThroughputScope", ["Topic", "MessageGroup"]),
    oneOf("signatureVersion", [1, 2]),
    oneOf("tracingConfig", ["Active", "PassThrough"]),
    topicActions,
  ],
  "aws:sns/topicPolicy:TopicPolicy": [arn("arn", "sns"), policyDocument("policy", "resource", 30_720), topicActions],
  "aws:sns/topicSubscription:TopicSubscription": [
    arn("topic", "sns"),
    oneOf("protocol", PROTOCOLS),
    refuse("endpoint", "an address of the protocol's kind", (it) => {
      const [protocol = "", endpoint] = [it.text("protocol"), it.text("endpoint")];
      if (endpoint === undefined) return false;
      if (/^email/.test(protocol)) return !MAIL.test(endpoint);
      if (/^https?$/.test(protocol)) return !endpoint.startsWith(`${protocol}://`);
      if (protocol === "sms") return endpoint.replace(/\D/g, "").length < 7 || !/^\+?[\d() .-]+$/.test(endpoint);
      return ["sqs", "lambda", "firehose"].includes(protocol) && !endpoint.startsWith("arn:");
    }),
    refuse(
      "rawMessageDelivery",
      `false but for ${RAW.join(", ")}`,
      (it) => it.isTrue("rawMessageDelivery") && it.knows("protocol") && !RAW.includes(it.text("protocol") ?? ""),
    ),
    refuse(
      "filterPolicy",
      `a JSON object of at most ${MOST_FILTERS} keys whose values are lists of what to match`,
      knownAnd("filterPolicy", (text) => !isFilter(text)),
    ),
    oneOf("filterPolicyScope", ["MessageAttributes", "MessageBody"]),
  ],
  "aws:cloudwatch/eventRule:EventRule": [
    refuse(
      "eventPattern",
      "a pattern or a schedule",
      (it) => it.lacks("eventPattern") && it.lacks("scheduleExpression"),
    ),
    refuse(
      "eventPattern",
      "an object whose values are lists of what to match, as JSON",
      knownAnd("eventPattern", (text) => !isPattern(text)),
    ),
    refuse(
      "scheduleExpression",
      "rate(5 minutes), or cron(...) with six fields",
      knownAnd("scheduleExpression", (text) => {
        const cron = /^cron\((.+)\)$/.exec(text)?.[1];
        if (cron !== undefined) return !isCron(cron.split(/\s+/));
        return !/^rate\((1 (minute|hour|day)|(?!1 |0)\d+ (minutes|hours|days))\)$/.test(text);
      }),
    ),
    atMostOneOf(["isEnabled", "state"]),
  ],
  "aws:cloudwatch/eventTarget:EventTarget": [
    matches("targetId", /^[.\w-]{1,64}$/, "1 to 64 letters, digits and .-_"),
    atMostOneOf(["input", "inputPath", "inputTransformer"]),
    refuse(
      "input",
      "a JSON text",
      knownAnd("input", (text) => !isJson(text)),
    ),
  ],
  "aws:budgets/budget:Budget": [
    matches("limitAmount", /^\d+(\.\d+)?$/, "an amount, as 2500"),
    refuse("limitAmount", "an amount above nothing", (it) => Number(it.text("limitAmount") ?? 1) === 0),
    together("limitAmount", "a limitUnit", (it) => it.has("limitUnit")),
    refuse("limitUnit", "a currency, as USD", (it) => {
      const unit = it.text("limitUnit");
      return it.text("budgetType") === "COST" && unit !== undefined && !CURRENCY.test(unit);
    }),
    refuse("limitAmount", "a limit, planned limits or one that adjusts itself", (it) =>
      ["limitAmount", "plannedLimits", "autoAdjustData"].every((name) => it.lacks(name)),
    ),
    atMostOneOf(["limitAmount", "plannedLimits"]),
    refuse("name", "a name without : and \\", (it) => /[:\\]/.test(it.text("name") ?? "")),
    ...["timePeriodStart", "timePeriodEnd"].map((name) => matches(name, PERIOD, "a time, as 2027-01-01_00:00")),
    refuse("notifications", "at most 10", (it) => it.objects("notifications").length > 10),
    eachOf("notifications", ...notification),
  ],
  "aws:cloudtrail/trail:Trail": [
    refuse("name", "no two of ._- side by side", (it) => /[._-]{2}/.test(it.text("name") ?? "")),
    atMostOneOf(["eventSelectors", "advancedEventSelectors"]),
    together("cloudWatchLogsGroupArn", "a role beside the log group", (it) => it.has("cloudWatchLogsRoleArn")),
    matches("cloudWatchLogsGroupArn", /:\*$/, "the ARN of a log group with :* at its end"),
    refuse(
      "includeGlobalServiceEvents",
      "true for a trail of all regions",
      (it) =>
        it.isTrue("isMultiRegionTrail") &&
        it.knows("includeGlobalServiceEvents") &&
        it.isFalse("includeGlobalServiceEvents"),
    ),
  ],
  "aws:cfg/recorder:Recorder": [
    refuse("name", "1 to 256 characters", (it) => (it.text("name") ?? "").length > 256),
    inside(
      "recordingGroup",
      refuse(
        "resourceTypes",
        "no types beside allSupported",
        (it) => it.isTrue("allSupported") && it.has("resourceTypes"),
      ),
      refuse(
        "includeGlobalResourceTypes",
        "true beside allSupported alone",
        (it) => it.isTrue("includeGlobalResourceTypes") && it.knows("allSupported") && it.isFalse("allSupported"),
      ),
    ),
    oneOf("recordingMode.recordingFrequency", ["CONTINUOUS", "DAILY"]),
  ],
  "aws:cfg/deliveryChannel:DeliveryChannel": [
    refuse("name", "1 to 256 characters", (it) => (it.text("name") ?? "").length > 256),
    oneOf("snapshotDeliveryProperties.deliveryFrequency", [
      "One_Hour",
      "Three_Hours",
      "Six_Hours",
      "Twelve_Hours",
      "TwentyFour_Hours",
    ]),
  ],
  "aws:codebuild/project:Project": [
    within("buildTimeout", 5, 2160, " minutes"),
    within("queuedTimeout", 5, 480, " minutes"),
    refuse(
      "source.location",
      "where the source is",
      (it) => it.lacks("source.location") && !["CODEPIPELINE", "NO_SOURCE", undefined].includes(it.text("source.type")),
    ),
    refuse(
      "source.buildspec",
      "a buildspec where there is no source",
      (it) => it.text("source.type") === "NO_SOURCE" && it.lacks("source.buildspec"),
    ),
    refuse(
      "artifacts.location",
      "a bucket for what is kept",
      (it) => it.text("artifacts.type") === "S3" && it.lacks("artifacts.location"),
    ),
    refuse("vpcConfig.subnets", "a subnet", (it) => it.has("vpcConfig") && it.lacks("vpcConfig.subnets")),
  ],
  "aws:codebuild/webhook:Webhook": [
    atMostOneOf(["branchFilter", "filterGroups"]),
    eachOf("filterGroups", eachOf("filters", oneOf("type", WEBHOOK_FILTERS), required("pattern", "what to match"))),
  ],
};
