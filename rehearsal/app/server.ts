import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Counter, Histogram, Registry } from "prom-client";
import { answerCallers, CALLER_VARIABLE } from "../../tools/callers.ts";
import { dependencyIn } from "./dependency.ts";
import { LineBudget, log, reasonOf } from "./log.ts";
import { Misbehaviour, type Settings } from "./settings.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), contentType: "application/json" };
}

/** A request that cannot be answered as asked, with the status that says so. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Handler = (request: IncomingMessage, id: string) => Promise<Answer>;

interface Match {
  /** The path as a metric's label: of bounded number. */
  readonly route: string;
  /** Whether users' requests on it count for the objectives; probes and scrapes do not. */
  readonly isCounted: boolean;
  readonly handle: (request: IncomingMessage) => Promise<Answer>;
}

const UNCOUNTED = new Set(["/health", "/ready", "/metrics"]);

/** Finds the handler of a request by method and path, where `:id` stands for one path segment. */
export class Router {
  readonly #exact = new Map<string, Match>();
  readonly #withId: { method: string; before: string; after: string; route: string; handler: Handler }[] = [];

  on(method: string, route: string, handler: Handler): this {
    const [before = "", after] = route.split(":id");
    if (after !== undefined) this.#withId.push({ method, before, after, route, handler });
    else {
      const handle = (request: IncomingMessage) => handler(request, "");
      this.#exact.set(`${method} ${route}`, { route, isCounted: !UNCOUNTED.has(route), handle });
    }
    return this;
  }

  find(method: string, path: string): Match {
    return this.#exact.get(`${method} ${path}`) ?? this.#findWithId(method, path) ?? NOT_FOUND;
  }

  #findWithId(method: string, path: string): Match | undefined {
    for (const { method: allowed, before, after, route, handler } of this.#withId) {
      if (method !== allowed || !path.startsWith(before) || !path.endsWith(after)) continue;
      const id = path.slice(before.length, path.length - after.length);
      if (id !== "" && !id.includes("/")) {
        return { route, isCounted: true, handle: async (request) => handler(request, decoded(id)) };
      }
    }
    return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RequestError(400, "the path is not valid percent-encoding");
  }
}

const NOT_FOUND: Match = {
  route: "other",
  isCounted: true,
  handle: async () => json(404, { error: "no such path" }),
};

interface RequestSample {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly synthetic: boolean;
  readonly seconds: number;
}

/** The counts that the gates judge: `http_requests_total` and `http_request_duration_seconds`. */
export class RequestMetrics {
  readonly #registry: Registry;
  readonly #requests: Counter<"method" | "route" | "status" | "synthetic">;
  readonly #durations: Histogram<"route" | "synthetic">;
  readonly contentType: string;

  /** Renders whatever the registry has, its own counts among it. */
  constructor(registry: Registry) {
    this.#registry = registry;
    this.contentType = registry.contentType;
    this.#requests = new Counter({
      name: "http_requests_total",
      help: "Requests answered.",
      labelNames: ["method", "route", "status", "synthetic"],
      registers: [registry],
    });
    this.#durations = new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from the request's arrival to its answer.",
      labelNames: ["route", "synthetic"],
      // The objectives' limits (0.1, 1 and 5 seconds) must be bounds: a gate counts what is over them.
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    });
  }

  record({ method, route, status, synthetic, seconds }: RequestSample): void {
    const isSynthetic = synthetic ? "true" : "false";
    this.#requests.inc({ method, route, status: String(status), synthetic: isSynthetic });
    this.#durations.observe({ route, synthetic: isSynthetic }, seconds);
  }

  /** The exposition text. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The exposition text with every value gone, as of a broken exporter. */
  async renderNotNumbers(): Promise<string> {
    return (await this.render()).replace(/^([^#\s].*) \S+$/gm, "$1 NaN");
  }
}

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
    // Whoever asks for another host, or from a page in a browser, was led here by someone else.
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

const SLOW_SECONDS = 1;

/** Answers requests: misbehaves as told, counts, and logs every failure and slow answer and some of the others. */
class Exchange {
  /** Set once the process was told to stop: connections end with their next answer. */
  isDraining = false;
  readonly #router: Router;
  readonly #metrics: RequestMetrics;
  readonly #misbehaviour: Misbehaviour;
  readonly #release: string;
  readonly #notable = new LineBudget(50);
  readonly #ordinary = new LineBudget(10);

  constructor(options: { router: Router; metrics: RequestMetrics; misbehaviour: Misbehaviour; release: string }) {
    this.#router = options.router;
    this.#metrics = options.metrics;
    this.#misbehaviour = options.misbehaviour;
    this.#release = options.release;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now();
    const { method = "GET", url = "/" } = request;
    const path = url.split("?", 1)[0] ?? "/";
    const match = this.#router.find(method, path);
    const { answer, failure } = await this.#settle(match, request);
    // Written, it wakes who waits for it, and on a busy machine that one runs first.
    const seconds = (performance.now() - start) / 1000;
    this.#write(response, answer, seconds);
    const synthetic = request.headers["x-sparki-synthetic"] === "1";
    if (!match.isCounted && !synthetic) return;
    const sample = { method, route: match.route, status: answer.status, synthetic, seconds };
    this.#metrics.record(sample);
    this.#log(sample, path, failure);
  }

  async #settle(match: Match, request: IncomingMessage): Promise<{ answer: Answer; failure?: unknown }> {
    try {
      if (match.isCounted) await this.#misbehave();
      return { answer: await match.handle(request) };
    } catch (error) {
      const status = error instanceof RequestError ? error.status : 503;
      return { answer: json(status, { error: reasonOf(error) }), failure: error };
    }
  }

  async #misbehave(): Promise<void> {
    const { delayMilliseconds, fails } = this.#misbehaviour.next();
    if (delayMilliseconds > 0) await sleep(delayMilliseconds);
    if (fails) throw new RequestError(500, "internal error");
  }

  #write(response: ServerResponse, { status, body, contentType }: Answer, seconds: number): void {
    if (this.isDraining) response.setHeader("connection", "close");
    const length = Buffer.byteLength(body);
    response.writeHead(status, {
      "content-type": contentType,
      "content-length": length,
      "x-sparki-release": this.#release,
      "server-timing": `app;dur=${(seconds * 1000).toFixed(3)}`,
    });
    response.end(body);
  }

  #log({ method, status, seconds }: RequestSample, path: string, failure: unknown): void {
    const failed = status >= 500;
    const budget = failed || seconds >= SLOW_SECONDS ? this.#notable : this.#ordinary;
    if (!budget.take(Date.now())) return;
    const fields = { method, path, status, duration_ms: Math.round(seconds * 1e5) / 100 };
    const why = failure === undefined ? {} : { reason: reasonOf(failure), ...dependencyIn(failure) };
    log(failed ? "ERROR" : "INFO", failed ? "request failed" : "request", { ...fields, ...why });
  }
}

/** The stand-in web front: one page that names its release and track. */
export async function web(settings: Settings): Promise<void> {
  const body = page(settings);
  await serve(settings, {
    registry: new Registry(),
    routes: (router: Router) => {
      router.on("GET", "/", async () => ({ status: 200, body, contentType: "text/html; charset=utf-8" }));
    },
    check: async () => {},
    close: async () => {},
  });
}

/** The page's HTML. */
export function page({ release, track }: Pick<Settings, "release" | "track">): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sparki</title>
<meta name="sparki-release" content="${escapeHtml(release)}">
<meta name="sparki-track" content="${escapeHtml(track)}"></head>
<body><h1>Sparki</h1><p>Release ${escapeHtml(release)}, ${escapeHtml(track)}.</p></body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
