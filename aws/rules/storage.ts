import { isV4Address } from "../addresses.ts";
import {
  atMostOneOf,
  eachOf,
  exactlyOneOf,
  inside,
  matches,
  oneOf,
  onUpdate,
  type Rule,
  refuse,
  required,
  within,
  wrong,
} from "../finding.ts";
import { type Inputs, isInputRecord, UNKNOWN_INPUT } from "../inputs.ts";
import { actionsFitResources, resourcePolicy } from "./resource-policies.ts";
import { arn, type RuleTable } from "./shared.ts";

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KEPT_ENDS = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
const KEPT_STARTS = ["xn--", "sthree-", "amzn-s3-demo-"];
const STORAGE_CLASSES = ["GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"];

const bucketName: readonly Rule[] = [
  matches("bucket", BUCKET, "3 to 63 lower-case letters, digits, hyphens and periods, a letter or digit at each end"),
  refuse(
    "bucket",
    "a name that is no address, has no two periods side by side and none of S3's own beginnings and endings",
    (it) => {
      const name = it.text("bucket") ?? "a";
      return (
        isV4Address(name) ||
        /\.\.|\.-|-\./.test(name) ||
        KEPT_STARTS.some((each) => name.startsWith(each)) ||
        KEPT_ENDS.some((each) => name.endsWith(each))
      );
    },
  ),
];

const DAYS = (name: string): Rule => refuse(name, "1 day or more", (it) => (it.number(name) ?? 1) < 1);
const LIFECYCLE_ACTIONS = [
  "expiration",
  "transitions",
  "noncurrentVersionExpiration",
  "noncurrentVersionTransitions",
  "abortIncompleteMultipartUpload",
];

const lifecycleRule: readonly Rule[] = [
  oneOf("status", ["Enabled", "Disabled"]),
  matches("id", /^[^\p{C}]{1,255}$/u, "1 to 255 printable characters"),
  (it) =>
    LIFECYCLE_ACTIONS.some((name) => it.has(name))
      ? []
      : wrong(it, "expiration", `an action: ${LIFECYCLE_ACTIONS.join(", ")}`),
  inside(
    "expiration",
    atMostOneOf(["date", "days", "expiredObjectDeleteMarker"]),
    DAYS("days"),
    matches("date", /^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/, "midnight UTC, as 2027-01-01T00:00:00Z"),
  ),
  inside("noncurrentVersionExpiration", DAYS("noncurrentDays"), within("newerNoncurrentVersions", 1, 100)),
  inside("abortIncompleteMultipartUpload", DAYS("daysAfterInitiation")),
  eachOf(
    "transitions",
    oneOf("storageClass", STORAGE_CLASSES),
    exactlyOneOf(["date", "days"]),
    refuse(
      "days",
      "30 days or more for infrequent access",
      (it) =>
        /_IA$/.test(it.text("storageClass") ?? "") &&
        it.text("storageClass") !== "GLACIER_IR" &&
        (it.number("days") ?? 30) < 30,
    ),
  ),
  eachOf(
    "noncurrentVersionTransitions",
    oneOf("storageClass", STORAGE_CLASSES),
    required("noncurrentDays", "days"),
    refuse(
      "noncurrentDays",
      "30 days or more for infrequent access",
      (it) => /_IA$/.test(it.text("storageClass") ?? "") && (it.number("noncurrentDays") ?? 30) < 30,
    ),
  ),
  (it) => {
    const expires = it.number("expiration.days");
    const late = it
      .objects("transitions")
      .some((each) => expires !== undefined && (each.number("days") ?? 0) >= expires);
    return late ? wrong(it, "expiration", "an end after every transition") : [];
  },
  atMostOneOf(["filter", "prefix"]),
  inside(
    "filter",
    atMostOneOf(["and", "prefix", "tag", "objectSizeGreaterThan", "objectSizeLessThan"]),
    inside(
      "and",
      refuse("objectSizeLessThan", "more than objectSizeGreaterThan", (it) => {
        const [least, most] = [it.number("objectSizeGreaterThan"), it.number("objectSizeLessThan")];
        return least !== undefined && most !== undefined && most <= least;
      }),
    ),
    refuse("and", "two conditions or more", (it) => {
      const parts = it.object("and");
      if (parts === undefined) return false;
      const tags = Object.keys(Object(parts.raw("tags"))).length;
      const others = ["prefix", "objectSizeGreaterThan", "objectSizeLessThan"].filter((name) => parts.has(name)).length;
      return parts.raw("tags") !== UNKNOWN_INPUT && tags + others < 2;
    }),
  ),
  refuse(
    "abortIncompleteMultipartUpload",
    "no filter by tags or sizes: parts of uploads have none",
    (it) =>
      it.has("abortIncompleteMultipartUpload") &&
      [
        "tag",
        "objectSizeGreaterThan",
        "objectSizeLessThan",
        "and.tags",
        "and.objectSizeGreaterThan",
        "and.objectSizeLessThan",
      ].some((name) => it.has(`filter.${name}`)),
  ),
  ...["transitions", "noncurrentVersionTransitions"].map((name) =>
    refuse(name, "no storage class twice", (it) => {
      const classes = it.objects(name).flatMap((each) => each.text("storageClass") ?? []);
      return new Set(classes).size < classes.length;
    }),
  ),
];

const isDefaultBucket = (it: Inputs) => it.has("bucket");
const RUNTIME =
  /^(nodejs(18|20|22|24)\.x|python3\.(9|10|11|12|13|14)|java(8\.al2|11|17|21|25)|dotnet(6|8|10)|ruby3\.[2-4]|provided(\.al2|\.al2023)?|go1\.x)$/;

/** Names that Lambda sets itself. @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const KEPT_VARIABLES =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|LAMBDA_.+|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)|TZ)$/;
const MOST_VARIABLES = 4096;

const variables: Rule = (it) => {
  const given = it.raw("environment.variables");
  if (!isInputRecord(given)) return [];
  const at = "environment.variables";
  const wrongNames = Object.keys(given).filter(
    (name) => !/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) || (KEPT_VARIABLES.test(name) && name !== "TZ"),
  );
  const size = Buffer.byteLength(JSON.stringify(given));
  return [
    ...wrongNames.map((name) => ({
      path: `${at}.${name}`,
      found: "a variable",
      expected: "a name of letters, digits and underscores that Lambda does not set itself",
    })),
    ...(size > MOST_VARIABLES
      ? [{ path: at, found: `${size} bytes`, expected: `at most ${MOST_VARIABLES} bytes in all` }]
      : []),
  ];
};

/** What S3 and Lambda refuse. */
export const storageRules: RuleTable = {
  "aws:s3/bucket:Bucket": [
    ...bucketName,
    oneOf("acl", [
      "private",
      "public-read",
      "public-read-write",
      "aws-exec-read",
      "authenticated-read",
      "log-delivery-write",
      "bucket-owner-read",
      "bucket-owner-full-control",
    ]),
    resourcePolicy("policy", "s3", 20_480),
    atMostOneOf(["acl", "grants"]),
    refuse("bucketPrefix", "at most 37 characters", (it) => (it.text("bucketPrefix") ?? "").length > 37),
    oneOf("requestPayer", ["BucketOwner", "Requester"]),
    oneOf("accelerationStatus", ["Enabled", "Suspended"]),
    refuse(
      "accelerationStatus",
      "no acceleration of a name with periods",
      (it) => it.has("accelerationStatus") && (it.text("bucket") ?? "").includes("."),
    ),
  ],
  "aws:s3/bucketPolicy:BucketPolicy": [
    resourcePolicy("policy", "s3", 20_480),
    actionsFitResources,
    (it) => {
      const [bucket, policy] = [it.text("bucket"), it.text("policy")];
      if (bucket === undefined || policy === undefined) return [];
      const named = [...policy.matchAll(/arn:aws[a-z-]*:s3:::([a-z0-9.-]+)/g)].map(([, name]) => name);
      return named.some((name) => name !== bucket) ? wrong(it, "policy", `resources of the bucket ${bucket} only`) : [];
    },
  ],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": [
    required("bucket", "a bucket", (it) => !isDefaultBucket(it)),
  ],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [
    required("rules", "a rule"),
    refuse("rules", "one rule", (it) => it.objects("rules").length > 1),
    eachOf(
      "rules",
      oneOf("applyServerSideEncryptionByDefault.sseAlgorithm", ["AES256", "aws:kms", "aws:kms:dsse"]),
      refuse(
        "applyServerSideEncryptionByDefault.kmsMasterKeyId",
        "aws:kms beside a key",
        (it) =>
          it.has("applyServerSideEncryptionByDefault.kmsMasterKeyId") &&
          it.text("applyServerSideEncryptionByDefault.sseAlgorithm") === "AES256",
      ),
    ),
  ],
  "aws:s3/bucketVersioning:BucketVersioning": [
    oneOf("versioningConfiguration.status", ["Enabled", "Suspended", "Disabled"]),
    oneOf("versioningConfiguration.mfaDelete", ["Enabled", "Disabled"]),
    onUpdate(
      "versioningConfiguration.status",
      "Enabled or Suspended: a bucket's versions do not go away",
      (it, before) =>
        it.text("versioningConfiguration.status") === "Disabled" &&
        ["Enabled", "Suspended"].includes(before.text("versioningConfiguration.status") ?? ""),
    ),
    refuse(
      "mfa",
      "a device's serial number and a code",
      (it) => it.text("versioningConfiguration.mfaDelete") === "Enabled" && it.lacks("mfa"),
    ),
  ],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": [
    required("rules", "a rule"),
    eachOf("rules", ...lifecycleRule),
    (it) => {
      const ids = it.objects("rules").flatMap((each) => each.text("id") ?? []);
      return new Set(ids).size < ids.length ? wrong(it, "rules", "no id twice") : [];
    },
    refuse("rules", "at most 1000 rules", (it) => it.objects("rules").length > 1000),
  ],
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": [
    oneOf("rule.objectOwnership", ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]),
  ],
  "aws:lambda/function:Function": [
    matches("name", /^[a-zA-Z0-9-_]{1,64}$/, "1 to 64 letters, digits and -_"),
    within("memorySize", 128, 10_240, " MB"),
    within("timeout", 1, 900, " seconds"),
    matches("runtime", RUNTIME, "a runtime of Lambda's"),
    oneOf("packageType", ["Zip", "Image"]),
    refuse(
      "runtime",
      "a runtime for a Zip package",
      (it) => (it.text("packageType") ?? "Zip") === "Zip" && it.lacks("runtime"),
    ),
    refuse(
      "handler",
      "a handler for a Zip package",
      (it) => (it.text("packageType") ?? "Zip") === "Zip" && it.lacks("handler"),
    ),
    arn("role", "iam", "role/.+"),
    oneOf("tracingConfig.mode", ["Active", "PassThrough"]),
    within("reservedConcurrentExecutions", -1, 100_000),
    inside("ephemeralStorage", within("size", 512, 10_240, " MB")),
    ...["handler", "runtime", "layers"].map((name) =>
      refuse(name, "nothing beside an image", (it) => it.text("packageType") === "Image" && it.has(name)),
    ),
    matches(
      "imageUri",
      /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/.+[:@].+$/,
      "an image in a private registry of ECR, with its tag or digest",
    ),
    required("imageUri", "an image", (it) => it.text("packageType") === "Image"),
    refuse(
      "packageType",
      "Image beside an image",
      (it) =>
        it.has("imageUri") &&
        (it.text("packageType") ?? "Zip") === "Zip" &&
        (it.lacks("packageType") || it.knows("packageType")),
    ),
    variables,
    ...[
      ["subnetIds", "securityGroupIds"],
      ["securityGroupIds", "subnetIds"],
    ].map(([one = "", other = ""]) =>
      refuse(
        `vpcConfig.${other}`,
        `a value beside ${one}`,
        (it) => it.has(`vpcConfig.${one}`) && it.lacks(`vpcConfig.${other}`),
      ),
    ),
    matches("deadLetterConfig.targetArn", /^arn:aws[a-z-]*:(sqs|sns):/, "the ARN of a queue or a topic"),
    refuse("layers", "at most 5", (it) => it.knownTexts("layers").length > 5),
  ],
  "aws:lambda/permission:Permission": [
    matches("action", /^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/, "an action of Lambda's"),
    matches(
      "principal",
      /^(\*|\d{12}|[a-z0-9.-]+\.amazonaws\.com|arn:aws[a-z-]*:iam::\d{12}:.+)$/,
      "a service, an account or an ARN",
    ),
    matches("sourceAccount", /^\d{12}$/, "an account's number"),
    matches("statementId", /^[a-zA-Z0-9-_]{1,100}$/, "1 to 100 letters, digits and -_"),
    oneOf("functionUrlAuthType", ["AWS_IAM", "NONE"]),
  ],
};
