import { Readable } from "node:stream";
import type { Route53ClientConfig } from "@aws-sdk/client-route-53";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { pageTitle, request, saidInstead } from "./http.ts";
import type { Network } from "./network.ts";
import { BackupUnreadable } from "./restored-copies.ts";

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

const MOST_PAGES = 100;
const ABSENT =
  /^(?:DBInstanceNotFound|DBSnapshotNotFound|DBParameterGroupNotFound|ReplicationGroupNotFound|CacheClusterNotFound|SnapshotNotFound|InvalidGroup\.NotFound|InvalidGroupId\.Malformed)(?:Fault)?$/;
/** It cannot be deleted yet: it is being made or deleted, or the instance that used it is not quite gone. */
const LATER =
  /^(?:InvalidDBInstanceState|InvalidDBParameterGroupState|InvalidReplicationGroupState|InvalidCacheClusterState|DependencyViolation)(?:Fault)?$/;

/** What AWS answers to one call; undefined where it says that there is no such thing. Throws SPARKI_OUTSIDE otherwise. */
export async function asked<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (ABSENT.test(codeOf(error))) return undefined;
    throw refusal(what, error);
  }
}

/** AWS's code of an error. */
export function codeOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** What AWS did not do, in its own words. */
export function refusal(what: string, cause: unknown): DeployError {
  const code = codeOf(cause) === "Error" ? "" : `${codeOf(cause)}: `;
  const [said = ""] = messageOf(cause).split("\n");
  return new DeployError("SPARKI_OUTSIDE", `AWS did not ${what}: ${code}${said}`, {
    cause,
    hint: "aws sts get-caller-identity; docs/recovery.md lists what a drill must be allowed",
  });
}

interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  /** What the next page is asked by; undefined or empty on the last one. */
  readonly marker: string | undefined;
}

/** A list of AWS's, all pages of it; throws for one that does not end. */
export async function listed<Item>(
  what: string,
  ask: (more: { readonly Marker?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const all: Item[] = [];
  let more: { readonly Marker?: string } = {};
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items = [], marker } = await ask(more);
    all.push(...items);
    if (!marker) return all;
    more = { Marker: marker };
  }
  throw new DeployError("SPARKI_OUTSIDE", `AWS's list of ${what} does not end within ${MOST_PAGES} pages`);
}

/** Whether it was done; false where AWS says that it is too early. */
export async function unlessLater(what: string, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (ABSENT.test(codeOf(error))) return true;
    if (LATER.test(codeOf(error))) return false;
    throw refusal(what, error);
  }
}

/** What already exists by the name that was asked for. */
export const EXISTS =
  /^(?:DBInstanceAlreadyExists|DBParameterGroupAlreadyExists|ReplicationGroupAlreadyExists)(?:Fault)?$/;

/**
 * Asks for a restore under a name that only this restore has: where that exists, an answer was lost and the request came
 * again. Throws BackupUnreadable for a refusal of which the backup is the reason.
 */
export async function askRestore(name: string, unreadable: RegExp, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (cause) {
    const code = codeOf(cause);
    if (EXISTS.test(code)) return;
    if (unreadable.test(code)) throw new BackupUnreadable(`${code}: ${messageOf(cause)}`, { cause });
    throw refusal(`restore ${name}`, cause);
  }
}

/** Throws SPARKI_CONFIG for what is of another account. */
export function assertAccount(arn: string | undefined, { accountId }: { readonly accountId: string }): void {
  const account = arn?.split(":")[4];
  if (account === accountId) return;
  throw new DeployError("SPARKI_CONFIG", `the credentials are of account ${account}; expected ${accountId}`, {
    hint: "aws sts get-caller-identity",
  });
}
