import { leavesOf } from "./judging/leaves.ts";
import { knownValue } from "./judging/resource.ts";
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
  reason: "Whoever reads the program, its state or the cloud's console reads the secret.",
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
