import { isRecord, type Properties, type Value } from "../../provider/properties.ts";
import {
  AwsError,
  arnOf,
  type Cloud,
  checkPolicy,
  kmsKeyReference,
  type Reference,
  type ResourceModel,
  uuidOf,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, text } from "../values.ts";
import type { World, WorldResource } from "../world.ts";

const key: ResourceModel = {
  type: TYPES.kmsKey,
  title: "KMS Key",
  immutable: ["customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"],
  defaults: {
    bypassPolicyLockoutSafetyCheck: false,
    customerMasterKeySpec: "SYMMETRIC_DEFAULT",
    enableKeyRotation: false,
    isEnabled: true,
    keyUsage: "ENCRYPT_DECRYPT",
    multiRegion: false,
  },
  id: (draft) => uuidOf(draft, "key"),
  arn: (subject) => arnOf(subject, "kms", `key/${subject.id}`),
  validate: ({ inputs }) => {
    checkPolicy(text(inputs, "policy"), "MalformedPolicyDocumentException");
    const days = number(inputs, "deletionWindowInDays") ?? 30;
    if (days < 7 || days > 30)
      throw new AwsError("ValidationException", `PendingWindowInDays ${days} must be between 7 and 30`);
    const spec = text(inputs, "customerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
    if (flag(inputs, "enableKeyRotation") && spec !== "SYMMETRIC_DEFAULT")
      throw new AwsError(
        "UnsupportedOperationException",
        `Automatic rotation is not supported for a key of spec ${spec}`,
      );
  },
  outputs: {
    keyId: ({ id }) => id,
    rotationPeriodInDays: ({ inputs }) =>
      flag(inputs, "enableKeyRotation") ? (number(inputs, "rotationPeriodInDays") ?? 365) : 0,
    policy: ({ inputs, accountId }) => text(inputs, "policy") ?? defaultPolicy(accountId),
  },
};

function defaultPolicy(accountId: string): string {
  const principal = { AWS: `arn:aws:iam::${accountId}:root` };
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: principal,
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] });
}

const alias: ResourceModel = {
  type: TYPES.kmsAlias,
  title: "KMS Alias",
  required: ["targetKeyId"],
  immutable: ["name", "namePrefix"],
  nameProperty: "name",
  tagged: false,
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "kms", subject.id),
  references: [
    {
      path: "targetKeyId",
      to: [TYPES.kmsKey],
      missing: (id) => new AwsError("NotFoundException", `Key '${id}' does not exist`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (_inputs, other) =>
        new AwsError("AlreadyExistsException", `An alias with the name ${other.arn} already exists`),
    },
  ],
  validate: ({ inputs }) => {
    const name = text(inputs, "name") ?? "";
    if (!/^alias\/[\w/-]+$/.test(name) || name.startsWith("alias/aws/"))
      throw new AwsError(
        "ValidationException",
        `Alias '${name}' must start with the prefix "alias/", and may not start with alias/aws/`,
      );
  },
  outputs: {
    targetKeyArn: ({ inputs }, world) => world.find([TYPES.kmsKey], text(inputs, "targetKeyId") ?? "")?.arn ?? "",
  },
};

export const kmsModels: readonly ResourceModel[] = [key, alias];

const secretReference = (path: string): Reference => ({
  path,
  to: [TYPES.secret],
  missing: () => new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
  holds: false,
});

const DAY = 24 * 3600;
const recoveryDays = (resource: Pick<WorldResource, "inputs">) => number(resource.inputs, "recoveryWindowInDays") ?? 30;

const secret: ResourceModel = {
  type: TYPES.secret,
  title: "Secrets Manager Secret",
  immutable: ["name", "namePrefix"],
  defaults: { forceOverwriteReplicaSecret: false, recoveryWindowInDays: 30 },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "secretsmanager", `secret:${text(draft.inputs, "name")}-${draft.hex("secret", 6)}`),
  arn: ({ id }) => id,
  references: [kmsKeyReference("kmsKeyId", "InvalidRequestException")],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) =>
        new AwsError(
          "ResourceExistsException",
          `The operation failed because the secret ${text(inputs, "name")} already exists.`,
        ),
    },
  ],
  validate: ({ type, inputs }, world) => {
    if (world.isNameKept(type, text(inputs, "name") ?? "")) {
      const words = "You can't create this secret because a secret with this name is already scheduled for deletion.";
      throw new AwsError("InvalidRequestException", words);
    }
  },
  afterDelete: (resource, { world, vault, clock }) => {
    vault.delete(previousKey(resource.arn, world));
    const days = recoveryDays(resource);
    if (days === 0 || resource.name === undefined) return;
    world.keepName({ type: resource.type, name: resource.name, untilModelSeconds: clock.now() + days * DAY });
  },
};

const secretVersion: ResourceModel = {
  type: TYPES.secretVersion,
  title: "Secrets Manager Secret Version",
  required: ["secretId"],
  immutable: ["secretId", "secretString", "secretBinary"],
  secrets: ["secretString", "secretBinary"],
  tagged: false,
  id: (draft) => `${text(draft.inputs, "secretId")}|${uuidOf(draft, "version")}`,
  arn: ({ inputs }, world) => world.find([TYPES.secret], text(inputs, "secretId") ?? "")?.arn ?? "",
  references: [secretReference("secretId")],
  outputs: {
    versionId: (subject) => uuidOf(subject, "version"),
    secretArn: ({ arn }) => arn,
    versionStages: () => ["AWSCURRENT"],
    hasSecretStringWo: () => false,
  },
  backing: {
    start: async ({ id, inputs }, { vault, world }) => {
      const value = text(inputs, "secretString") ?? text(inputs, "secretBinary") ?? "";
      const secretId = text(inputs, "secretId") ?? "";
      const before = secretValue(secretId, { world, vault });
      if (before !== undefined && before !== value) vault.set(previousKey(secretId, world), before);
      vault.set(valueKey(id), value);
      return {};
    },
    stop: async ({ id }, { vault }) => vault.delete(valueKey(id)),
  },
};

const valueKey = (versionId: string) => `value ${versionId}`;
/** A new value makes the one before AWSPREVIOUS, which the provider leaves there when it deletes that version. */
const previousKey = (secretId: string, world: World) =>
  `previous value ${world.find([TYPES.secret], secretId)?.arn ?? secretId}`;

/** The label of a secret's version. */
export type SecretStage = "AWSCURRENT" | "AWSPREVIOUS";

/** Keeps the value of a secret that AWS itself makes and manages. */
export function setManagedSecret(secretArn: string, value: string, { vault }: Pick<Cloud, "vault">): void {
  vault.set(valueKey(secretArn), value);
}

/** Forgets the value of a secret that AWS made. */
export function dropManagedSecret(secretArn: string, { vault }: Pick<Cloud, "vault">): void {
  vault.delete(valueKey(secretArn));
}

/** A secret's value by ARN or name; undefined when there is no such secret or it has no value of that stage. */
export function secretValue(
  identifier: string,
  { world, vault }: Pick<Cloud, "world" | "vault">,
  stage: SecretStage = "AWSCURRENT",
): string | undefined {
  const found = world.find([TYPES.secret], identifier);
  if (found === undefined) return undefined;
  if (stage === "AWSPREVIOUS") return vault.text(previousKey(found.arn, world));
  const versions = world
    .ofType(TYPES.secretVersion)
    .filter(
      ({ inputs, status }) => status === "available" && [found.arn, found.name].includes(text(inputs, "secretId")),
    )
    .sort((left, right) => right.serial - left.serial);
  return vault.text(valueKey(versions[0]?.id ?? found.arn));
}

const secretRotation: ResourceModel = {
  type: TYPES.secretRotation,
  title: "Secrets Manager Secret Rotation",
  required: ["secretId"],
  immutable: ["secretId"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "secretId") ?? "",
  references: [
    secretReference("secretId"),
    {
      path: "rotationLambdaArn",
      to: [TYPES.lambdaFunction],
      missing: (arn) => new AwsError("ResourceNotFoundException", `Lambda function ${arn} does not exist`),
      holds: false,
    },
  ],
  outputs: { rotationEnabled: () => true },
};

const secretPolicy: ResourceModel = {
  type: TYPES.secretPolicy,
  title: "Secrets Manager Secret Policy",
  required: ["policy", "secretArn"],
  immutable: ["secretArn"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "secretArn") ?? "",
  references: [secretReference("secretArn")],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "MalformedPolicyDocumentException"),
};

export const secretsManagerModels: readonly ResourceModel[] = [secret, secretVersion, secretRotation, secretPolicy];

/** The pods of one service account. */
export interface SecretReader {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * A secret's value as pods of a service account get it: by the role that Pod Identity gives them, which must be allowed
 * to read the secret and to decrypt by its key. Undefined when there is no such secret, or no value yet.
 * @throws AccessDeniedException
 */
export function secretFor(
  identifier: string,
  reader: SecretReader,
  cloud: Pick<Cloud, "world" | "vault">,
  stage?: SecretStage,
): string | undefined {
  const { world } = cloud;
  const secret = world.find([TYPES.secret], identifier);
  if (secret === undefined) return undefined;
  const role = roleOf(reader, world);
  if (role === undefined)
    throw new Error(`no Pod Identity association of ${reader.namespace}/${reader.serviceAccount} was found`);
  const demand = (action: string, resource: string) => {
    if (allows(role, action, resource, world)) return;
    const who = `arn:aws:sts::${secret.accountId}:assumed-role/${role}`;
    throw new AwsError(
      "AccessDeniedException",
      `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`,
    );
  };
  demand("secretsmanager:GetSecretValue", secret.arn);
  demand("secretsmanager:DescribeSecret", secret.arn);
  const key = keyOf(secret.inputs, secret.owner, world);
  if (key !== undefined) demand("kms:Decrypt", key);
  return secretValue(identifier, cloud, stage);
}

/** The name of the role that Pod Identity gives to the pods, if its trust lets it. */
function roleOf({ cluster, namespace, serviceAccount }: SecretReader, world: World): string | undefined {
  const association = world
    .ofType(TYPES.podIdentityAssociation)
    .find(
      ({ inputs }) =>
        text(inputs, "clusterName") === cluster &&
        text(inputs, "namespace") === namespace &&
        text(inputs, "serviceAccount") === serviceAccount,
    );
  const role = world.find([TYPES.role], text(association?.inputs ?? {}, "roleArn") ?? "");
  if (role === undefined) return undefined;
  const tags: Readonly<Record<string, string>> = {
    "aws:RequestTag/eks-cluster-arn": world.get(TYPES.cluster, cluster)?.arn ?? "",
    "aws:RequestTag/kubernetes-namespace": namespace,
    "aws:RequestTag/kubernetes-service-account": serviceAccount,
  };
  const isTrusted = statementsOf(text(role.inputs, "assumeRolePolicy")).some(
    (statement) => trusts(statement, "pods.eks.amazonaws.com") && holds(statement.Condition, tags),
  );
  return isTrusted ? (role.name ?? role.id) : undefined;
}

/** The customer key that a secret is under; one that AWS manages has it from the database that it is of. */
function keyOf(inputs: Properties, owner: string | undefined, world: World): string | undefined {
  const database = owner === undefined ? undefined : world.get(TYPES.database, owner);
  return text(inputs, "kmsKeyId") ?? text(database?.inputs ?? {}, "masterUserSecretKmsKeyId");
}

/** Whether an inline policy of the role allows it, and none denies it; the roles of pods have no other policies. */
function allows(role: string, action: string, resource: string, world: World): boolean {
  const statements = world
    .ofType(TYPES.rolePolicy)
    .filter(({ inputs }) => text(inputs, "role") === role)
    .flatMap(({ inputs }) => statementsOf(text(inputs, "policy")));
  const covering = statements.filter(
    ({ Action, Resource }) => listOf(Action).some(matches(action)) && listOf(Resource).some(matches(resource)),
  );
  return covering.some(({ Effect }) => Effect === "Allow") && !covering.some(({ Effect }) => Effect === "Deny");
}

function statementsOf(document: string | undefined): Properties[] {
  const parsed: Value = document === undefined ? {} : JSON.parse(document);
  const statements = isRecord(parsed) ? (parsed.Statement ?? []) : [];
  return (Array.isArray(statements) ? statements : [statements]).filter(isRecord);
}

function trusts({ Effect, Principal }: Properties, service: string): boolean {
  return Effect === "Allow" && isRecord(Principal) && listOf(Principal.Service).includes(service);
}

/** Only plain comparisons of text are known here; any other condition does not hold. */
function holds(condition: Value | undefined, found: Readonly<Record<string, string>>): boolean {
  if (condition === undefined || condition === null) return true;
  if (!isRecord(condition)) return false;
  return Object.entries(condition).every(
    ([operator, tests]) =>
      operator === "StringEquals" &&
      isRecord(tests) &&
      Object.entries(tests).every(([key, wanted]) => listOf(wanted).includes(found[key] ?? "")),
  );
}

function listOf(value: Value | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");
}

/** As IAM compares: `*` stands for anything, `?` for one character. */
function matches(actual: string): (pattern: string) => boolean {
  return (pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`).test(actual);
  };
}
