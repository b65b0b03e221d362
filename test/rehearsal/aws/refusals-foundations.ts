import { TYPES } from "../../../rehearsal/aws/types.ts";
import { roleFor, trust } from "./landscape.ts";
import type { Refusal } from "./refusal.ts";

/** What IAM, KMS, CloudWatch, Secrets Manager, S3 and Lambda refuse. */
export const FOUNDATIONS: readonly Refusal[] = [
  {
    what: "a role of the same name, whatever the case",
    type: TYPES.role,
    first: { name: "engine", assumeRolePolicy: trust("ec2.amazonaws.com") },
    inputs: { name: "Engine", assumeRolePolicy: trust("ec2.amazonaws.com") },
    code: "EntityAlreadyExists",
    words: "Role with name Engine already exists.",
  },
  {
    what: "a role whose trust is no policy",
    type: TYPES.role,
    inputs: { assumeRolePolicy: "{" },
    code: "MalformedPolicyDocument",
    words: "invalid Json",
  },
  {
    what: "a role under a boundary that there is not",
    type: TYPES.role,
    inputs: {
      assumeRolePolicy: trust("ec2.amazonaws.com"),
      permissionsBoundary: "arn:aws:iam::111122223333:policy/nothing",
    },
    code: "NoSuchEntity",
    words: "Scope ARN: arn:aws:iam::111122223333:policy/nothing does not exist or is not attachable.",
  },
  {
    what: "a role under the boundary of another account",
    type: TYPES.role,
    inputs: {
      assumeRolePolicy: trust("ec2.amazonaws.com"),
      permissionsBoundary: "arn:aws:iam::999999999999:policy/sparki-prod-permission-boundary",
    },
    code: "NoSuchEntity",
    words: "Scope ARN: arn:aws:iam::999999999999:policy/sparki-prod-permission-boundary does not exist",
  },
  {
    what: "a role under a boundary that no delivery has made",
    type: TYPES.role,
    inputs: (account) => {
      account.world.profile = { ...account.world.profile, hasDelivery: false };
      return {
        assumeRolePolicy: trust("ec2.amazonaws.com"),
        permissionsBoundary: "arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary",
      };
    },
    code: "NoSuchEntity",
    words: "does not exist or is not attachable",
  },
  {
    what: "a role under a role",
    type: TYPES.role,
    inputs: async (account) => {
      const arn = await roleFor(account, "ec2.amazonaws.com");
      return { assumeRolePolicy: trust("ec2.amazonaws.com"), permissionsBoundary: arn };
    },
    code: "NoSuchEntity",
    words: "Scope ARN: ",
  },
  {
    what: "a policy of AWS that there is not",
    type: TYPES.rolePolicyAttachment,
    inputs: async (account) => {
      await roleFor(account, "ec2.amazonaws.com");
      return { role: "role-ec2", policyArn: "arn:aws:iam::aws:policy/AmazonTeapotPolicy" };
    },
    code: "NoSuchEntity",
    words: "Policy arn:aws:iam::aws:policy/AmazonTeapotPolicy does not exist or is not attachable.",
  },
  {
    what: "a policy of a role that does not exist",
    type: TYPES.rolePolicy,
    inputs: { role: "nobody", policy: trust("ec2.amazonaws.com") },
    code: "NoSuchEntity",
    words: "The role with name nobody cannot be found.",
  },
  {
    what: "an alias that does not begin with alias/",
    type: TYPES.kmsAlias,
    inputs: (_account, land) => ({ name: "data", targetKeyId: land.key }),
    code: "ValidationException",
    words: 'prefix "alias/"',
  },
  {
    what: "a key that goes after a day",
    type: TYPES.kmsKey,
    inputs: { deletionWindowInDays: 1 },
    code: "ValidationException",
    words: "between 7 and 30",
  },
  {
    what: "a log group of the same name",
    type: TYPES.logGroup,
    first: { name: "/sparki/test" },
    inputs: { name: "/sparki/test" },
    code: "ResourceAlreadyExistsException",
    words: "The specified log group already exists",
  },
  {
    what: "a retention that CloudWatch does not have",
    type: TYPES.logGroup,
    inputs: { retentionInDays: 100 },
    code: "InvalidParameterException",
    words: "'retentionInDays'",
  },
  {
    what: "a log group under a key whose policy does not let CloudWatch use it",
    type: TYPES.logGroup,
    inputs: async (account) => ({
      kmsKeyId: (await account.create({ type: TYPES.kmsKey, name: "own", inputs: {} })).id,
    }),
    code: "AccessDeniedException",
    words: "not allowed to be used",
  },
  {
    what: "a secret of the same name",
    type: TYPES.secret,
    first: { name: "sparki/test" },
    inputs: { name: "sparki/test" },
    code: "ResourceExistsException",
    words: "the secret sparki/test already exists",
  },
  {
    what: "a value of a secret that does not exist",
    type: TYPES.secretVersion,
    inputs: { secretId: "sparki/nothing", secretString: "x" },
    code: "ResourceNotFoundException",
    words: "can't find the specified secret",
  },
  {
    what: "a bucket of the same name",
    type: TYPES.bucket,
    first: { bucket: "sparki-logs" },
    inputs: { bucket: "sparki-logs" },
    code: "BucketAlreadyOwnedByYou",
    words: "you already own it",
  },
  {
    what: "a bucket name with capitals",
    type: TYPES.bucket,
    inputs: { bucket: "Sparki" },
    code: "InvalidBucketName",
    words: "not valid",
  },
  {
    what: "a function whose role does not exist",
    type: TYPES.lambdaFunction,
    inputs: { role: "arn:aws:iam::111122223333:role/nobody" },
    code: "InvalidParameterValueException",
    words: "cannot be assumed by Lambda",
  },
];
