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

/** True when some statement of the document names the service principal. */
export function trusts(document: string | undefined, service: string): boolean {
  return document?.includes(`"${service}"`) ?? false;
}
