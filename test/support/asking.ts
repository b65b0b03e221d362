import { readFileSync } from "node:fs";
import { accessSchema, TOKEN_HEADER } from "../../shared/rehearsal-access.ts";

/** The token of servers that a test starts itself. */
export const TEST_TOKEN = "a-token-of-a-test".padEnd(64, "0");

/** What a request to a rehearsal's own servers carries. */
export function headersWith(token: string): Record<string, string> {
  return { [TOKEN_HEADER]: token, "content-type": "application/json" };
}

/** The headers that open the rehearsal which wrote an access file. */
export function headersOf(accessFile: string): Record<string, string> {
  return headersWith(accessSchema.parse(JSON.parse(readFileSync(accessFile, "utf8"))).token);
}
