import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { isSecretName, knownValue, leavesOf, type Resource } from "./judging/resource.ts";
import { each, every, type Policy } from "./policy.ts";

/** What credentials look like, wherever they stand. */
const CREDENTIALS = [
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/,
  /\bgh[pousr]_[A-Za-z0-9]{36,}/,
  /\bgithub_pat_[A-Za-z0-9_]{40,}/,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/,
  /https:\/\/hooks\.slack\.com\/services\/\w+/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:[^\s:/@]+@/,
];

/** Where secrets are meant to be; the SDK marks them all as secret. */
const HOLDERS = [
  "aws:secretsmanager/secretVersion:SecretVersion",
  "random:index/randomPassword:RandomPassword",
  // Where one may have data is another policy's business: pods-secrets-as-files.
  "kubernetes:core/v1:Secret",
];

const isProviders = (type: string) => type.startsWith("pulumi:");

export const noPlainSecrets: Policy = {
  name: "no-plain-secrets",
  control: "D02",
  reason: "Anyone who can read the program, its state or the AWS console can read the secret.",
  fix: "Let AWS or a random.RandomPassword make it, keep it in Secrets Manager, and pass its ARN.",
  each: [
    every(
      (type) => !HOLDERS.includes(type) && !isProviders(type),
      ({ props }, demand) => {
        for (const { path, text } of leavesOf(() => props)) {
          const value = knownValue(text) ?? "";
          if (CREDENTIALS.some((pattern) => pattern.test(value))) demand(path.join("."), () => false);
        }
      },
    ),
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("manageMasterUserPassword", () => props.manageMasterUserPassword === true);
      demand("password", () => !("password" in props));
    }),
  ],
};

export const noSecretInChartValues: Policy = {
  name: "no-secret-in-chart-values",
  control: "S69",
  reason: "Helm stores its values in the cluster in every revision, readable by anyone who may read the release.",
  fix: "Pass the secret's ARN; the pod mounts it as a file from the secret store.",
  each: [
    each("kubernetes:helm.sh/v3:Release", ({ props }, demand) => {
      const leaves = leavesOf(() => props.values);
      for (const { path, text } of leaves.filter((leaf) => isSecretName(leaf.path.at(-1) ?? ""))) {
        demand(`values.${path.join(".")}`, () => knownValue(text) === "");
      }
      // What is not known yet may hold a secret further down.
      demand("values", () => leaves.every(({ text }) => typeof text() === "string"), "update");
      demand("valueYamlFiles", () => (props.valueYamlFiles ?? []).length === 0);
    }),
  ],
};

export const secretsEncryptedWithCustomerKey: Policy = {
  name: "secrets-encrypted-with-customer-key",
  control: "S55",
  reason:
    "Under the AWS managed key, whoever may read a secret may also decrypt it; a customer managed key requires a second permission.",
  fix: "Set kmsKeyId (masterUserSecretKmsKeyId on a database) to the secrets key's ARN.",
  each: [
    each("aws:secretsmanager/secret:Secret", ({ props }, demand) => {
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("masterUserSecretKmsKeyId", () => isCustomerKey(props.masterUserSecretKmsKeyId), FROM_A_KEY);
    }),
  ],
};

const MAX_DAYS = 90;

const DAY_MILLISECONDS = 86_400_000;

/** Whether a generated password was made in the last days, by the day that it is kept for. */
function isFresh({ props }: Resource<"random:index/randomPassword:RandomPassword">, today: string): boolean {
  const days = (Date.parse(today) - Date.parse(props.keepers?.since ?? "")) / DAY_MILLISECONDS;
  return days >= 0 && days <= MAX_DAYS;
}

export const secretsRotate: Policy = {
  name: "secrets-rotate",
  control: "S54",
  reason: "A secret that never changes stays known to everyone who has ever had access.",
  fix:
    "Add an aws.secretsmanager.SecretRotation with automaticallyAfterDays of 90 or less; where the program itself " +
    "generates the password, give it keepers.since of the last 90 days: set sparki:database.passwordsSince to today.",
  each: [
    each("aws:secretsmanager/secretRotation:SecretRotation", ({ props }, demand) => {
      const days = () => props.rotationRules?.automaticallyAfterDays ?? Number.POSITIVE_INFINITY;
      demand("rotationRules.automaticallyAfterDays", () => days() <= MAX_DAYS);
    }),
  ],
  whole: (stack, demand, { today }) => {
    const rotations = stack.all("aws:secretsmanager/secretRotation:SecretRotation");
    const versions = stack.all("aws:secretsmanager/secretVersion:SecretVersion");
    const passwords = stack.all("random:index/randomPassword:RandomPassword");
    for (const secret of stack.all("aws:secretsmanager/secret:Secret")) {
      const rotates = rotations.some((rotation) => stack.refers(rotation, "secretId", secret));
      const values = versions.filter((version) => stack.refers(version, "secretId", secret));
      const sources = passwords.filter((password) =>
        values.some((version) => version.sourcesOf("secretString").some(({ urn }) => urn === password.urn)),
      );
      demand(
        secret,
        "rotation",
        () => rotates || (sources.length > 0 && sources.every((password) => isFresh(password, today))),
      );
    }
  },
};
