import { facts } from "../facts.ts";
import {
  atMostOneOf,
  distinct,
  eachMatches,
  eachOf,
  matches,
  oneOf,
  type Rule,
  refuse,
  required,
  together,
  within,
} from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { arn, isCron, letsChangeItself, notPublic, policyDocument, type RuleTable, resourcePolicy } from "./shared.ts";

const IAM_NAME = /^[\w+=,.@-]+$/;
const IAM_WORDS = "letters, digits and +=,.@_-";
const PATH = /^\/$|^\/[!-~]{1,510}\/$/;
/** What IAM takes in descriptions: printable Latin-1. */
const DESCRIPTION = /^[\t\n\r\u0020-\u007E\u00A1-\u00FF]*$/;
const POLICY_ARN = /^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/.+$/;

const name = (property: string, longest: number): Rule[] => [
  matches(property, IAM_NAME, IAM_WORDS),
  refuse(property, `at most ${longest} characters`, (it) => (it.text(property) ?? "").length > longest),
];

const SYMMETRIC = "SYMMETRIC_DEFAULT";
const specOf = (it: Inputs) => it.text("customerMasterKeySpec") ?? SYMMETRIC;
const usageOf = (it: Inputs) => it.text("keyUsage") ?? "ENCRYPT_DECRYPT";

/** Which uses each kind of key has. */
const USES: readonly [spec: RegExp, uses: readonly string[]][] = [
  [/^SYMMETRIC_DEFAULT$/, ["ENCRYPT_DECRYPT"]],
  [/^RSA_/, ["ENCRYPT_DECRYPT", "SIGN_VERIFY"]],
  [/^ECC_NIST_EDWARDS/, ["SIGN_VERIFY"]],
  [/^ECC_SECG/, ["SIGN_VERIFY"]],
  [/^ECC_/, ["SIGN_VERIFY", "KEY_AGREEMENT"]],
  [/^HMAC_/, ["GENERATE_VERIFY_MAC"]],
  [/^ML_DSA_/, ["SIGN_VERIFY"]],
  [/^SM2$/, ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"]],
];

/** A policy of AWS's own must be one that there is; the account's are not known. */
function existingManagedPolicy(name: string): Rule {
  return refuse(name, "a managed policy that AWS has", (it) =>
    [it.text(name) ?? [], it.knownTexts(name)].flat().some((arn) => {
      const own = /^arn:aws:iam::aws:policy\/(.+)$/.exec(arn)?.[1];
      return own !== undefined && !facts().catalog.managedPolicies.includes(own);
    }),
  );
}

/** What IAM, KMS, CloudWatch Logs and Secrets Manager refuse. */
export const identityRules: RuleTable = {
  "aws:iam/role:Role": [
    ...name("name", 64),
    refuse("path", "a path that AWS does not keep for its own roles", (it) =>
      /^\/aws-(service-role|reserved)\//.test(it.text("path") ?? ""),
    ),
    refuse("namePrefix", "at most 38 characters", (it) => (it.text("namePrefix") ?? "").length > 38),
    matches("path", PATH, "a path that begins and ends with a slash"),
    matches("description", DESCRIPTION, "printable text"),
    within("maxSessionDuration", 3600, 43_200, " seconds"),
    policyDocument("assumeRolePolicy", "trust", 2048),
    arn("permissionsBoundary", "iam", "policy/([\\w+=,.@/-]{1,511}/)?[\\w+=,.@-]{1,128}"),
    existingManagedPolicy("permissionsBoundary"),
    eachMatches("managedPolicyArns", POLICY_ARN, "ARNs of managed policies"),
    existingManagedPolicy("managedPolicyArns"),
    distinct("managedPolicyArns"),
    refuse("managedPolicyArns", "at most 10 managed policies", (it) => it.knownTexts("managedPolicyArns").length > 10),
    eachOf("inlinePolicies", policyDocument("policy", "identity", 10_240), ...name("name", 128)),
  ],
  "aws:iam/rolePolicy:RolePolicy": [...name("name", 128), policyDocument("policy", "identity", 10_240)],
  "aws:iam/policy:Policy": [
    ...name("name", 128),
    matches("path", PATH, "a path that begins and ends with a slash"),
    policyDocument("policy", "identity", 6144),
  ],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": [
    matches("policyArn", POLICY_ARN, "the ARN of a managed policy"),
    existingManagedPolicy("policyArn"),
    matches("role", /^[\w+=,.@-]{1,64}$/, "a role's name, not its ARN"),
  ],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": [
    matches("url", /^https:\/\/[a-z0-9.-]+(:443)?(\/[\w./-]*)?$/i, "an https URL without a query"),
    eachMatches("thumbprintLists", /^[0-9a-fA-F]{40}$/, "SHA-1 thumbprints of 40 hex digits"),
    refuse("thumbprintLists", "at most 5", (it) => it.knownTexts("thumbprintLists").length > 5),
    refuse(
      "clientIdLists",
      "audiences of at most 255 characters, at most 100",
      (it) =>
        it.knownTexts("clientIdLists").length > 100 || it.knownTexts("clientIdLists").some((each) => each.length > 255),
    ),
    distinct("clientIdLists"),
  ],
  "aws:iam/instanceProfile:InstanceProfile": [
    ...name("name", 128),
    matches("path", PATH, "a path that begins and ends with a slash"),
    matches("role", /^[\w+=,.@-]{1,64}$/, "a role's name, not its ARN"),
  ],
  "aws:kms/key:Key": [
    within("deletionWindowInDays", 7, 30, " days"),
    within("rotationPeriodInDays", 90, 2560, " days"),
    together("rotationPeriodInDays", "enableKeyRotation: true", (it) => !it.isFalse("enableKeyRotation")),
    refuse(
      "enableKeyRotation",
      "false for a key that is not symmetric",
      (it) => it.isTrue("enableKeyRotation") && specOf(it) !== SYMMETRIC,
    ),
    refuse("keyUsage", "a use that the key's kind has", (it) => {
      const uses = USES.find(([spec]) => spec.test(specOf(it)))?.[1];
      return uses !== undefined && !uses.includes(usageOf(it));
    }),
    oneOf("customerMasterKeySpec", [
      "SYMMETRIC_DEFAULT",
      "RSA_2048",
      "RSA_3072",
      "RSA_4096",
      "HMAC_224",
      "HMAC_256",
      "HMAC_384",
      "HMAC_512",
      "ECC_NIST_P256",
      "ECC_NIST_P384",
      "ECC_NIST_P521",
      "ECC_SECG_P256K1",
      "ECC_NIST_EDWARDS25519",
      "ML_DSA_44",
      "ML_DSA_65",
      "ML_DSA_87",
      "SM2",
    ]),
    resourcePolicy("policy", "kms", 32_768),
    letsChangeItself,
    refuse("description", "at most 8192 characters", (it) => (it.text("description") ?? "").length > 8192),
    refuse(
      "customKeyStoreId",
      "a symmetric key that is not multi-region",
      (it) => it.has("customKeyStoreId") && (specOf(it) !== SYMMETRIC || it.isTrue("multiRegion")),
    ),
    together("xksKeyId", "customKeyStoreId", (it) => it.has("customKeyStoreId")),
    refuse(
      "customerMasterKeySpec",
      "SM2 in China's regions alone",
      (it) => specOf(it) === "SM2" && it.has("region") && it.knows("region") && !/^cn-/.test(it.text("region") ?? ""),
    ),
  ],
  "aws:kms/alias:Alias": [
    matches("name", /^alias\/[a-zA-Z0-9/_-]{1,250}$/, "alias/ and letters, digits and /_-"),
    refuse("name", "a name outside of alias/aws/", (it) => (it.text("name") ?? "").startsWith("alias/aws/")),
    matches(
      "targetKeyId",
      /^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/.+|[0-9a-f-]{36}|mrk-[0-9a-f]{32})$/,
      "a key's id or ARN",
    ),
  ],
  "aws:cloudwatch/logGroup:LogGroup": [
    matches("name", /^[.\-_/#A-Za-z0-9]{1,512}$/, "1 to 512 letters, digits and .-_/#"),
    refuse("name", "a name that does not begin with aws/", (it) => /^aws\//.test(it.text("name") ?? "")),
    oneOf("logGroupClass", ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"]),
    oneOf(
      "retentionInDays",
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    ),
    arn("kmsKeyId", "kms", "key/.+"),
  ],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": [
    refuse("policyName", "a name", (it) => it.lacks("policyName") && it.lacks("resourceArn")),
    atMostOneOf(["policyName", "resourceArn"]),
    resourcePolicy("policyDocument", "logs", 5120),
    matches("policyName", /^[^\p{C}]{1,255}$/u, "1 to 255 printable characters"),
  ],
  "aws:secretsmanager/secret:Secret": [
    matches("name", /^[a-zA-Z0-9/_+=.@-]{1,512}$/, "1 to 512 letters, digits and /_+=.@-"),
    matches("namePrefix", /^[a-zA-Z0-9/_+=.@-]{1,486}$/, "1 to 486 letters, digits and /_+=.@-"),
    refuse("recoveryWindowInDays", "0, or 7 to 30 days", (it) => {
      const days = it.number("recoveryWindowInDays");
      return days !== undefined && days !== 0 && (days < 7 || days > 30);
    }),
    resourcePolicy("policy", "secretsmanager", 20_480),
    refuse("replicas", "regions other than the secret's own", (it) =>
      it
        .objects("replicas")
        .some((each) => each.text("region") !== undefined && each.text("region") === it.text("region")),
    ),
    eachOf(
      "replicas",
      refuse("kmsKeyId", "a key of the copy's region", (it) => {
        const [key, region] = [
          /^arn:aws[a-z-]*:kms:([a-z0-9-]+):/.exec(it.text("kmsKeyId") ?? "")?.[1],
          it.text("region"),
        ];
        return key !== undefined && region !== undefined && key !== region;
      }),
    ),
    refuse("replicas", "one copy in each region", (it) => {
      const regions = it.objects("replicas").flatMap((each) => each.text("region") ?? []);
      return new Set(regions).size < regions.length;
    }),
    refuse("description", "at most 2048 characters", (it) => (it.text("description") ?? "").length > 2048),
    matches(
      "kmsKeyId",
      /^(arn:aws[a-z-]*:kms:.+:(key|alias)\/.+|alias\/.+|[0-9a-f-]{36}|mrk-[0-9a-f]{32})$/,
      "a key's id, alias or ARN",
    ),
  ],
  "aws:secretsmanager/secretVersion:SecretVersion": [
    (it) => {
      const values = ["secretString", "secretBinary", "secretStringWo"];
      const given = values.filter((each) => it.raw(each) !== undefined);
      if (given.length === 1) return [];
      return [
        {
          path: it.at("secretString"),
          found: given.length === 0 ? "nothing" : "beside another",
          expected: `just one of ${values.join(", ")}`,
        },
      ];
    },
    refuse("secretString", "at most 65,536 bytes", (it) => Buffer.byteLength(it.text("secretString") ?? "") > 65_536),
    refuse("secretBinary", "base64", (it) => /[^A-Za-z0-9+/=]/.test(it.text("secretBinary") ?? "")),
  ],
  "aws:secretsmanager/secretRotation:SecretRotation": [
    required("rotationRules", "a schedule"),
    (it) => {
      const rules = it.object("rotationRules");
      if (rules === undefined || rules.has("automaticallyAfterDays") !== rules.has("scheduleExpression")) return [];
      return [
        {
          path: "rotationRules",
          found: "both or neither",
          expected: "just one of automaticallyAfterDays and scheduleExpression",
        },
      ];
    },
    refuse("rotationRules.automaticallyAfterDays", "1 to 1000 days", (it) => {
      const days = it.number("rotationRules.automaticallyAfterDays");
      return days !== undefined && (days < 1 || days > 1000);
    }),
    matches(
      "rotationRules.scheduleExpression",
      /^(rate\([1-9]\d* (hours?|days?)\)|cron\(.+\))$/,
      "rate(...) or cron(...)",
    ),
    refuse("rotationRules.scheduleExpression", "1 to 999 days", (it) => {
      const days = Number(/^rate\((\d+) days?\)$/.exec(it.text("rotationRules.scheduleExpression") ?? "")?.[1] ?? 1);
      return days > 999;
    }),
    refuse("rotationRules.scheduleExpression", "rate(4 hours) or slower", (it) =>
      /^rate\([1-3] hours?\)$/.test(it.text("rotationRules.scheduleExpression") ?? ""),
    ),
    // @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    refuse(
      "rotationRules.scheduleExpression",
      "cron(0 H D M W *), one of D and W being ?: on the hour, in any year",
      (it) => {
        const fields = /^cron\((.+)\)$/.exec(it.text("rotationRules.scheduleExpression") ?? "")?.[1]?.split(" ");
        if (fields === undefined) return false;
        const [minute, , , , , year] = fields;
        return !isCron(fields) || minute !== "0" || year !== "*";
      },
    ),
    matches("rotationRules.duration", /^([1-9]|1\d|2[0-4])h$/, "1 to 24 hours, as 3h"),
    refuse("rotationRules.duration", "no longer than from one rotation to the next", (it) => {
      const hours = Number(/^rate\((\d+) hours?\)$/.exec(it.text("rotationRules.scheduleExpression") ?? "")?.[1]);
      return Number.parseInt(it.text("rotationRules.duration") ?? "", 10) > hours;
    }),
    refuse("rotationRules.duration", "a window that ends on the day on which it begins, by UTC", (it) => {
      const hour = /^cron\(0 (\d{1,2}) /.exec(it.text("rotationRules.scheduleExpression") ?? "")?.[1];
      return hour !== undefined && Number(hour) + Number.parseInt(it.text("rotationRules.duration") ?? "0", 10) > 24;
    }),
    arn("rotationLambdaArn", "lambda", "function:.+"),
  ],
  "aws:secretsmanager/secretPolicy:SecretPolicy": [resourcePolicy("policy", "secretsmanager", 20_480), notPublic],
};
