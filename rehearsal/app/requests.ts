import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { lookupAt } from "./names.ts";

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Send = (method: string, path: string, body?: unknown) => Promise<Reply>;

/** Sends requests to a site the way a person's browser would find it; names, authority and ports come from the environment. */
export function requestsTo(site: string, env: Readonly<Record<string, string | undefined>>): Send {
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
