import { allows } from "../../../aws/policy-document.ts";
import { isRecord, type Value } from "../../provider/properties.ts";
import { AwsError } from "../aws-error.ts";

/** Throws with the service's own code when the text is no policy document. */
export function checkPolicy(document: string | undefined, code: string): void {
  if (document === undefined) return;
  if (isPolicy(document)) return;
  throw new AwsError(code, "This policy contains invalid Json or has no Statement");
}

function isPolicy(document: string): boolean {
  try {
    const parsed: Value = JSON.parse(document);
    return isRecord(parsed) && parsed.Statement !== undefined;
  } catch {
    return false;
  }
}

/** Whether a key's policy lets CloudWatch Logs encrypt a log group under it. */
export function letsEncrypt(
  document: string | undefined,
  { service, group, accountId }: { readonly service: string; readonly group: string; readonly accountId: string },
): boolean {
  const context = {
    "aws:sourceaccount": accountId,
    "aws:sourcearn": group,
    "kms:encryptioncontext:aws:logs:arn": group,
  };
  const wanted = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];
  return wanted.every((action) => allows(document ?? "", { action, principal: service, context }));
}
