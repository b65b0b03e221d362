import type { Draft, Reference } from "./model.ts";
import { AwsError } from "./model.ts";
import { TYPES } from "./types.ts";
import { text, texts } from "./values.ts";
import type { World, WorldResource } from "./world.ts";

const weak = { holds: false } as const;

export function vpcReference(path = "vpcId"): Reference {
  return {
    path,
    to: [TYPES.vpc],
    missing: (id) => new AwsError("InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`),
  };
}

export function subnetReference(path: string, code = "InvalidSubnetID.NotFound", holds = true): Reference {
  const missing = (id: string) => new AwsError(code, `The subnet ID '${id}' does not exist`);
  return { path, to: [TYPES.subnet], missing, holds };
}

export function securityGroupReference(path: string, code = "InvalidGroup.NotFound", holds = true): Reference {
  const missing = (id: string) => new AwsError(code, `The security group '${id}' does not exist`);
  return { path, to: [TYPES.securityGroup], missing, holds };
}

/** KMS keys can always be scheduled for deletion, so they are never held. */
export function kmsKeyReference(
  path: string,
  code: string,
  words = "does not exist, is not enabled or may not be used",
): Reference {
  return {
    path,
    to: [TYPES.kmsKey, TYPES.kmsAlias],
    missing: (id) => new AwsError(code, `The specified KMS key '${id}' ${words}`),
    exempt: (id) => id.includes("alias/aws/"),
    ...weak,
  };
}

/** A role can be deleted while a service still has its ARN. */
export function roleReference(path: string, code: string, words: (arn: string) => string): Reference {
  return { path, to: [TYPES.role], missing: (arn) => new AwsError(code, words(arn)), ...weak };
}

export function logGroupReference(path: string, code = "ResourceNotFoundException"): Reference {
  return {
    path,
    to: [TYPES.logGroup],
    missing: (arn) => new AwsError(code, `The specified log group does not exist: ${arn}`),
    ...weak,
  };
}

/** Throws what AWS answers to inputs that do not fit the resources that they name. */
export type Check = (draft: Draft, world: World) => void;

export function fail(code: string, words: string): never {
  throw new AwsError(code, words);
}

export const textOf = (resource: WorldResource | undefined, path: string) => text(resource?.inputs ?? {}, path);

export function named(draft: Draft, path: string, types: readonly string[], world: World): WorldResource[] {
  return texts(draft.inputs, path).flatMap((id) => world.find(types, id) ?? []);
}
