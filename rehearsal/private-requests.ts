import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { TOKEN_HEADER } from "../shared/rehearsal-access.ts";

export interface Expected {
  readonly token: string;
  /** The only `Host` that is answered: a name that leads here is not ours, whoever made it do so. */
  readonly host: string;
  readonly methods: readonly string[];
}

/** Where the run's token is written for servers that send it as a header. */
export function tokenFileIn(runDirectory: string): string {
  return join(runDirectory, "private", "token");
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * Why a server of the rehearsal does not answer a request; undefined when it does. A page in a browser gets nowhere: it
 * is not told that it may ask (no CORS), cannot send the token, and cannot make JSON without asking.
 */
export function refusalOf({ method = "", headers }: IncomingMessage, expected: Expected): Refusal | undefined {
  const { token, host, methods } = expected;
  if (headers.host !== host) return { status: 421, message: `expected the host ${host}` };
  if (headers.origin !== undefined) return { status: 403, message: "pages of a browser are not answered" };
  if (!isSame(headers[TOKEN_HEADER], token))
    return { status: 401, message: `expected the header ${TOKEN_HEADER} with this rehearsal's token` };
  if (!methods.includes(method)) return { status: 405, message: `expected one of ${methods.join(", ")}` };
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && !/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? ""))
    return { status: 415, message: "expected the content type application/json" };
  return undefined;
}

function isSame(found: string | readonly string[] | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return typeof found === "string" && timingSafeEqual(digest(found), digest(wanted));
}
