import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, json, RequestError } from "./answer.ts";
import type { Misbehaviour } from "./behaviour.ts";
import { dependencyIn } from "./dependency.ts";
import { LineBudget, log, reasonOf } from "./log.ts";
import type { RequestMetrics, RequestSample } from "./metrics.ts";
import type { Match, Router } from "./routes.ts";

const SLOW_SECONDS = 1;

/** Answers requests: misbehaves as told, counts, and logs every failure and slow answer and some of the others. */
export class Exchange {
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
    this.#write(response, answer);
    const synthetic = request.headers["x-sparki-synthetic"] === "1";
    if (!match.isCounted && !synthetic) return;
    const seconds = (performance.now() - start) / 1000;
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

  #write(response: ServerResponse, { status, body, contentType }: Answer): void {
    if (this.isDraining) response.setHeader("connection", "close");
    const length = Buffer.byteLength(body);
    response.writeHead(status, {
      "content-type": contentType,
      "content-length": length,
      "x-sparki-release": this.#release,
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
