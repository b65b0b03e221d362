import type { Cloud, Reference, ResourceModel } from "../model.ts";
import { AwsError, arnOf, checkPolicy, uuidOf } from "../model.ts";
import { kmsKeyReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { number, text } from "../values.ts";
import type { World, WorldResource } from "../world.ts";

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
