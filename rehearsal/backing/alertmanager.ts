import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { DeployError } from "../../shared/deploy-error.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { NotFound, Unavailable } from "../control.ts";
import type { Processes } from "../processes.ts";
import { waitForHttp } from "../waiting.ts";
import type { Tools } from "./cache.ts";
import { issueWebFiles, type Reloadable, reload } from "./prometheus.ts";

export interface AlertmanagerOptions {
  readonly runDirectory: string;
  readonly addresses: Pick<Addresses, "metrics">;
  readonly tools: Tools;
  readonly processes: Processes;
  readonly authority: CertificateAuthority;
}

/** A configuration as Alertmanager reads it. */
export type AlertmanagerSettings = Readonly<Record<string, unknown>>;

export interface RunningAlertmanager {
  /** Goes over to this configuration; rejects where Alertmanager does not take it, and then keeps the one before. */
  use(settings: AlertmanagerSettings): Promise<void>;
  /** What its API answers; throws NotFound, Unavailable or what it says is wrong with the request. */
  ask(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

const READY_LIMIT_SECONDS = 300;

/** A garbage collector that keeps a small server small. */
const ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "64MiB" };

/** Starts the real Alertmanager; what it knew in an earlier run of the same directory, such as silences, it still knows. */
export async function startAlertmanager(
  options: AlertmanagerOptions,
  settings: AlertmanagerSettings,
): Promise<RunningAlertmanager> {
  const { runDirectory, addresses, tools, processes, authority } = options;
  const { alertmanager: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no alertmanager among the tools");
  const folder = join(runDirectory, "alertmanager");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = join(folder, "alertmanager.yaml");
  // It holds the keys of those who are told.
  const write = (given: AlertmanagerSettings) => writeFileSync(configFile, yamlText(given), { mode: 0o600 });
  write(settings);
  const client = await authority.issue({ commonName: "alertmanager-client", usages: ["client"] });
  const address = addresses.metrics;
  const webFile = await issueWebFiles({ folder, name: "alertmanager", address, authority, client });
  const listen = `${address}:${PORTS.alertmanager}`;
  const args = [
    `--config.file=${configFile}`,
    `--web.config.file=${webFile}`,
    `--storage.path=${join(folder, "data")}`,
    `--web.listen-address=${listen}`,
    // Alone: no gossip with others, for which it would wait before it tells anybody.
    "--cluster.listen-address=",
    "--log.level=warn",
  ];
  const handle = await processes.start({ name: "alertmanager", command, args, cwd: folder, env: ENVIRONMENT });
  const url = `https://${listen}`;
  const secured = { ca: authority.pem, cert: client.certificatePem, key: client.keyPem };
  await waitForHttp(`${url}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle, ...secured });
  const agent = new Agent({ connect: secured });
  const server: Reloadable = {
    ...{ title: "Alertmanager", prefix: "alertmanager", handle, metricsUrl: `${url}/metrics`, agent },
  };
  let last = Promise.resolve();
  return {
    use: (given) => {
      // One after the other: how a reload went is told of the last one only.
      last = last.catch(() => undefined).then(() => reload(server, () => write(given)));
      return last;
    },
    ask: (method, path, body) => asked(`${url}${path}`, { method, body, dispatcher: agent }),
    stop: async () => {
      await agent.destroy();
      await handle.stop();
    },
  };
}

interface Asked {
  readonly method: "GET" | "POST" | "DELETE";
  readonly body: unknown;
  readonly dispatcher: Agent;
}

async function asked(url: string, { method, body, dispatcher }: Asked): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const answer = await request(url, {
    ...{ method, dispatcher },
    ...(body !== undefined && { headers, body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new Unavailable("Alertmanager does not answer", { cause });
  });
  const text = await answer.body.text();
  if (answer.statusCode === 404) throw new NotFound(`Alertmanager: ${text}`);
  if (answer.statusCode >= 500) throw new Unavailable(`Alertmanager answered ${answer.statusCode}: ${text}`);
  if (answer.statusCode >= 400) throw new Error(`Alertmanager refuses it: ${text}`);
  const isJson = `${answer.headers["content-type"]}`.startsWith("application/json");
  return isJson && text !== "" ? JSON.parse(text) : {};
}
