import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An update as Pulumi Cloud's API tells it, with the state's resources after it. */
export interface CloudUpdate {
  readonly version: number;
  readonly kind: string;
  readonly result: string;
  readonly message: string;
  /** Seconds since 1970. */
  readonly startTime: number;
  readonly endTime: number;
  readonly config: Readonly<Record<string, { string: string; secret: boolean; object: boolean }>>;
  readonly resources: readonly unknown[];
}

/** A stand-in of Pulumi Cloud's HTTP API on loopback: as much of it as the CLI asks for about one stack. */
export interface PulumiCloud {
  readonly url: string;
  /** Every request that was let in, as `METHOD path?query`. */
  readonly requests: string[];
  /** Of the stack alexarno/sparki/prod, newest first. */
  updates: readonly CloudUpdate[];
  /** Which organizations' sparki/prod is being updated. */
  busy: readonly string[];
  /** Whether every request about that one stack fails. */
  broken: boolean;
  close(): Promise<void>;
}

const USER = "alexarno";
const STACK = `/api/stacks/${USER}/sparki/prod`;

/** Starts it; it lets in this access token alone. */
export async function startPulumiCloud(token: string): Promise<PulumiCloud> {
  const server = createServer(({ method, url: asked = "", headers }, response) => {
    if (headers.authorization !== `token ${token}`) return send(response, 401, failure(401));
    cloud.requests.push(`${method} ${asked}`);
    const { pathname, searchParams } = new URL(asked, cloud.url);
    if (cloud.broken && pathname.startsWith(STACK)) return send(response, 500, failure(500));
    const answer = method === "GET" ? answerTo(pathname, searchParams, cloud) : undefined;
    send(response, answer === undefined ? 404 : 200, answer ?? failure(404));
  });
  const url = await new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(urlOf(server.address())));
  });
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const cloud: PulumiCloud = { url, requests: [], updates: [], busy: [], broken: false, close };
  return cloud;
}

function urlOf(address: AddressInfo | string | null): string {
  return typeof address === "object" ? `http://127.0.0.1:${address?.port}` : "";
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function failure(code: number) {
  return { code, message: { 401: "Unauthorized", 404: "Not Found" }[code] ?? "Internal Server Error" };
}

function answerTo(path: string, query: URLSearchParams, cloud: PulumiCloud): unknown {
  const { updates } = cloud;
  if (path === "/api/user") return { githubLogin: USER, organizations: [{ githubLogin: USER }] };
  if (path === "/api/user/organizations/default") return { GitHubLogin: USER };
  if (path === "/api/capabilities") return { capabilities: [] };
  if (path === "/api/user/stacks") return { stacks: ["agency", USER].map((owner) => summaryOf(owner, cloud)) };
  if (path === STACK) return { ...summaryOf(USER, cloud), activeUpdate: "", tags: {}, version: updates.length };
  if (path === `${STACK}/updates`) return { updates: pageOf(updates, query) };
  const version = path === `${STACK}/export` ? updates[0]?.version : Number(path.split(`${STACK}/export/`)[1]);
  const update = updates.find((each) => each.version === version);
  return update && { version: 3, deployment: { manifest: {}, resources: update.resources } };
}

function summaryOf(orgName: string, { busy, updates }: PulumiCloud) {
  const lastUpdate = busy.includes(orgName) ? 0 : updates[0]?.startTime;
  return { id: orgName, orgName, projectName: "sparki", stackName: "prod", lastUpdate };
}

/** All of them when no size is asked for. */
function pageOf(updates: readonly CloudUpdate[], query: URLSearchParams) {
  const size = Number(query.get("pageSize") ?? updates.length);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  return updates.slice(start, start + size).map(({ resources: _, ...told }) => ({ ...told, environment: {} }));
}
