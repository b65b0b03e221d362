import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeployError } from "../../stacks/deploy-error.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess } from "../services.ts";
import { waitForHttp } from "../waiting.ts";
import type { Tools } from "./cache-programs.ts";
import { prometheusConfig } from "./prometheus-config.ts";

export interface PrometheusOptions {
  /** The name of the stack that is rehearsed. */
  readonly stack: string;
  readonly runDirectory: string;
  readonly addresses: Addresses;
  readonly tools: Tools;
  readonly processes: Processes;
}

export interface RunningPrometheus {
  readonly url: string;
  stop(): Promise<void>;
}

const READY_LIMIT_SECONDS = 20;

/** A garbage collector that keeps a small server small; a rehearsal has a few dozen targets. */
const ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "128MiB" };

/** Starts the real Prometheus over the cluster's pods; a new pod is scraped within about six seconds of running. */
export async function startPrometheus(
  { stack, runDirectory, addresses, tools, processes }: PrometheusOptions,
  access: ClusterAccess,
  ruleFiles: readonly string[] = [],
): Promise<RunningPrometheus> {
  const { prometheus: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no prometheus among the tools");
  const folder = join(runDirectory, "prometheus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const config = prometheusConfig({
    endpoint: access.endpoint,
    authorityFile: file("kubernetes-ca.pem", access.certificateAuthorityPem),
    tokenFile: file("kubernetes-token", access.token),
    slot: addresses.slot,
    stack,
    ruleFiles,
  });
  const listen = `${addresses.prometheus}:${PORTS.prometheus}`;
  const args = argumentsOf(file("prometheus.yaml", config), join(folder, "data"), listen);
  const handle = await processes.start({ name: "prometheus", command, args, cwd: folder, env: ENVIRONMENT });
  const url = `http://${listen}`;
  await waitForHttp(`${url}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
  return { url, stop: () => handle.stop() };
}

function argumentsOf(config: string, data: string, listen: string): readonly string[] {
  return [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.no-lockfile",
    `--web.listen-address=${listen}`,
    "--web.enable-lifecycle",
    // Its default adds up to 5 s to the same again in discovery, which has no setting.
    "--scrape.discovery-reload-interval=200ms",
    "--log.level=warn",
  ];
}
