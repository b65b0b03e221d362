import { Readable } from "node:stream";
import type { Route53Client, Route53ClientConfig } from "@aws-sdk/client-route-53";
import type { z } from "zod";
import { DeployError } from "../shared/deploy-error.ts";
import { messageOf } from "../shared/message-of.ts";
import type { AwsLookups } from "./aws-lookups.ts";
import { request } from "./http.ts";
import type { Network } from "./network.ts";
import { rehearsalVariables } from "./rehearsal-variables.ts";

/** What `find` is asked by this name is answered by AWS itself: no function of the provider lists query logs. */
export const QUERY_LOGS = "route53/listQueryLoggingConfigs";

type HttpHandler = Extract<NonNullable<Route53ClientConfig["requestHandler"]>, { handle: unknown }>;
type HttpRequest = Parameters<HttpHandler["handle"]>[0];
type HttpResponse = Awaited<ReturnType<HttpHandler["handle"]>>["response"];

/** In a rehearsal nobody proves who they are to AWS. */
const REHEARSED = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };

/** The look-ups, and the query logs of a zone: `{ hostedZoneId }` is answered with `{ ids }`. */
export function withQueryLogs(
  lookups: AwsLookups,
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
): AwsLookups {
  return {
    ...lookups,
    find: async <T>(name: string, args: Readonly<Record<string, unknown>>, schema: z.ZodType<T>) =>
      name === QUERY_LOGS
        ? schema.parse({ ids: await queryLogIds(String(args.hostedZoneId), network, env) })
        : lookups.find(name, args, schema),
  };
}

async function queryLogIds(
  zoneId: string,
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { ListQueryLoggingConfigsCommand } = await import("@aws-sdk/client-route-53");
  const client = await openClient(network, env);
  try {
    const { QueryLoggingConfigs = [] } = await client.send(
      new ListQueryLoggingConfigsCommand({ HostedZoneId: zoneId }),
    );
    return QueryLoggingConfigs.flatMap(({ Id }) => Id ?? []);
  } catch (cause) {
    if (cause instanceof Error && cause.name === "NoSuchHostedZone") return [];
    throw new DeployError("SPARKI_OUTSIDE", `AWS did not list the query logs of zone ${zoneId}: ${messageOf(cause)}`, {
      cause,
      hint: "aws sts get-caller-identity",
    });
  } finally {
    client.destroy();
  }
}

/** Its requests go the network's ways: through its proxy, or to a rehearsal. */
async function openClient(network: Network, env: Readonly<Record<string, string | undefined>>): Promise<Route53Client> {
  const { Route53Client } = await import("@aws-sdk/client-route-53");
  const control = rehearsalVariables(env).access?.origins[0];
  const own = control === undefined ? {} : { endpoint: `${control}/route53`, credentials: REHEARSED };
  const handle = (asked: HttpRequest) => sent(asked, network);
  const requestHandler = { handle, updateHttpClientConfig: () => {}, httpHandlerConfigs: () => ({}) };
  return new Route53Client({ region: "us-east-1", ...own, requestHandler });
}

async function sent(
  { protocol, hostname, port, path, query = {}, headers }: HttpRequest,
  network: Network,
): Promise<{ response: HttpResponse }> {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const answer = await request(network, url.href, { headers });
  if (!answer.answered) throw new Error(answer.error);
  const texts = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  const body = Readable.from([Buffer.from(answer.body)]);
  return { response: { statusCode: answer.status, headers: Object.fromEntries(texts), body } };
}
