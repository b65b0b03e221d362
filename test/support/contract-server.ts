import type { ServerResponse } from "node:http";
import { Registry } from "prom-client";
import { CacheMetrics, DatabaseMetrics } from "../../rehearsal/app/dependency.ts";
import { type Answer, json, RequestError, RequestMetrics, Router } from "../../rehearsal/app/server.ts";
import { type HttpServer, serveHttp } from "./http-server.ts";

type RequestSample = Parameters<RequestMetrics["record"]>[0];

/** What an engine does wrong; left out, it keeps the contract. */
export interface Wrong {
  /** In place of an answer that is right. */
  readonly answer?: (path: string, right: Answer) => Answer;
  readonly headers?: (path: string) => Readonly<Record<string, string>>;
  /** What is counted of a request; none leaves it out. */
  readonly counted?: (sample: RequestSample, path: string) => readonly RequestSample[];
  /** The text of `/metrics`. */
  readonly metrics?: (text: string) => string;
  /** A path that is never answered. */
  readonly silent?: string;
  /** Requests of someone else, counted with each scrape but the first. */
  readonly others?: boolean;
}

const PROBES = ["/health", "/ready", "/metrics"];

/** It closes no idle connection, and does not say how long it keeps one. */
const PATIENT = { keepAliveTimeout: 0 };

/** An engine in this process that keeps the contract but for what is wrong, without a database and a cache. */
export async function contractServer(wrong: Wrong = {}): Promise<HttpServer> {
  const registry = new Registry();
  const metrics = new RequestMetrics(registry);
  const database = new DatabaseMetrics(registry, { totalCount: 1, idleCount: 1, waitingCount: 0 }, 4);
  const cache = new CacheMetrics(registry);
  const router = new Router()
    .on("GET", "/health", async () => json(200, { status: "ok" }))
    .on("GET", "/ready", async () => json(200, { status: "ready" }))
    .on("GET", "/metrics", async () => {
      const body = await metrics.render();
      return { status: 200, body: (wrong.metrics ?? ((text) => text))(body), contentType: registry.contentType };
    })
    .on("GET", "/api/projects", async () => {
      database.time("list-projects")();
      database.record("ok");
      return json(200, [{ id: "1", name: "one", status: null }]);
    })
    .on("POST", "/api/projects/:id/detect", async () => {
      throw new RequestError(404, "no such project");
    })
    .on("GET", "/api/cache/health", async () => {
      await cache.observe("get", Promise.resolve(), () => "hit");
      return json(200, { status: "ok" });
    });
  let scrapes = 0;
  const others: RequestSample = { method: "GET", route: "/", status: 200, synthetic: false, seconds: 0 };
  return serveHttp(async (request, response) => {
    const path = request.url ?? "/";
    if (path === wrong.silent) return;
    const synthetic = request.headers["x-sparki-synthetic"] === "1";
    if (path === "/metrics" && ++scrapes > 1 && wrong.others) for (let i = 0; i < 3; i++) metrics.record(others);
    const match = router.find(request.method ?? "GET", path);
    const right = await match.handle(request).catch((error) => json(error.status, {}));
    const answer = wrong.answer?.(path, right) ?? right;
    write(response, answer, wrong.headers?.(path));
    const { method = "GET" } = request;
    const sample = { method, route: match.route, status: answer.status, synthetic, seconds: 0.002 };
    const usual = PROBES.includes(path) ? [] : [sample];
    for (const each of wrong.counted?.(sample, path) ?? usual) metrics.record(each);
  }, PATIENT);
}

function write(
  response: ServerResponse,
  { status, body, contentType }: Answer,
  own: Readonly<Record<string, string>> = {},
) {
  response.writeHead(status, { "content-type": contentType, "x-sparki-release": "2026.11.1", ...own });
  response.end(body);
}
