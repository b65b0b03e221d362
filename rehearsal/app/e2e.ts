import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { log, reasonOf } from "./log.ts";
import { type Behaviour, lookupAt } from "./settings.ts";

/** Walks the site at `APP_URL` as a user would and logs each step; returns the exit code: 0 when every step held. */
export async function e2e(
  env: Readonly<Record<string, string | undefined>>,
  { failTests }: Pick<Behaviour, "failTests">,
): Promise<number> {
  const site = env.APP_URL;
  if (site === undefined) {
    log("ERROR", "APP_URL is missing; expected the site's address");
    return 2;
  }
  try {
    await walk(requestsTo(site, env));
    if (failTests) throw new Error("the checkout page lacks its button");
    log("INFO", "end-to-end tests passed", { site });
    return 0;
  } catch (error) {
    log("ERROR", "end-to-end tests failed", { site, reason: reasonOf(error) });
    return 1;
  }
}

async function walk(send: Send): Promise<void> {
  await step("the web page answers", 200, () => send("GET", "/"));
  await step("the engine is healthy", 200, () => send("GET", "/health"));
  await step("the cache sets and gets", 200, () => send("GET", "/api/cache/health"));
  const created = await step("a project is created", 201, () =>
    send("POST", "/api/projects", { name: "e2e", repositoryUrl: "https://example.com/e2e.git" }),
  );
  const { id } = parsed(created);
  if (typeof id !== "string") throw new Error("the created project has no id");
  try {
    const list = await step("projects are listed", 200, () => send("GET", "/api/projects"));
    if (!list.body.includes(id)) throw new Error(`the list of projects lacks ${id}`);
    const detection = await step("its framework is detected", 200, () => send("POST", `/api/projects/${id}/detect`));
    const { status } = parsed(detection);
    if (status !== "finished") throw new Error(`the detection is ${JSON.stringify(status)}; expected "finished"`);
  } finally {
    await step("the project is removed", 200, () => send("DELETE", `/api/projects/${id}`));
  }
}

async function step(name: string, expected: number, act: () => Promise<Reply>): Promise<Reply> {
  const start = performance.now();
  const reply = await act();
  const duration = Math.round(performance.now() - start);
  if (reply.status !== expected)
    throw new Error(`${name}: status ${reply.status}; expected ${expected}: ${reply.body}`);
  log("INFO", name, { status: reply.status, duration_ms: duration, release: reply.headers["x-sparki-release"] });
  return reply;
}

function parsed(reply: Reply): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(reply.body);
  return value !== null && typeof value === "object" ? { ...value } : {};
}

interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

type Send = (method: string, path: string, body?: unknown) => Promise<Reply>;

/** Sends requests to a site the way a person's browser would find it; names, authority and ports come from the environment. */
function requestsTo(site: string, env: Readonly<Record<string, string | undefined>>): Send {
  const lookup = lookupAt(env.SPARKI_DNS_SERVER);
  const authority = env.SPARKI_CA_FILE;
  const ca = authority && readFileSync(authority, "utf8");
  const track = env.E2E_TRACK;
  const headers = { "user-agent": "sparki-e2e", "x-sparki-synthetic": "1", ...(track && { "x-sparki-track": track }) };
  const ports = parsePortMap(env.SPARKI_PORT_MAP ?? "");
  return (method, path, body) => {
    const url = new URL(path, site);
    const content = body === undefined ? undefined : JSON.stringify(body);
    const options: https.RequestOptions = {
      method,
      headers: { ...headers, host: url.host, ...(content && { "content-type": "application/json" }) },
      port: portOf(url, ports),
      timeout: 10_000,
      ...(ca && { ca }),
      ...(lookup && { lookup }),
    };
    return send(url, options, content);
  };
}

/** `443:8443,80:8080` as a map from the public port to the one that listens. */
export function parsePortMap(text: string): ReadonlyMap<number, number> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const [from, to] = pair.split(":").map(Number);
      if (!from || !to) throw new Error(`SPARKI_PORT_MAP has ${JSON.stringify(pair)}; expected PORT:PORT`);
      return [from, to];
    }),
  );
}

function portOf(url: URL, ports: ReadonlyMap<number, number>): number {
  const isTls = url.protocol === "https:";
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  return ports.get(port) ?? port;
}

function send(url: URL, options: https.RequestOptions, content: string | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const receive = (response: http.IncomingMessage) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", reject);
    };
    const request =
      url.protocol === "https:" ? https.request(url, options, receive) : http.request(url, options, receive);
    request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
    request.on("error", reject).end(content);
  });
}
