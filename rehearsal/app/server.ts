import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "prom-client";
import { answerCallers, CALLER_VARIABLE } from "../callers.ts";
import { json } from "./answer.ts";
import { Misbehaviour } from "./behaviour.ts";
import { dependencyIn } from "./dependency.ts";
import { Exchange } from "./exchange.ts";
import { LineBudget, log, reasonOf } from "./log.ts";
import { RequestMetrics } from "./metrics.ts";
import { Router } from "./routes.ts";
import type { Settings } from "./settings.ts";

export interface Service {
  /** Where its metrics are; `/metrics` shows them. */
  readonly registry: Registry;
  /** Adds the paths that this application has beside `/health`, `/ready` and `/metrics`. */
  readonly routes: (router: Router) => void;
  /** Rejects, with the reason, while requests could not be served. */
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Serves until SIGTERM, then goes unready, finishes what is in flight and exits 0. */
export async function serve(settings: Settings, service: Service): Promise<void> {
  const misbehaviour = new Misbehaviour(settings.behaviour, settings.root);
  const metrics = new RequestMetrics(service.registry);
  const router = new Router();
  const exchange = new Exchange({ router, metrics, misbehaviour, release: settings.release });
  const check = async () => {
    if (exchange.isDraining) throw new Error("stopping");
    if (misbehaviour.current.neverReady) throw new Error("not ready");
    await service.check();
  };
  const render = () => (misbehaviour.current.metricsNotNumbers ? metrics.renderNotNumbers() : metrics.render());
  service.routes(addProbes(router, check, { render, contentType: metrics.contentType }));
  const server = await listen(settings, exchange);
  const stop = async (signal: string) => {
    await drain(settings, server, exchange, signal);
    misbehaviour.close();
    await service.close();
    log("INFO", "stopped");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));
}

function addProbes(
  router: Router,
  check: () => Promise<void>,
  metrics: { readonly render: () => Promise<string>; readonly contentType: string },
): Router {
  const budget = new LineBudget(1);
  const ready = async () => {
    try {
      await check();
      return json(200, { status: "ready" });
    } catch (error) {
      const [reason, why] = [reasonOf(error), dependencyIn(error)];
      if (why.dependency && budget.take(Date.now())) log("INFO", "not ready", { reason, ...why });
      return json(503, { status: "not ready", reason });
    }
  };
  return router
    .on("GET", "/health", async () => json(200, { status: "ok" }))
    .on("GET", "/ready", ready)
    .on("GET", "/metrics", async () => ({
      status: 200,
      body: await metrics.render(),
      contentType: metrics.contentType,
    }));
}

async function listen(settings: Settings, exchange: Exchange): Promise<Server> {
  const own = `${settings.listenAddress}:${settings.port}`;
  const server = createServer((request, response) => {
    // Whoever asks for another host, or from a page in a browser, was led here by somebody else.
    if (request.headers.host === own) void exchange.answer(request, response);
    else response.writeHead(421, { "content-type": "text/plain" }).end(`expected the host ${own}\n`);
  });
  // Longer than any balancer keeps an idle connection: else one may send a request into a closing connection.
  server.keepAliveTimeout = 120_000;
  answerCallers(server, process.env[CALLER_VARIABLE]);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.listenAddress, resolve);
  });
  const { listenAddress: address, port, release } = settings;
  log("INFO", "listening", { address, port, release });
  return server;
}

async function drain(settings: Settings, server: Server, exchange: Exchange, signal: string): Promise<void> {
  exchange.isDraining = true;
  log("INFO", "draining", { signal });
  await sleep(settings.shutdownDelaySeconds * 1000);
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(10_000)]);
}
