import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeployError } from "../../stacks/deploy-error.ts";
import { yamlText } from "../../stacks/yaml-text.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess } from "../services.ts";
import { waitForHttp } from "../waiting.ts";
import type { Tools } from "./cache-programs.ts";
import { idleConfig, prometheusConfig } from "./prometheus-config.ts";

export interface PrometheusOptions {
  /** The name of the stack that is rehearsed. */
  readonly stack: string;
  readonly runDirectory: string;
  readonly addresses: Addresses;
  readonly tools: Tools;
  readonly processes: Processes;
}

/** Groups of rules as Prometheus reads them, by the name of the file that they come in. */
export type RuleFiles = ReadonlyMap<string, readonly unknown[]>;

export interface RunningPrometheus {
  readonly url: string;
  /** Goes over to this cluster's pods; what was scraped before stays. */
  watch(access: ClusterAccess): Promise<void>;
  /** Evaluates these rules, and no others. */
  evaluate(rules: RuleFiles): Promise<void>;
  stop(): Promise<void>;
}

const READY_LIMIT_SECONDS = 20;

/** A garbage collector that keeps a small server small; a rehearsal has a few dozen targets. */
const ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "128MiB" };

/**
 * Starts the real Prometheus, over the cluster's pods or, while there is no cluster, over nothing; a new pod is scraped
 * within about six seconds of running.
 */
export async function startPrometheus(options: PrometheusOptions, access?: ClusterAccess): Promise<RunningPrometheus> {
  const { runDirectory, addresses, tools, processes } = options;
  const { prometheus: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no prometheus among the tools");
  const folder = join(runDirectory, "prometheus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = writeConfig(folder, access, options);
  const listen = `${addresses.prometheus}:${PORTS.prometheus}`;
  const args = argumentsOf(configFile, join(folder, "data"), listen);
  const handle = await processes.start({ name: "prometheus", command, args, cwd: folder, env: ENVIRONMENT });
  const url = `http://${listen}`;
  await waitForHttp(`${url}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
  return {
    url,
    watch: async (cluster) => {
      writeConfig(folder, cluster, options);
      await reload(url);
    },
    evaluate: async (rules) => {
      writeRules(folder, rules);
      await reload(url);
    },
    stop: () => handle.stop(),
  };
}

async function reload(url: string): Promise<void> {
  const { status } = await fetch(`${url}/-/reload`, { method: "POST" });
  if (status !== 200) throw new DeployError("SPARKI_OUTSIDE", `Prometheus answered ${status} to its new settings`);
}

function writeRules(folder: string, rules: RuleFiles): void {
  rmSync(join(folder, "rules"), { recursive: true, force: true });
  mkdirSync(join(folder, "rules"), { mode: 0o700 });
  for (const [name, groups] of rules) writeFileSync(join(folder, "rules", `${name}.yaml`), yamlText({ groups }));
}

/** The path of the configuration that it writes, with the files which that names. */
function writeConfig(
  folder: string,
  access: ClusterAccess | undefined,
  { stack, addresses: { slot } }: PrometheusOptions,
): string {
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  if (access === undefined) return file("prometheus.yaml", idleConfig());
  const authorityFile = file("kubernetes-ca.pem", access.certificateAuthorityPem);
  const tokenFile = file("kubernetes-token", access.token);
  const { endpoint } = access;
  const ruleFiles = [join(folder, "rules", "*.yaml")];
  return file("prometheus.yaml", prometheusConfig({ endpoint, authorityFile, tokenFile, slot, stack, ruleFiles }));
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
