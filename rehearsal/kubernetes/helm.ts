import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Processes } from "../processes.ts";
import type { Properties, Value } from "../provider/properties.ts";
import type { ReleaseState } from "./release-outputs.ts";

export interface HelmOptions {
  readonly helm: string;
  readonly processes: Processes;
  /** Relative chart paths start here. */
  readonly projectDirectory: string;
  readonly kubeconfigFile: string;
}

export interface HelmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real helm, run as a child process that ends with the rehearsal. */
export class Helm {
  readonly #options: HelmOptions;
  #runs = 0;

  constructor(options: HelmOptions) {
    this.#options = options;
  }

  /** Installs the release or upgrades it, with the values in a file that nobody else can read. */
  async upgrade(release: Upgrade, signal: AbortSignal): Promise<HelmResult> {
    const values = join(this.#options.processes.runDirectory, `values-${release.name}-${++this.#runs}.json`);
    writeFileSync(values, JSON.stringify(release.values ?? {}), { mode: 0o600 });
    try {
      return await this.#run(`upgrade-${release.name}`, upgradeArguments(release, values), signal);
    } finally {
      rmSync(values, { force: true });
    }
  }

  /** The newest revision of a release; undefined when there is no such release. */
  async state(name: string, namespace: string, signal: AbortSignal): Promise<ReleaseState | undefined> {
    const [status, metadata] = await Promise.all([
      this.#ask<{ manifest?: string }>(["status", name], namespace, signal),
      this.#ask<Omit<ReleaseState, "manifest">>(["get", "metadata", name], namespace, signal),
    ]);
    if (status === undefined || metadata === undefined) return undefined;
    const { chart, version, appVersion, revision } = metadata;
    const { manifest = "" } = status;
    return { name, namespace, revision, status: metadata.status, chart, version, appVersion, manifest };
  }

  async uninstall(name: string, namespace: string, signal: AbortSignal): Promise<void> {
    const args = ["uninstall", name, "--namespace", namespace, "--wait", "--ignore-not-found", "--timeout=120s"];
    const result = await this.#run(`uninstall-${name}`, args, signal);
    if (result.code !== 0) throw new Error(`helm uninstall ${name}: ${result.stderr.trim()}`);
  }

  async #ask<T>(words: readonly string[], namespace: string, signal: AbortSignal): Promise<T | undefined> {
    const args = [...words, `--namespace=${namespace}`, "--output=json"];
    const { code, stdout, stderr } = await this.#run(words.join("-"), args, signal);
    if (code !== 0 && stderr.includes("release: not found")) return undefined;
    if (code !== 0) throw new Error(`helm ${words.join(" ")}: ${stderr.trim()}`);
    const answer: T = JSON.parse(stdout);
    return answer;
  }

  async #run(name: string, args: readonly string[], signal: AbortSignal): Promise<HelmResult> {
    const output = { stdout: "", stderr: "" };
    const { processes, helm, projectDirectory, kubeconfigFile } = this.#options;
    const home = join(processes.runDirectory, "helm");
    const child = await processes.start({
      name: `helm-${name}-${++this.#runs}`,
      command: helm,
      args,
      cwd: projectDirectory,
      env: { KUBECONFIG: kubeconfigFile, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
      onOutput: (stream, chunk) => {
        output[stream] += chunk;
      },
    });
    const stop = () => void child.stop();
    signal.addEventListener("abort", stop, { once: true });
    const { code } = await child.exited;
    signal.removeEventListener("abort", stop);
    return { code, ...output };
  }
}

export interface Upgrade {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly values: Value | undefined;
  readonly timeoutSeconds: number;
  readonly settings: Properties;
}

/** The flags that the real provider's settings amount to. */
export function upgradeArguments(release: Upgrade, valuesFile: string): string[] {
  const { settings } = release;
  const flag = (name: string, wanted: boolean) => (wanted ? [name] : []);
  const maxHistory = typeof settings.maxHistory === "number" ? [`--history-max=${settings.maxHistory}`] : [];
  return [
    "upgrade",
    release.name,
    release.chart,
    "--install",
    `--namespace=${release.namespace}`,
    `--values=${valuesFile}`,
    `--timeout=${release.timeoutSeconds}s`,
    ...maxHistory,
    ...flag("--wait", settings.skipAwait !== true),
    ...flag("--wait-for-jobs", settings.waitForJobs === true),
    ...flag("--atomic", settings.atomic === true),
    ...flag("--cleanup-on-fail", settings.cleanupOnFail === true),
    ...(typeof settings.description === "string" ? [`--description=${settings.description}`] : []),
    ...(typeof settings.version === "string" ? [`--version=${settings.version}`] : []),
    ...flag("--create-namespace", settings.createNamespace === true),
  ];
}
