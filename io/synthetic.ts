import type { Dispatcher } from "undici";
import { type TrafficCounts, TrafficTally } from "../gates/traffic.ts";
import { coded } from "../shared/deploy-error.ts";
import type { Network } from "./network.ts";

/** What tells our own requests from users', for the metrics. */
export const SYNTHETIC = { "x-sparki-synthetic": "1" } as const;

export interface SyntheticOptions {
  /** Asked in turn. */
  readonly urls: readonly string[];
  /** Sent beside `x-sparki-synthetic: 1`, for example `x-sparki-track`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestsPerSecond: number;
  /** Requests in flight at most; one that finds no place is not sent. @default 32 */
  readonly concurrency?: number;
  /** After this a request is given up, and counts as failed and slow. @default 10 */
  readonly timeoutSeconds?: number;
  /**
   * Takes as a request's time what the answer's Server-Timing header (W3C) says, where it has one: by the clock of a client
   * that shares one machine with all that it measures, a busy machine looks like a slow release. @default false
   */
  readonly isServerTimed?: boolean;
}

/** Requests that a gate makes itself, counted apart from users'. */
export interface SyntheticTraffic {
  start(): void;
  /** Counts so far, of the requests that were sent before the oldest one in flight: one that hangs holds back the rest. */
  counts(): TrafficCounts;
  /** Why requests reach the release no more, and so do not count; undefined while they do. */
  problem(): string | undefined;
  /** Why requests failed without an answer, with how often. */
  failures(): Readonly<Record<string, number>>;
  /** Sends no more, abandons what is in flight, uncounted, and frees the connections. */
  stop(): Promise<void>;
}

const TICK_SECONDS = 0.005;

/** Traffic at a steady rate against the new release; any status of 400 or more, or no answer, is an error. */
export function syntheticTraffic(network: Network, options: SyntheticOptions): SyntheticTraffic {
  const { requestsPerSecond, concurrency = 32, timeoutSeconds = 10, isServerTimed = false } = options;
  const targets = options.urls.map((url) => target(url, options.headers ?? {}));
  const tally = new TrafficTally();
  const failures = new Map<string, number>();
  let agent: Dispatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let inFlight = 0;
  let turnedAway = 0;
  let due = 0;
  let next = 0;

  async function send(dispatcher: Dispatcher, request: Dispatcher.RequestOptions): Promise<void> {
    inFlight++;
    const end = tally.send();
    const started = performance.now();
    const { failed, away, reason, serverSeconds } = await ask(dispatcher, request, timeoutSeconds);
    const seconds = (performance.now() - started) / 1000;
    inFlight--;
    if (stopped) return;
    turnedAway = away ? turnedAway + 1 : 0;
    if (reason !== undefined) failures.set(reason, (failures.get(reason) ?? 0) + 1);
    end(away ? undefined : { failed, seconds: isServerTimed ? (serverSeconds ?? seconds) : seconds });
  }

  /** Opens every connection with a request that does not count: its time is the handshake's. */
  async function open(dispatcher: Dispatcher): Promise<void> {
    const [first] = targets;
    if (first === undefined) return;
    await Promise.all(Array.from({ length: concurrency }, () => ask(dispatcher, first, timeoutSeconds)));
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
    counts: () => tally.counts,
    problem: () =>
      turnedAway === 0
        ? undefined
        : `the load balancer's firewall rejects the gate's own requests (${turnedAway} so far)`,
    failures: () => Object.fromEntries(failures),
    async stop() {
      stopped = true;
      clearInterval(timer);
      await agent?.destroy();
    },
  };
}

interface Answered {
  readonly failed: boolean;
  readonly away: boolean;
  /** Why there was no answer; undefined when there was one. */
  readonly reason?: string;
  /** How long the server says that it took. */
  readonly serverSeconds?: number | undefined;
}

async function ask(
  dispatcher: Dispatcher,
  request: Dispatcher.RequestOptions,
  timeoutSeconds: number,
): Promise<Answered> {
  // For all of the answer: one that comes drop by drop would hold back the counts of all the others.
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const answer = await sentAgain(() => dispatcher.request({ ...request, signal }));
    await answer.body.arrayBuffer();
    const serverSeconds = serverSecondsIn(answer.headers["server-timing"]);
    return { failed: answer.statusCode >= 400, away: isTurnedAway(answer), serverSeconds };
  } catch (error) {
    return {
      failed: true,
      away: false,
      reason: signal.aborted ? `no answer within ${timeoutSeconds} s` : coded(error),
    };
  }
}

/**
 * Sent once more where the connection was closed before any answer, as every browser does (RFC 9112, section 9.3.1): a
 * load balancer that takes one of its nodes away closes connections while requests are on their way. For a release that
 * breaks off it answers 502.
 */
async function sentAgain<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && "code" in error && CLOSED.includes(String(error.code))) return send();
    throw error;
  }
}

const CLOSED: readonly string[] = ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"];

/** The first duration of a Server-Timing header, which has milliseconds. */
function serverSecondsIn(header: string | string[] | undefined): number | undefined {
  const [, milliseconds] = /;\s*dur=(\d+(?:\.\d+)?)/.exec(String(header)) ?? [];
  return milliseconds === undefined ? undefined : Number(milliseconds) / 1000;
}

/** An Application Load Balancer's firewall answers by itself: the release has seen nothing of such a request. */
function isTurnedAway({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  return statusCode === 403 && String(headers.server).startsWith("awselb/");
}

function target(url: string, headers: Readonly<Record<string, string>>): Dispatcher.RequestOptions {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search, method: "GET", headers: { ...headers, ...SYNTHETIC } };
}
