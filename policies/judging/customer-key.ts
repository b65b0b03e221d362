import type { WhenUnknown } from "../policy.ts";

/** A key made in the same stack has no ARN in preview; then it is enough that the value comes from one. */
export const FROM_A_KEY: WhenUnknown = { comesFrom: "aws:kms/key:Key" };

const KEY = /^(arn:aws[a-z-]*:kms:|[0-9a-f]{8}-[0-9a-f-]{27}$|mrk-|alias\/)/;

/** Whether a reference names a KMS key of ours, and not none or one that AWS keeps for all its customers. */
export function isCustomerKey(reference: unknown): boolean {
  return typeof reference === "string" && KEY.test(reference) && !reference.includes("alias/aws/");
}
