import { isV4Address } from "../addresses.ts";
import { isExistingService } from "../catalog.ts";
import {
  atMostOneOf,
  eachOf,
  eachOneOf,
  exactlyOneOf,
  inside,
  matches,
  oneOf,
  onUpdate,
  type Rule,
  refuse,
  required,
  together,
  within,
  wrong,
} from "../finding.ts";
import { type Inputs, isInputRecord, UNKNOWN_INPUT } from "../inputs.ts";
import { statementsOf } from "../policy-document.ts";
import { actionsFitResources, arn, type RuleTable, resourcePolicy, unique } from "./shared.ts";

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

/** The order in which objects may go from class to class. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html */
const WATERFALL = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
const LEAST_DAYS_OF_IA = 30;

/** Objects go down only, one class at a time, and stay in infrequent access for 30 days before they go on. */
function downTheWaterfall(list: string, days: string): Rule {
  return refuse(
    list,
    `classes in the order ${WATERFALL.join(", ")}, ${LEAST_DAYS_OF_IA} days after infrequent access`,
    (it) => {
      const steps = it
        .objects(list)
        .flatMap((each) => {
          const [after, place] = [each.number(days), WATERFALL.indexOf(each.text("storageClass") ?? "")];
          return after === undefined || place < 0 ? [] : [{ after, place }];
        })
        .sort((one, other) => one.after - other.after);
      return steps.some(({ after, place }, index) => {
        const before = steps[index - 1];
        if (before === undefined) return false;
        const isLess = /_IA$/.test(WATERFALL[before.place] ?? "");
        const skips = WATERFALL[before.place] === "ONEZONE_IA" && WATERFALL[place] === "GLACIER_IR";
        return (
          skips || before.place > place || before.after === after || (isLess && after < before.after + LEAST_DAYS_OF_IA)
        );
      });
    },
  );
}

/** Infrequent access takes objects that have lain for 30 days. */
function restsFirst(days: string): Rule {
  return refuse(
    days,
    `${LEAST_DAYS_OF_IA} days or more for infrequent access`,
    (it) => /_IA$/.test(it.text("storageClass") ?? "") && (it.number(days) ?? LEAST_DAYS_OF_IA) < LEAST_DAYS_OF_IA,
  );
}

/** One rule goes by dates or by days. */
const datesOrDays: Rule = (it) => {
  const steps = [it.object("expiration") ?? [], it.objects("transitions")].flat();
  const [dated, counted] = ["date", "days"].map((name) => steps.some((each) => each.has(name)));
  return dated === true && counted === true ? wrong(it, "transitions", "dates alone or days alone in one rule") : [];
};

const lifecycleRule: readonly Rule[] = [
  datesOrDays,
  (it) => {
    const ends = it.number("noncurrentVersionExpiration.noncurrentDays");
    const late = it
      .objects("noncurrentVersionTransitions")
      .some((each) => ends !== undefined && (each.number("noncurrentDays") ?? 0) >= ends);
    return late ? wrong(it, "noncurrentVersionExpiration", "an end after every transition") : [];
  },
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
  eachOf("transitions", oneOf("storageClass", STORAGE_CLASSES), exactlyOneOf(["date", "days"]), restsFirst("days")),
  eachOf(
    "noncurrentVersionTransitions",
    oneOf("storageClass", STORAGE_CLASSES),
    required("noncurrentDays", "days"),
    restsFirst("noncurrentDays"),
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
  refuse(
    "expiration",
    "no filter by tags beside expiredObjectDeleteMarker: markers have none",
    (it) =>
      it.isTrue("expiration.expiredObjectDeleteMarker") && ["tag", "and.tags"].some((name) => it.has(`filter.${name}`)),
  ),
  inside("noncurrentVersionExpiration", required("noncurrentDays", "days")),
  downTheWaterfall("transitions", "days"),
  downTheWaterfall("noncurrentVersionTransitions", "noncurrentDays"),
  ...["transitions", "noncurrentVersionTransitions"].map((name) =>
    refuse(name, "no storage class twice", (it) => {
      const classes = it.objects(name).flatMap((each) => each.text("storageClass") ?? []);
      return new Set(classes).size < classes.length;
    }),
  ),
];

/** The rules that a bucket itself has may be fewer, but not other ones. */
const simpleLifecycle: readonly Rule[] = [
  (it) =>
    [...LIFECYCLE_ACTIONS, "abortIncompleteMultipartUploadDays"].some((name) => it.has(name))
      ? []
      : wrong(it, "expiration", "an action of the rule"),
  inside("expiration", atMostOneOf(["date", "days", "expiredObjectDeleteMarker"])),
  eachOf("transitions", exactlyOneOf(["date", "days"]), restsFirst("days")),
  eachOf("noncurrentVersionTransitions", restsFirst("days")),
  downTheWaterfall("transitions", "days"),
  downTheWaterfall("noncurrentVersionTransitions", "days"),
  datesOrDays,
];

const isDefaultBucket = (it: Inputs) => it.has("bucket");
const RUNTIME =
  /^(nodejs(18|20|22|24)\.x|python3\.(9|10|11|12|13|14)|java(8\.al2|11|17|21|25)|dotnet(6|8|10)|ruby3\.[2-4]|provided\.(al2|al2023))$/;

/** @see https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html */
const SNAPSHOTS = /^(java(11|17|21|25)|python3\.1[2-9]|dotnet([89]|10))$/;

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
    eachOf(
      "grants",
      oneOf("type", ["CanonicalUser", "Group"]),
      eachOneOf("permissions", ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"]),
      required("id", "whom it is for", (it) => it.text("type") === "CanonicalUser"),
      oneOf(
        "uri",
        ["global/AllUsers", "global/AuthenticatedUsers", "s3/LogDelivery"].map(
          (group) => `http://acs.amazonaws.com/groups/${group}`,
        ),
      ),
      required("uri", "which group it is for", (it) => it.text("type") === "Group"),
    ),
    inside(
      "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault",
      oneOf("sseAlgorithm", ["AES256", "aws:kms", "aws:kms:dsse"]),
    ),
    inside(
      "website",
      refuse(
        "redirectAllRequestsTo",
        "nothing beside it: all requests are redirected",
        (it) =>
          it.has("redirectAllRequestsTo") &&
          ["indexDocument", "errorDocument", "routingRules"].some((name) => it.has(name)),
      ),
      refuse(
        "indexDocument",
        "a first page, or a redirect of all requests",
        (it) => it.lacks("indexDocument") && it.lacks("redirectAllRequestsTo"),
      ),
    ),
    inside("replicationConfiguration", unique("rules", "priority"), unique("rules", "id")),
    inside(
      "objectLockConfiguration.rule.defaultRetention",
      exactlyOneOf(["days", "years"]),
      required("mode", "a mode"),
    ),
    refuse(
      "versioning.enabled",
      "true beside copies and locks",
      (it) => it.has("replicationConfiguration") && it.isFalse("versioning.enabled"),
    ),
    eachOf("corsRules", required("allowedMethods", "a method"), required("allowedOrigins", "an origin")),
    refuse("corsRules", "at most 100 rules", (it) => it.objects("corsRules").length > 100),
    unique("lifecycleRules", "id"),
    eachOf("lifecycleRules", ...simpleLifecycle),
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
      const named = statementsOf(policy).flatMap(({ resources }) =>
        resources.flatMap((each) => /^arn:aws[a-z-]*:s3:::([a-z0-9.-]+)/.exec(each)?.[1] ?? []),
      );
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
    refuse("imageUri", "an image in the function's own region", (it) => {
      const place = /\.dkr\.ecr\.([a-z0-9-]+)\./.exec(it.text("imageUri") ?? "")?.[1];
      const own = it.text("region");
      return place !== undefined && own !== undefined && place !== own;
    }),
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
    refuse("snapStart.applyOn", "None, or a runtime that has snapshots: Java, Python from 3.12, .NET from 8", (it) => {
      const runtime = it.text("runtime");
      return it.text("snapStart.applyOn") === "PublishedVersions" && runtime !== undefined && !SNAPSHOTS.test(runtime);
    }),
    refuse(
      "snapStart.applyOn",
      "None beside a file system, an image or more than 512 MB of storage",
      (it) =>
        it.text("snapStart.applyOn") === "PublishedVersions" &&
        (it.has("fileSystemConfig") || it.has("imageUri") || (it.number("ephemeralStorage.size") ?? 512) > 512),
    ),
    refuse(
      "replacementSecurityGroupIds",
      "groups beside replaceSecurityGroupsOnDestroy",
      (it) => it.isTrue("replaceSecurityGroupsOnDestroy") && it.lacks("replacementSecurityGroupIds"),
    ),
    together(
      "imageConfig",
      "an image",
      (it) =>
        it.text("packageType") === "Image" || it.has("imageUri") || (it.has("packageType") && !it.knows("packageType")),
    ),
    refuse("layers", "one version of each layer", (it) => {
      const layers = it.knownTexts("layers").map((each) => each.replace(/:\d+$/, ""));
      return new Set(layers).size < layers.length;
    }),
    together("fileSystemConfig", "vpcConfig: file systems are reached through a network", (it) => it.has("vpcConfig")),
    ...["s3Key", "s3ObjectVersion"].map((name) => together(name, "s3Bucket", (it) => it.has("s3Bucket"))),
    inside(
      "loggingConfig",
      ...["applicationLogLevel", "systemLogLevel"].map((name) =>
        refuse(name, "a level for lines in JSON alone", (it) => it.has(name) && it.text("logFormat") === "Text"),
      ),
    ),
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
    refuse(
      "functionUrlAuthType",
      "nothing but for lambda:InvokeFunctionUrl",
      (it) => it.has("functionUrlAuthType") && it.knows("action") && it.text("action") !== "lambda:InvokeFunctionUrl",
    ),
    refuse("principal", "a service that there is", (it) => {
      const principal = it.text("principal") ?? "";
      return /\.amazonaws\.com$/.test(principal) && !isExistingService(principal);
    }),
  ],
};
