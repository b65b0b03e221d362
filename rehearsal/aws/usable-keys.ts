import { AwsError } from "./aws-error.ts";
import type { Draft } from "./model.ts";
import { TYPES } from "./types.ts";
import { at, text, texts } from "./values.ts";
import type { World } from "./world.ts";
import type { WorldResource } from "./world-file.ts";

/** Inputs that name the key under which a service encrypts. */
const ENCRYPTING: Readonly<Record<string, readonly string[]>> = {
  [TYPES.database]: ["kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId"],
  [TYPES.replicationGroup]: ["kmsKeyId"],
  [TYPES.secret]: ["kmsKeyId"],
  [TYPES.logGroup]: ["kmsKeyId"],
  [TYPES.cluster]: ["encryptionConfig.provider.keyArn"],
  [TYPES.bucketEncryption]: ["rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"],
  [TYPES.lambdaFunction]: ["kmsKeyArn"],
};

/** Throws what a service answers to a key that it cannot encrypt under: one that signs, or that is disabled. */
export function checkKeys({ type, inputs }: Draft, world: World): void {
  for (const name of (ENCRYPTING[type] ?? []).flatMap((path) => texts(inputs, path))) {
    const key = keyCalled(name, world);
    if (key === undefined) continue;
    const spec = text(key.inputs, "customerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
    if (spec !== "SYMMETRIC_DEFAULT")
      throw new AwsError("InvalidKeyUsage", `The key ${key.arn} is of ${spec}; it must be a symmetric encryption key`);
    if (at(key.inputs, "isEnabled")[0] === false)
      throw new AwsError("DisabledException", `The key ${key.arn} is disabled`);
  }
}

/** By its id, its ARN or its alias. */
function keyCalled(name: string, world: World): WorldResource | undefined {
  const alias = world.find([TYPES.kmsAlias], name);
  return world.find([TYPES.kmsKey], alias === undefined ? name : (text(alias.inputs, "targetKeyId") ?? ""));
}
