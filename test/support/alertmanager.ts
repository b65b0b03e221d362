import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { Processes, ProcessHandle } from "../../rehearsal/processes.ts";
import { waitFor, waitForHttp } from "../../rehearsal/waiting.ts";
import { at, type Manifest } from "./chart.ts";
import { type HttpServer, serveHttp } from "./http-server.ts";
import { toolPath } from "./tool.ts";

/** How much faster than in production alerts are grouped and repeated: five minutes are 2.5 s. */
const FASTER = 120;

/** What reached one of the services, as it came. */
export interface Told {
  readonly service: "slack" | "pagerduty" | "opsgenie" | "heartbeat" | "storm";
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Slack, PagerDuty's Events API v2, Opsgenie's Alert API and a heartbeat, which answer as those do and refuse what those would. */
export interface Services extends HttpServer {
  readonly told: readonly Told[];
  /** What was refused, and why. */
  readonly refused: readonly string[];
}

export async function serveServices(keys: {
  readonly pagerduty: string;
  readonly opsgenie: string;
}): Promise<Services> {
  const told: Told[] = [];
  const refused: string[] = [];
  const server = await serveHttp((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body: Record<string, unknown> = JSON.parse((await textOf(request)) || "{}");
    const path = request.url ?? "/";
    const { authorization } = request.headers;
    const service = serviceOf(path);
    const problem = problemOf({ service, path, authorization, body }, keys);
    if (problem === undefined) told.push({ service, path, authorization, body });
    else refused.push(`${path}: ${problem}`);
    const [status, said] = problem === undefined ? ANSWERS[service] : [400, JSON.stringify({ message: problem })];
    // A webhook of Slack's answers in plain text.
    response.writeHead(status, { "content-type": service === "slack" ? "text/plain" : "application/json" }).end(said);
  };
  return { ...server, told, refused };
}

const ANSWERS: Readonly<Record<Told["service"], readonly [number, string]>> = {
  slack: [200, "ok"],
  pagerduty: [202, JSON.stringify({ status: "success", message: "Event processed", dedup_key: "x" })],
  opsgenie: [202, JSON.stringify({ result: "Request will be processed", took: 0.01, requestId: "x" })],
  heartbeat: [200, ""],
  storm: [200, ""],
};

function serviceOf(path: string): Told["service"] {
  if (path === "/slack") return "slack";
  if (path === "/v2/enqueue") return "pagerduty";
  if (path.startsWith("/v2/alerts")) return "opsgenie";
  return path === "/heartbeat" ? "heartbeat" : "storm";
}

/** What the service itself would refuse, by what it publishes of its API. */
function problemOf({ service, path, authorization, body }: Told, keys: { pagerduty: string; opsgenie: string }) {
  if (service === "pagerduty") {
    if (body.routing_key !== keys.pagerduty) return "routing_key is invalid";
    if (!["trigger", "acknowledge", "resolve"].includes(String(body.event_action))) return "event_action is invalid";
    const { summary, source, severity }: Record<string, unknown> = Object(body.payload);
    if (!summary || !source) return "payload.summary and payload.source are required";
    if (!["critical", "warning", "error", "info"].includes(String(severity))) return "payload.severity is invalid";
    if (typeof body.dedup_key !== "string" || body.dedup_key.length > 255) return "dedup_key is invalid";
  }
  if (service === "opsgenie") {
    if (authorization !== `GenieKey ${keys.opsgenie}`) return "Could not authenticate";
    const isClose = /^\/v2\/alerts\/[^/]+\/close\?identifierType=alias$/.test(path);
    if (!isClose && (path !== "/v2/alerts" || typeof body.message !== "string")) return "message can not be empty";
    if (!isClose && !/^P[1-5]$/.test(String(body.priority))) return "priority is invalid";
  }
  return undefined;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

type Settings = Record<string, unknown>;

/** Where the services are in a test, and what Storm's own Secrets hold. */
interface OperatorInputs {
  /** With a slash at its end. */
  readonly services: string;
  /** By `<secret>/<key>`. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Alertmanager's configuration as the Prometheus operator makes it of an AlertmanagerConfig: names prefixed with where they
 * come from, routes and inhibitions only for alerts of that namespace, and secrets in place of references to them. The
 * services' addresses are replaced by the test's, and all waits are shorter.
 */
export function operatorConfig(manifest: Manifest, { services, secrets }: OperatorInputs): Settings {
  const { name, namespace = "" } = manifest.metadata;
  const prefix = `${namespace}/${name}/`;
  const ownNamespace = `namespace="${namespace}"`;
  const secret = (reference: unknown) => {
    const { name: held, key }: { name?: string; key?: string } = Object(reference);
    const value = secrets[`${held}/${key}`];
    if (value === undefined) throw new Error(`no secret ${held}/${key}`);
    return value;
  };
  const root = Object(at(manifest, "spec.route"));
  const receivers = listAt(manifest, "spec.receivers").map((receiver) => ({
    ...receiverOf(receiver, secret, services),
    name: `${prefix}${receiver.name}`,
  }));
  return {
    route: {
      receiver: "storm",
      group_wait: "50ms",
      routes: [{ ...routeOf(root, prefix, [ownNamespace]), continue: true }],
    },
    inhibit_rules: listAt(manifest, "spec.inhibitRules").map((rule) => ({
      source_matchers: [...matchersOf(rule.sourceMatch), ownNamespace],
      target_matchers: [...matchersOf(rule.targetMatch), ownNamespace],
      equal: rule.equal,
    })),
    receivers: [{ name: "storm", webhook_configs: [{ url: `${services}storm` }] }, ...receivers],
  };
}

function listAt(object: unknown, path: string): Settings[] {
  const found = at(object, path);
  return Array.isArray(found) ? found : [];
}

function matchersOf(matchers: unknown): string[] {
  return listAt({ matchers }, "matchers").map(
    ({ name, matchType, value }) => `${name}${matchType}${JSON.stringify(value)}`,
  );
}

function routeOf(route: Settings, prefix: string, matchers: readonly string[]): Settings {
  const waits = ["groupWait", "groupInterval", "repeatInterval"].flatMap((key) => {
    const text = route[key];
    return typeof text === "string" ? [[snakeCase(key), shorter(text)]] : [];
  });
  return {
    receiver: `${prefix}${route.receiver}`,
    ...(route.groupBy !== undefined && { group_by: route.groupBy }),
    ...(route.continue !== undefined && { continue: route.continue }),
    ...Object.fromEntries(waits),
    matchers: [...matchers, ...matchersOf(route.matchers)],
    routes: listAt(route, "routes").map((inner) => routeOf(inner, prefix, [])),
  };
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** The same wait, as a test can wait it. */
export function shorter(text: string): string {
  const [, count = "", unit = "s"] = /^(\d+)([smh])$/.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[unit === "h" ? "h" : unit === "m" ? "m" : "s"];
  if (!(seconds > 0)) throw new Error(`${text} is no wait`);
  return `${Math.round((seconds * 1000) / FASTER)}ms`;
}

function snakeCase(key: string): string {
  return key.replaceAll(/(?<=[a-z])[A-Z]+/g, (capital) => `_${capital.toLowerCase()}`);
}

/** By the settings of a receiver that hold an address, what is asked there instead. */
const ADDRESSES: Readonly<Record<string, string>> = { url: "v2/enqueue", api_url: "" };

function receiverOf(
  { name: _, ...kinds }: Settings,
  secret: (reference: unknown) => string,
  services: string,
): Settings {
  const entries = Object.entries(kinds).map(([kind, configs]) => {
    const own = listAt({ configs }, "configs").map((config) => {
      const settings = Object.entries(config).map(([key, value]): [string, unknown] => {
        const named = snakeCase(key);
        if (key === "urlSecret") return ["url", secret(value)];
        if (typeof value === "object" && value !== null) return [named, secret(value)];
        return named in ADDRESSES ? [named, `${services}${ADDRESSES[named]}`] : [named, value];
      });
      return Object.fromEntries(settings);
    });
    return [snakeCase(kind), own];
  });
  return Object.fromEntries(entries);
}

/** A running Alertmanager, and what it knows. */
export interface Alertmanager {
  /** Without a slash at its end. */
  readonly url: string;
  readonly handle: ProcessHandle;
  /** Sends alerts that fire until they are sent again with an end. */
  send(...alerts: readonly FiredAlert[]): Promise<void>;
  /** What it shows of an alert; undefined where it does not know it, or it is over. */
  shown(name: string): Promise<ShownAlert | undefined>;
  /** The names of the alerts that it groups, and so may still tell of. */
  grouped(): Promise<readonly string[]>;
}

export interface FiredAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** @default it fires */
  readonly isOver?: boolean;
}

const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })),
    status: z.object({ state: z.string(), silencedBy: z.array(z.string()), inhibitedBy: z.array(z.string()) }),
  }),
);
export type ShownAlert = z.infer<typeof alertsSchema>[number];

const LIMIT_SECONDS = 120;

/** Starts the real Alertmanager with the configuration; rejects, with its words, where it does not take it. */
export async function startAlertmanager(processes: Processes, config: Settings): Promise<Alertmanager> {
  const folder = join(processes.runDirectory, "alertmanager");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "alertmanager.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const listen = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${file}`,
    `--storage.path=${folder}`,
    `--web.listen-address=${listen}`,
    "--cluster.listen-address=",
  ];
  const handle = await processes.start({ name: "alertmanager", command: toolPath("alertmanager"), args });
  const url = `http://${listen}`;
  await waitForHttp(`${url}/-/ready`, { limitSeconds: LIMIT_SECONDS, process: handle });
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(await (await fetch(`${url}/api/v2/${path}`)).json());
  return {
    url,
    handle,
    send: async (...sent) => {
      const now = Date.now();
      const body = sent.map(({ labels, annotations = {}, isOver = false }) => ({
        labels,
        annotations,
        startsAt: new Date(now - 60_000).toISOString(),
        endsAt: new Date(isOver ? now : now + 3_600_000).toISOString(),
      }));
      const headers = { "content-type": "application/json" };
      const { status } = await fetch(`${url}/api/v2/alerts`, { method: "POST", headers, body: JSON.stringify(body) });
      if (status !== 200) throw new Error(`Alertmanager answered ${status}`);
    },
    shown: async (name) => (await ask("alerts", alertsSchema)).find(({ labels }) => labels.alertname === name),
    grouped: async () => {
      const groups = await ask("alerts/groups", z.array(z.object({ alerts: alertsSchema })));
      return groups.flatMap((group) => group.alerts.map(({ labels }) => labels.alertname ?? ""));
    },
  };
}

/** A port of this machine that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Resolves once it holds; how long that takes says nothing. */
export function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  return waitFor(what, async () => holds(), { limitSeconds: LIMIT_SECONDS });
}
