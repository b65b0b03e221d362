import type { Network } from "./network.ts";

export interface HttpRequest {
  /** @default GET */
  readonly method?: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange. @default 10 */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
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
    const body = await answer.body.text();
    return { answered: true, status: answer.statusCode, headers: answer.headers, body, seconds: seconds() };
  } catch (error) {
    const reason = timeout.aborted ? `no answer within ${options.timeoutSeconds ?? 10} s` : describe(error);
    return { answered: false, error: reason, seconds: seconds() };
  }
}

/** What a connection's failure says, its code (ECONNREFUSED, ENOTFOUND) included. */
export function describe(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const code = "code" in error ? String(error.code) : "";
  const message = "message" in error ? String(error.message) : "";
  return message.includes(code) && message !== "" ? message : [code, message].filter(Boolean).join(": ");
}

/** One HTTP request; resolves with what happened and never rejects. */
export type Http = (url: string, options?: HttpRequest) => Promise<HttpAnswer>;
