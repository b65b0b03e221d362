import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import {
  alertmanagerConfigSchema,
  type OperatorInputs,
  operatorConfig,
  problemOf,
  type ServiceKeys,
  serviceOf,
  type ToldRequest,
  type ToldService,
} from "../../rehearsal/alerting.ts";
import type { Processes, ProcessHandle } from "../../rehearsal/processes.ts";
import { waitFor, waitForHttp } from "../../rehearsal/waiting.ts";
import type { Manifest } from "./chart.ts";
import { type HttpServer, serveHttp } from "./http-server.ts";
import { toolPath } from "./tool.ts";

/** How much faster than in production alerts are grouped and repeated: five minutes are 2.5 s. */
const FASTER = 120;

/** What reached one of the services, as it came. */
export interface Told extends ToldRequest {
  readonly service: ToldService;
}

/** Slack, PagerDuty's Events API v2, Opsgenie's Alert API and a heartbeat, which answer as those do and refuse what those would. */
export interface Services extends HttpServer {
  readonly told: readonly Told[];
  /** What was refused, and why. */
  readonly refused: readonly string[];
}

export async function serveServices(keys: ServiceKeys): Promise<Services> {
  const told: Told[] = [];
  const refused: string[] = [];
  const server = await serveHttp((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body: Record<string, unknown> = JSON.parse((await textOf(request)) || "{}");
    const path = request.url ?? "/";
    const { authorization } = request.headers;
    const service = serviceOf(path);
    const problem = problemOf({ path, authorization, body }, keys);
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

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

type Settings = Readonly<Record<string, unknown>>;

/** Alertmanager's configuration of a rendered AlertmanagerConfig, told to the test's services, with shorter waits. */
export function testConfig(
  manifest: Manifest,
  inputs: Omit<OperatorInputs, "wait"> & Partial<Pick<OperatorInputs, "wait">>,
): Settings {
  return operatorConfig([alertmanagerConfigSchema.parse(manifest)], { wait: shorter, ...inputs });
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** The same wait, as a test can wait it. */
export function shorter(text: string): string {
  const [, count = "", unit = "s"] = /^(\d+)([smh])$/.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[unit === "h" ? "h" : unit === "m" ? "m" : "s"];
  if (!(seconds > 0)) throw new Error(`${text} is no wait`);
  return `${Math.round((seconds * 1000) / FASTER)}ms`;
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
  /** @default a minute ago, so that it is told of at once */
  readonly startsAt?: string;
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
export async function startAlertmanager(
  processes: Processes,
  config: Settings,
  name = "alertmanager",
): Promise<Alertmanager> {
  const folder = join(processes.runDirectory, name);
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
  const handle = await processes.start({ name, command: toolPath("alertmanager"), args });
  const url = `http://${listen}`;
  await waitForHttp(`${url}/-/ready`, { limitSeconds: LIMIT_SECONDS, process: handle });
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(await (await fetch(`${url}/api/v2/${path}`)).json());
  return {
    url,
    handle,
    send: async (...sent) => {
      const now = Date.now();
      const ago = new Date(now - 60_000).toISOString();
      const body = sent.map(({ labels, annotations = {}, isOver = false, startsAt = ago }) => ({
        labels,
        annotations,
        startsAt,
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
