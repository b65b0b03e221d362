import { coded } from "../shared/deploy-error.ts";
import type { Network } from "./network.ts";

export interface HttpRequest {
  /** @default GET */
  readonly method?: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange. @default 10 */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Is given the body of a 200 as it comes, which is then no text of the answer; what it throws ends the exchange. */
  readonly sink?: (chunk: Uint8Array) => Promise<void>;
}

/** An answer of any status, or why there was none. */
export type HttpAnswer =
  | {
      readonly answered: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
      readonly seconds: number;
    }
  | { readonly answered: false; readonly error: string; readonly seconds: number };

const MIB = 1 << 20;
/** No answer that we read is as long: one that does not end is not to fill the memory. */
const MOST_MEBIBYTES = 64;

/** Makes one HTTP request, following no redirects; resolves with what happened and never rejects. */
export async function request(network: Network, url: string, options: HttpRequest = {}): Promise<HttpAnswer> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const timeout = AbortSignal.timeout((options.timeoutSeconds ?? 10) * 1000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const { origin, pathname, search } = new URL(url);
    const answer = await network.dispatcher.request({
      origin,
      path: pathname + search,
      method: options.method ?? "GET",
      headers: { ...options.headers },
      body: options.body ?? null,
      signal,
    });
    const sink = answer.statusCode === 200 ? options.sink : undefined;
    if (sink !== undefined) for await (const chunk of answer.body) await sink(chunk);
    const body = sink === undefined ? await textOf(answer.body) : "";
    return { answered: true, status: answer.statusCode, headers: answer.headers, body, seconds: seconds() };
  } catch (error) {
    const reason = timeout.aborted ? `no answer within ${options.timeoutSeconds ?? 10} s` : coded(error);
    return { answered: false, error: reason, seconds: seconds() };
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_MEBIBYTES * MIB) throw new Error(`it answered with more than ${MOST_MEBIBYTES} MiB`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What a body is as JSON; undefined where it is none. */
export function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** So much of an answer says what it is: a page's title is in it, and no search through it takes long. */
const TOLD_CHARACTERS = 4_096;

/** The title of a page for people, empty where it has none; undefined for what is no page. Reads only its begin. */
export function pageTitle(body: string): string | undefined {
  const begin = body.slice(0, TOLD_CHARACTERS);
  if (!/^\s*<(?:!doctype html|html|head|body|h1)\b/i.test(begin)) return undefined;
  return (/<title[^<>]*>([^<]*)</i.exec(begin)?.[1] ?? "").trim().slice(0, 100);
}

/** What an answer is that is not the expected one, in a few words: a redirect, a page for people, nothing, or its text. */
export function saidInstead({ status, headers, body }: Extract<HttpAnswer, { answered: true }>): string {
  const location = headers.location;
  if (status >= 300 && status < 400 && typeof location === "string")
    return `${status}: a redirect to ${withoutUser(location)}, as to a login page`;
  const title = pageTitle(body);
  if (title !== undefined)
    return `${status}: ${title ? `a page "${title}"` : "an HTML page"}, as from a login page or a proxy`;
  return `${status}: ${body.trim() === "" ? "nothing" : body.slice(0, 200)}`;
}

/** Where a redirect goes, without what may be a secret in it: user, password, query and fragment. */
function withoutUser(location: string): string {
  return location
    .replace(/[?#].*$/s, "")
    .replace(/^([a-z][a-z\d+.-]*:)?\/\/[^/]*@/i, "$1//")
    .slice(0, 200);
}

/** One HTTP request; resolves with what happened and never rejects. */
export type Http = (url: string, options?: HttpRequest) => Promise<HttpAnswer>;

/** Runs works as they come, and no more than `most` at once; those that wait begin in the order in which they came. */
export function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((begin) => waiting.push(begin));
    else running++;
    try {
      return await work();
    } finally {
      // Whose turn it is next takes over the place.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
