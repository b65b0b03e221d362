import type { Dispatcher } from "undici";
import { NO_TRAFFIC, type TrafficCounts } from "../../gates/traffic.ts";
import { describe } from "./http.ts";
import type { Network } from "./network.ts";

export interface SyntheticOptions {
  /** Asked in turn. */
  readonly urls: readonly string[];
  /** Sent beside `x-sparki-synthetic: 1`, for example `x-sparki-track`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestsPerSecond: number;
  /** Requests in flight at most; one that finds no place is not sent. @default 32 */
  readonly concurrency?: number;
  /** After this a request counts as failed and slow. @default 10 */
  readonly timeoutSeconds?: number;
}

/** Requests that a gate makes itself, counted apart from users'. */
export interface SyntheticTraffic {
  start(): void;
  /** Counts so far; a request counts once it is answered, or has failed. */
  counts(): TrafficCounts;
  /** Why requests reach the release no more, and so do not count; undefined while they do. */
  problem(): string | undefined;
  /** Why requests failed without an answer, with how often. */
  failures(): Readonly<Record<string, number>>;
  /** Sends no more, abandons what is in flight and frees the connections. */
  stop(): Promise<void>;
}

const TICK_SECONDS = 0.005;

/** Traffic at a steady rate against the new release; any status of 400 or more, or no answer, is an error. */
export function syntheticTraffic(network: Network, options: SyntheticOptions): SyntheticTraffic {
  const { requestsPerSecond, concurrency = 32, timeoutSeconds = 10 } = options;
  const targets = options.urls.map((url) => target(url, options.headers ?? {}, timeoutSeconds));
  const counts = { ...NO_TRAFFIC };
  const failures = new Map<string, number>();
  let agent: Dispatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let inFlight = 0;
  let turnedAway = 0;
  let due = 0;
  let next = 0;

  async function send(dispatcher: Dispatcher, request: Dispatcher.RequestOptions, opening = false): Promise<void> {
    inFlight++;
    const started = performance.now();
    let failed = false;
    let away = false;
    try {
      const answer = await dispatcher.request(request);
      failed = answer.statusCode >= 400;
      away = isTurnedAway(answer);
      await answer.body.dump();
    } catch (error) {
      failed = true;
      if (!stopped) note(error);
    }
    inFlight--;
    if (stopped) return;
    turnedAway = away ? turnedAway + 1 : 0;
    if (!away && (failed || !opening)) count(failed, (performance.now() - started) / 1000);
  }

  /** Opens every connection with a request of its own: its time is the handshake's, so it counts only when it fails. */
  async function open(dispatcher: Dispatcher): Promise<void> {
    const [first] = targets;
    if (first === undefined) return;
    await Promise.all(Array.from({ length: concurrency }, () => send(dispatcher, first, true)));
  }

  function count(failed: boolean, seconds: number): void {
    counts.requests++;
    if (failed) counts.errors++;
    if (seconds > 0.1) counts.over100ms++;
    if (seconds > 1) counts.over1s++;
    if (seconds > 5) counts.over5s++;
  }

  function note(error: unknown): void {
    const reason = describe(error);
    failures.set(reason, (failures.get(reason) ?? 0) + 1);
  }

  function tick(dispatcher: Dispatcher, elapsedSeconds: number): void {
    due += elapsedSeconds * requestsPerSecond;
    for (; due >= 1; due--) {
      const request = targets[next++ % targets.length];
      if (request !== undefined && inFlight < concurrency) void send(dispatcher, request);
    }
  }

  function ticking(dispatcher: Dispatcher): NodeJS.Timeout {
    let last = performance.now();
    return setInterval(() => {
      const now = performance.now();
      tick(dispatcher, (now - last) / 1000);
      last = now;
    }, TICK_SECONDS * 1000);
  }

  return {
    start() {
      if (agent !== undefined) return;
      const dispatcher = network.agent(concurrency);
      agent = dispatcher;
      void open(dispatcher).then(() => {
        if (!stopped) timer = ticking(dispatcher);
      });
    },
    counts: () => ({ ...counts }),
    problem: () =>
      turnedAway === 0
        ? undefined
        : `the load balancer's firewall turns the gate's own requests away (${turnedAway} so far)`,
    failures: () => Object.fromEntries(failures),
    async stop() {
      stopped = true;
      clearInterval(timer);
      await agent?.destroy();
    },
  };
}

/** An Application Load Balancer's firewall answers by itself: the release has seen nothing of such a request. */
function isTurnedAway({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  return statusCode === 403 && String(headers.server).startsWith("awselb/");
}

function target(
  url: string,
  headers: Readonly<Record<string, string>>,
  timeoutSeconds: number,
): Dispatcher.RequestOptions {
  const { origin, pathname, search } = new URL(url);
  const milliseconds = timeoutSeconds * 1000;
  return {
    origin,
    path: pathname + search,
    method: "GET",
    headers: { ...headers, "x-sparki-synthetic": "1" },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
  };
}
