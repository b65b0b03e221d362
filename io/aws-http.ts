import { Readable } from "node:stream";
import type { Route53ClientConfig } from "@aws-sdk/client-route-53";
import { pageTitle, request, saidInstead } from "./http.ts";
import type { Network } from "./network.ts";

type HttpHandler = Extract<NonNullable<Route53ClientConfig["requestHandler"]>, { handle: unknown }>;
type HttpRequest = Parameters<HttpHandler["handle"]>[0];
type HttpResponse = Awaited<ReturnType<HttpHandler["handle"]>>["response"];

/** Sends what AWS's own clients ask by the network's ways: through its proxy, or to a rehearsal. */
export function awsHandler(network: Network) {
  const handle = (asked: HttpRequest) => sent(asked, network);
  return { handle, updateHttpClientConfig: () => {}, httpHandlerConfigs: () => ({}) };
}

async function sent(asked: HttpRequest, network: Network): Promise<{ response: HttpResponse }> {
  const { protocol, hostname, port, path, query = {}, headers } = asked;
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const answer = await request(network, url.href, { headers, ...contentOf(asked) });
  // By its name the client knows what may be asked again.
  if (!answer.answered) throw Object.assign(new Error(answer.error), { name: "TimeoutError" });
  if ((answer.status >= 300 && answer.status < 400) || pageTitle(answer.body) !== undefined)
    throw new Error(`it answered ${saidInstead(answer)}`);
  const texts = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  const body = Readable.from([Buffer.from(answer.body)]);
  return { response: { statusCode: answer.status, headers: Object.fromEntries(texts), body } };
}

function contentOf({ method, body }: HttpRequest) {
  if (method !== "POST") return {};
  return { method: "POST", body: typeof body === "string" ? body : Buffer.from(body ?? "").toString("utf8") } as const;
}

/** How a client of AWS's reaches it. */
export interface AwsClientOptions {
  readonly region: string;
  readonly network: Network;
  /** Credentials in place of those that the AWS command line would use. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The settings of a client of AWS's. */
export function clientSettings({ region, network, credentials }: AwsClientOptions) {
  return { region, maxAttempts: 5, requestHandler: awsHandler(network), ...(credentials && { credentials }) };
}
