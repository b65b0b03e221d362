import { type IncomingHttpHeaders, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import type { Target } from "./target-group.ts";

export interface Entrance {
  readonly protocol: "http" | "https";
  /** The listener's port as users see it. */
  readonly port: number;
}

/** They speak of one connection, not of the request. */
const HOP_BY_HOP = "connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect".split(" ");
const IDLE_LIMIT_MILLISECONDS = 60_000;

/** Passes a request to a target and its answer back, both as streams; 502 when the target breaks, 504 when it is silent. */
export function forward(request: IncomingMessage, response: ServerResponse, target: Target, entrance: Entrance): void {
  const { address: host, port, agent } = target;
  // AWS leaves the host as it was. The stand-in's pods answer under their own address alone.
  const asked = { "x-forwarded-host": request.headers.host, host: `${host}:${port}` };
  const headers = { ...withoutHops(request.headers), ...forwarded(request, entrance), ...asked };
  const upstream = open({ host, port, agent, method: request.method, path: request.url, headers });
  upstream.setTimeout(IDLE_LIMIT_MILLISECONDS, () => fail(response, 504));
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.once("error", () => fail(response, 502));
  response.once("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  request.pipe(upstream);
}

/** Ends a request with a status of the balancer's own; an answer that has begun can only be cut off. */
export function fail(response: ServerResponse, status: number): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "text/plain", server: "awselb/2.0" }).end(`${status}\n`);
}

function forwarded(request: IncomingMessage, { protocol, port }: Entrance): Record<string, string> {
  const client = request.socket.remoteAddress ?? "";
  const before = request.headers["x-forwarded-for"];
  return {
    "x-forwarded-for": before === undefined ? client : `${before}, ${client}`,
    "x-forwarded-proto": protocol,
    "x-forwarded-port": `${port}`,
  };
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = { ...headers };
  for (const name of HOP_BY_HOP) delete kept[name];
  return kept;
}
