import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { UNKNOWN } from "../../shared/engine-values.ts";
import type { Processes } from "../processes.ts";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";

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

  /** Installs the release, which must not be there, or upgrades it; with the values in a file that no one else can read. */
  async apply(verb: "install" | "upgrade", release: Upgrade, signal: AbortSignal): Promise<HelmResult> {
    const { projectDirectory, processes } = this.#options;
    // Helm takes a file's path for a URL, and for a list at its commas: it is told the name alone, and runs beside it.
    const values = `values-${release.name}-${++this.#runs}.json`;
    const file = join(processes.runDirectory, values);
    writeFileSync(file, JSON.stringify(release.values ?? {}), { mode: 0o600 });
    const local = resolve(projectDirectory, release.chart);
    const args = helmArguments(verb, { ...release, chart: existsSync(local) ? local : release.chart }, values);
    try {
      return await this.#run(`${verb}-${release.name}`, args, signal, processes.runDirectory);
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** The newest revision of a release; undefined when there is no such release. */
  async state(name: string, namespace: string, signal: AbortSignal): Promise<ReleaseState | undefined> {
    const [status, metadata] = await Promise.all([
      this.#ask<Partial<Pick<ReleaseState, "manifest" | "config">>>(["status", name], namespace, signal),
      this.#ask<Omit<ReleaseState, "manifest" | "config">>(["get", "metadata", name], namespace, signal),
    ]);
    if (status === undefined || metadata === undefined) return undefined;
    const { chart, version, appVersion, revision } = metadata;
    const { manifest = "", config = {} } = status;
    return { name, namespace, revision, status: metadata.status, chart, version, appVersion, manifest, config };
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

  async #run(
    name: string,
    args: readonly string[],
    signal: AbortSignal,
    cwd: string = this.#options.projectDirectory,
  ): Promise<HelmResult> {
    const output = { stdout: "", stderr: "" };
    const { processes, helm, kubeconfigFile } = this.#options;
    const home = join(processes.runDirectory, "helm");
    const child = await processes.start({
      name: `helm-${name}-${++this.#runs}`,
      command: helm,
      args,
      cwd,
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
export function helmArguments(verb: "install" | "upgrade", release: Upgrade, valuesFile: string): string[] {
  const { settings } = release;
  const flag = (name: string, wanted: boolean) => (wanted ? [name] : []);
  const maxHistory = typeof settings.maxHistory === "number" ? [`--history-max=${settings.maxHistory}`] : [];
  const ofUpgrade = [...maxHistory, ...flag("--cleanup-on-fail", settings.cleanupOnFail === true)];
  return [
    verb,
    release.name,
    release.chart,
    `--namespace=${release.namespace}`,
    `--values=${valuesFile}`,
    `--timeout=${release.timeoutSeconds}s`,
    ...(verb === "upgrade" ? ofUpgrade : flag("--create-namespace", settings.createNamespace === true)),
    ...flag("--wait", settings.skipAwait !== true),
    ...flag("--wait-for-jobs", settings.waitForJobs === true),
    ...flag("--atomic", settings.atomic === true),
    ...(settings.description ? [`--description=${settings.description}`] : []),
    ...(settings.version ? [`--version=${settings.version}`] : []),
  ];
}

/** What helm knows about the newest revision of a release. */
export interface ReleaseState {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** `deployed`, `failed`, `pending-upgrade` ... */
  readonly status: string;
  readonly chart: string;
  readonly version: string;
  readonly appVersion: string;
  /** Rendered objects as YAML documents. */
  readonly manifest: string;
  /** What it was given beside the chart's own values. */
  readonly config: Properties;
}

/** Where a release's state keeps what the program asked for, beside what Helm has; secret as a whole. */
export const ASKED = "__inputs";

/** The outputs of the real provider's Release; the manifest itself is left out because it may hold what is secret. */
export function releaseOutputs(inputs: Properties, state: ReleaseState): Properties {
  const { manifest, config: _, ...status } = state;
  return { ...inputs, [ASKED]: inputs, status: { ...status }, resourceNames: resourceNames(manifest) };
}

/** The outputs as they were, with what Helm has now in their place. */
export function refreshedOutputs(before: Properties, state: ReleaseState): Properties {
  const { manifest, config, ...status } = state;
  const values = merged(isRecord(before.values) ? before.values : {}, config);
  return { ...before, values, version: state.version, status: { ...status }, resourceNames: resourceNames(manifest) };
}

/** As the real provider merges: what only the older ones say stays. */
function merged(older: Properties, newer: Properties): Properties {
  const entries = Object.entries(newer).map(([key, value]): [string, Value] => {
    const its = older[key];
    return [key, isRecord(its) && isRecord(value) ? merged(its, value) : value];
  });
  return { ...older, ...Object.fromEntries(entries) };
}

/** What a preview can say of a release that would change: everything but what helm will make of it. */
export function releasePreview(inputs: Properties): Properties {
  return { ...inputs, [ASKED]: inputs, status: UNKNOWN, resourceNames: UNKNOWN };
}

/** The objects of a manifest by `Kind.group/apiVersion`, each by its name, and the namespace where it states one. */
function resourceNames(manifest: string): Value {
  const names = new Map<string, string[]>();
  for (const document of parseAllDocuments(manifest)) {
    const object: RenderedObject | null = document.toJS();
    if (object?.kind === undefined) continue;
    const [version = "", group] = (object.apiVersion ?? "").split("/").reverse();
    const kind = group === undefined ? object.kind : `${object.kind}.${group}`;
    const key = group === undefined ? `${kind}/${version}` : `${kind}/${group}/${version}`;
    const { name, namespace } = object.metadata ?? {};
    names.set(key, [...(names.get(key) ?? []), namespace === undefined ? `${name}` : `${namespace}/${name}`].sort());
  }
  return Object.fromEntries(names);
}

interface RenderedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
