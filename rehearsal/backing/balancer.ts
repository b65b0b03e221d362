import {
  Agent,
  createServer,
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as open,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { TlsOptions } from "node:tls";
import { answerOwnUser, callerHeaders } from "../../tools/callers.ts";
import type { IssuedCertificate } from "../certificates.ts";
import type { ListenerRule, ListenerState, LoadBalancerState, TargetGroupState } from "../services.ts";
import { chooseWeighted } from "./random.ts";

interface Entrance {
  readonly protocol: "http" | "https";
  /** The listener's port as users see it. */
  readonly port: number;
}

/** They speak of one connection, not of the request. */
const HOP_BY_HOP = "connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect".split(" ");

const IDLE_LIMIT_MILLISECONDS = 60_000;

/** Passes a request to a target and its answer back, both as streams; 502 when the target breaks, 504 when it is silent. */
function forward(request: IncomingMessage, response: ServerResponse, target: Target, entrance: Entrance): void {
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
function fail(response: ServerResponse, status: number): void {
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

interface RoutedRequest {
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** The action of the first rule whose conditions all hold; undefined when none does. */
export function actionFor(rules: readonly ListenerRule[], request: RoutedRequest): ListenerRule["action"] | undefined {
  return rules.find(({ conditions }) => holds(conditions, request))?.action;
}

/** One value of each condition must match; paths are case-sensitive, hosts and headers are not, as in AWS. */
function holds({ pathPatterns, hosts, headers }: ListenerRule["conditions"], request: RoutedRequest): boolean {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (pathPatterns && !pathPatterns.some((pattern) => matches(pattern, request.path))) return false;
  if (hosts && !hosts.some((pattern) => matches(pattern.toLowerCase(), host))) return false;
  return (headers ?? []).every(({ name, values }) => {
    const sent = [request.headers[name.toLowerCase()] ?? []].flat().map((value) => value.toLowerCase());
    return values.some((pattern) => sent.some((value) => matches(pattern.toLowerCase(), value)));
  });
}

const compiled = new Map<string, RegExp>();

/** Whether the whole text matches a pattern in which `*` is any number of characters and `?` is one. */
export function matches(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    expression = new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

interface Open {
  readonly server: Server;
  listener: ListenerState;
  /** The hosts that are asked for here; `*` stands for any text. */
  hosts: readonly string[];
}

/** The names that AWS gives load balancers. */
const AWS_NAMES = "*.elb.amazonaws.com";

export interface BalancerOptions {
  readonly address: string;
  readonly groups: ReadonlyMap<string, TargetGroup>;
  readonly random: () => number;
  readonly firewall: Pick<Firewall, "admits">;
  /** The loopback port that stands for a listener's. */
  readonly portOf: (port: number) => number;
}

/** One load balancer: an HTTP or HTTPS server for each listener, all answering by the rules of the newest state. */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** Opens and closes ports to match the state; an HTTPS listener opens once there is a certificate. */
  async apply(state: LoadBalancerState, certificate: IssuedCertificate | undefined): Promise<void> {
    const hosts = [this.#options.address, AWS_NAMES, ...state.certificateNames];
    const usable = state.listeners.filter(({ protocol }) => protocol === "HTTP" || certificate !== undefined);
    const wanted = new Map(usable.map((listener) => [`${listener.protocol}:${listener.port}`, listener]));
    for (const [key, { server }] of this.#open) {
      if (wanted.has(key)) continue;
      this.#open.delete(key);
      await closed(server);
    }
    for (const [key, listener] of wanted) {
      const found = this.#open.get(key);
      if (found === undefined) this.#open.set(key, await this.#listen(listener, certificate, hosts));
      else update(found, { listener, hosts }, certificate);
    }
  }

  async close(): Promise<void> {
    const servers = [...this.#open.values()].map(({ server }) => server);
    this.#open.clear();
    await Promise.all(servers.map(closed));
  }

  #listen(
    listener: ListenerState,
    certificate: IssuedCertificate | undefined,
    hosts: readonly string[],
  ): Promise<Open> {
    const entrance = { protocol: listener.protocol === "HTTPS" ? "https" : "http", port: listener.port } as const;
    const answer: RequestListener = (request, response) =>
      isFor(open.hosts, request) ? this.#answer(open.listener.rules, request, response, entrance) : fail(response, 421);
    const server =
      entrance.protocol === "https" ? createTlsServer(tlsOptions(certificate, listener), answer) : createServer(answer);
    const open: Open = { server, listener, hosts };
    server.keepAliveTimeout = 60_000;
    answerOwnUser(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#options.portOf(listener.port), this.#options.address, () => resolve(open));
    });
  }

  #answer(
    rules: readonly ListenerRule[],
    request: IncomingMessage,
    response: ServerResponse,
    entrance: Entrance,
  ): void {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const action = actionFor(rules, { path, headers: request.headers });
    if (!this.#options.firewall.admits(request.headers)) {
      fail(response, 403);
    } else if (action?.type === "fixed") {
      response.writeHead(action.statusCode, { "content-type": "text/plain" }).end(action.body);
    } else if (action?.type === "redirect") {
      response.writeHead(action.statusCode, { location: locationOf(action, request, entrance) }).end();
    } else {
      const group = chooseWeighted(action?.targets ?? [], this.#options.random);
      const target = group && this.#options.groups.get(group.arn)?.pick();
      if (target === undefined) fail(response, 503);
      else forward(request, response, target, entrance);
    }
  }
}

function update(
  open: Open,
  { listener, hosts }: Omit<Open, "server">,
  certificate: IssuedCertificate | undefined,
): void {
  open.listener = listener;
  open.hosts = hosts;
  if (open.server instanceof TlsServer) open.server.setSecureContext(tlsOptions(certificate, listener));
}

/** AWS answers any host. Here a page in a browser of this machine could come by a name of its own: none but ours counts. */
function isFor(hosts: readonly string[], { headers }: IncomingMessage): boolean {
  const host = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return hosts.some((pattern) => matches(pattern.toLowerCase(), host));
}

/** Connections that are open keep what they were made with, as at AWS. Of a policy only its versions are modelled. */
function tlsOptions(certificate: IssuedCertificate | undefined, { tlsPolicy = "" }: ListenerState): TlsOptions {
  return {
    ...(certificate && { cert: certificate.certificatePem, key: certificate.keyPem }),
    minVersion: /^ELBSecurityPolicy-TLS13-1-3-/.test(tlsPolicy) ? "TLSv1.3" : "TLSv1.2",
  };
}

/** The same host, path and query under another protocol and port; `#{protocol}` and `#{port}` keep the request's. */
function locationOf(
  { protocol, port }: { readonly protocol: string; readonly port: string },
  request: IncomingMessage,
  entrance: Entrance,
): string {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const scheme = protocol.replace("#{protocol}", entrance.protocol).toLowerCase();
  return `${scheme}://${host}:${port.replace("#{port}", `${entrance.port}`)}${request.url ?? "/"}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export interface BalancerWorkerData {
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
  readonly seed: number;
}

/** What the cloud asks of the balancers' thread, and waits for. */
export type BalancerRequest =
  | {
      readonly type: "apply";
      readonly address: string;
      readonly state: LoadBalancerState;
      readonly certificate: IssuedCertificate | undefined;
    }
  | { readonly type: "stop"; readonly name: string };

/** What the cloud tells the thread. */
export type BalancerCommand =
  | (BalancerRequest & { readonly id: number })
  | { readonly type: "targets"; readonly arn: string; readonly targets: readonly Endpoint[] }
  /** How many more of a gate's own requests the firewall lets in; undefined is no limit. */
  | { readonly type: "firewall"; readonly gateRequests: number | undefined };

/** What the thread tells back: that a request is done, and each change of health. */
export type BalancerEvent =
  | { readonly type: "done"; readonly id: number; readonly failure: string | undefined }
  | { readonly type: "health"; readonly arn: string; readonly healthy: readonly string[] };

/** The web firewall in front of the load balancers. */
export class Firewall {
  #gateRequestsLeft = Number.POSITIVE_INFINITY;

  /** Lets in so many more of a gate's own requests; undefined is no limit. */
  limitGateRequests(gateRequests: number | undefined): void {
    this.#gateRequestsLeft = gateRequests ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Nobody without a user agent, as AWS's common rule set has it (`NoUserAgent_HEADER`). Users come from many addresses,
   * the gate from one: the limit a client is the gate's alone.
   */
  admits(headers: IncomingHttpHeaders): boolean {
    if (!headers["user-agent"]) return false;
    if (headers["x-sparki-synthetic"] !== "1") return true;
    this.#gateRequestsLeft = Math.max(-1, this.#gateRequestsLeft - 1);
    return this.#gateRequestsLeft >= 0;
  }
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `address:port`, which no two targets of a group share. */
export function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** As AWS's default: two failures in a row take a target out. */
const UNHEALTHY_THRESHOLD = 2;

/** A target's health: a new one is healthy after one success; later it changes only after the thresholds, in a row. */
export class Health {
  #healthy = false;
  #isNew = true;
  #streak = 0;

  get healthy(): boolean {
    return this.#healthy;
  }

  /** Takes one check's result in; says whether the health changed. */
  record(succeeded: boolean, healthyThreshold: number): boolean {
    this.#streak = succeeded === this.#healthy ? 0 : this.#streak + 1;
    const needed = succeeded ? (this.#isNew ? 1 : healthyThreshold) : UNHEALTHY_THRESHOLD;
    if (this.#streak < needed) return false;
    this.#healthy = succeeded;
    this.#isNew = false;
    this.#streak = 0;
    return true;
  }
}

/** Whether the target answers 200 on the path within the limit, on a connection of its own. */
function check({ address, port }: Endpoint, path: string, limitMilliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { "user-agent": "ELB-HealthChecker/2.0", connection: "close", ...callerHeaders };
    const request = get({ host: address, port, path, headers, agent: false, timeout: limitMilliseconds });
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

interface Target extends Endpoint {
  readonly agent: Agent;
  readonly health: Health;
}

/** Checks never come faster than this, however small the time scale. */
const MIN_INTERVAL_SECONDS = 0.3;
/** Twice AWS's default: a machine that is busy with all of a rehearsal answers late, and is no target that is away. */
const CHECK_LIMIT_MILLISECONDS = 10_000;
/** Requests take the time they take, whatever the time scale: what is in flight gets at least this. */
const MIN_DRAIN_SECONDS = 5;
/** Until each node of a load balancer knows that a target was deregistered: AWS promises no time, this is a long one. */
const NOTICE_SECONDS = 10;

/**
 * The targets of one target group: checked by a timer of their own, picked only while healthy. One that leaves is picked
 * until the balancer has noticed, then drained.
 */
export class TargetGroup {
  readonly #timeScale: number;
  readonly #onHealth: () => void;
  readonly #targets = new Map<string, Target>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  #settings: TargetGroupState | undefined;
  #turn = 0;

  constructor(timeScale: number, onHealth: () => void) {
    this.#timeScale = timeScale;
    this.#onHealth = onHealth;
  }

  /** Takes the group's settings; the first ones start the checks. */
  configure(settings: TargetGroupState): void {
    const isFirst = this.#settings === undefined;
    this.#settings = settings;
    if (isFirst) for (const key of this.#targets.keys()) void this.#checkAndRepeat(key);
  }

  setTargets(endpoints: readonly Endpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    for (const key of this.#targets.keys()) if (!wanted.has(key)) this.#deregister(key);
    for (const [key, endpoint] of wanted) this.#register(key, endpoint);
    this.#onHealth();
  }

  /** The healthy targets in turn, as AWS's default algorithm; undefined when none is healthy. */
  pick(): Target | undefined {
    const healthy = [...this.#targets.values()].filter(({ health }) => health.healthy);
    this.#turn += 1;
    return healthy[this.#turn % healthy.length];
  }

  healthyKeys(): readonly string[] {
    return [...this.#targets].filter(([, { health }]) => health.healthy).map(([key]) => key);
  }

  close(): void {
    for (const key of this.#targets.keys()) this.#remove(key, 0);
  }

  #register(key: string, { address, port }: Endpoint): void {
    this.#stay(key);
    if (this.#targets.has(key)) return;
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
    this.#targets.set(key, { address, port, agent, health: new Health() });
    if (this.#settings) void this.#checkAndRepeat(key);
  }

  #deregister(key: string): void {
    if (this.#leaving.has(key)) return;
    const leave = () => {
      this.#remove(key);
      this.#onHealth();
    };
    this.#leaving.set(key, setTimeout(leave, NOTICE_SECONDS * this.#timeScale * 1000).unref());
  }

  #stay(key: string): void {
    clearTimeout(this.#leaving.get(key));
    this.#leaving.delete(key);
  }

  #remove(key: string, drainSeconds = this.#drainSeconds()): void {
    this.#stay(key);
    const target = this.#targets.get(key);
    this.#targets.delete(key);
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (target) setTimeout(() => target.agent.destroy(), drainSeconds * 1000).unref();
  }

  #drainSeconds(): number {
    return Math.max(MIN_DRAIN_SECONDS, (this.#settings?.deregistrationDelaySeconds ?? 0) * this.#timeScale);
  }

  async #checkAndRepeat(key: string): Promise<void> {
    const target = this.#targets.get(key);
    const settings = this.#settings;
    if (target === undefined || settings === undefined) return;
    const { path, intervalSeconds, healthyThreshold } = settings.healthCheck;
    const succeeded = await check(target, path, CHECK_LIMIT_MILLISECONDS);
    if (this.#targets.get(key) !== target) return;
    if (target.health.record(succeeded, healthyThreshold)) this.#onHealth();
    const pause = Math.max(MIN_INTERVAL_SECONDS, intervalSeconds * this.#timeScale);
    this.#timers.set(
      key,
      setTimeout(() => void this.#checkAndRepeat(key), pause * 1000),
    );
  }
}
