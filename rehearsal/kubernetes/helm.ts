import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { UNKNOWN } from "../../shared/engine-values.ts";
import type { KubernetesApi } from "../cluster/api.ts";
import type { ContainerStatus, Pod } from "../cluster/objects.ts";
import type { Processes } from "../processes.ts";
import { type Outputs, PartialFailure, type ResourceRequest } from "../provider/model.ts";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import { limitAt, textOf } from "./objects.ts";

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

const LOOK_MILLISECONDS = 500;

interface WarningEvent {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject: { readonly name?: string };
  readonly lastTimestamp?: string;
}

/** Remembers why a release's pods are not ready: after an atomic failure the pods that could say it are gone. */
class PodTroubles {
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  readonly #release: string;
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;
  #last: ReadonlyMap<string, string> = new Map();

  /** Begins to look at once, at the pods labelled as the release's. */
  constructor(api: KubernetesApi, namespace: string, release: string) {
    this.#api = api;
    this.#namespace = namespace;
    this.#release = release;
    this.#watching = this.#watch();
  }

  /** Ends the looking; after a failure, one line a pod, each with the last warning about it. */
  async end({ isFailure }: { isFailure: boolean }): Promise<readonly string[]> {
    this.#ending.abort();
    await this.#watching;
    if (!isFailure || this.#last.size === 0) return [];
    const path = `/api/v1/namespaces/${this.#namespace}/events`;
    const { items } = await this.#api.list<WarningEvent>(path, { fieldSelector: "type=Warning" });
    return [...this.#last].map(([pod, trouble]) => lineOf(pod, trouble, items));
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ending;
    const path = `/api/v1/namespaces/${this.#namespace}/pods`;
    const query = { labelSelector: `app.kubernetes.io/instance=${this.#release}` };
    while (!signal.aborted) {
      // Before the first install there may be no namespace, and under load the API server may not answer.
      const pods = await this.#api.list<Pod>(path, query).catch(() => ({ items: [] }));
      const seen = troublesOf(pods.items);
      if (seen.size > 0) this.#last = seen;
      await delay(LOOK_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Why each pod that is not ready is not, by its name; pods that are ready, or being deleted, are left out. */
export function troublesOf(pods: readonly Pod[]): ReadonlyMap<string, string> {
  const living = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const troubles = living.map((pod) => [pod.metadata?.name ?? "", troubleOf(pod)] as const);
  return new Map(troubles.flatMap(([name, trouble]) => (trouble === undefined ? [] : [[name, trouble] as const])));
}

function troubleOf({ status }: Pod): string | undefined {
  const falseConditions = (status?.conditions ?? []).filter((condition) => condition.status === "False");
  const unscheduled = falseConditions.find(({ type }) => type === "PodScheduled");
  if (unscheduled !== undefined) return `${unscheduled.reason}: ${unscheduled.message}`;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const blocked = containers.map(containerTrouble).find((trouble) => trouble !== undefined);
  return blocked ?? falseConditions.find(({ type }) => type === "Ready")?.message;
}

function containerTrouble({ state }: ContainerStatus): string | undefined {
  const { reason, message } = state?.waiting ?? {};
  if (reason !== undefined && reason !== "ContainerCreating") return `${reason}: ${message ?? ""}`;
  const exitCode = state?.terminated?.exitCode ?? 0;
  return exitCode === 0 ? undefined : `${state?.terminated?.reason}: exit code ${exitCode}`;
}

function lineOf(pod: string, trouble: string, events: readonly WarningEvent[]): string {
  const about = events.filter(({ involvedObject }) => involvedObject.name === pod);
  const last = about.sort((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? "")).at(-1);
  return last === undefined ? `${pod}: ${trouble}` : `${pod}: ${trouble} (${last.reason}: ${last.message})`;
}

/** What the real provider lets Helm take where a program sets no limit. */
export const DEFAULT_TIMEOUT_SECONDS = 300;
const NAME_IN_USE = /cannot re-use a name that is still in use/;
/** Lines of helm's own words in an error. */
const SAID_LINES = 5;

interface ReleaseContext extends HelmOptions {
  readonly api: KubernetesApi;
  readonly timeScale: number;
}

/**
 * Helm releases as the real provider keeps them (seen of 4.24): after an upgrade that failed the state has the old inputs,
 * outputs with the new values, the status `failed`, and the revision that failed, which is one behind Helm's own where Helm
 * went back by itself.
 */
export class Releases {
  readonly #context: ReleaseContext;
  readonly #helm: Helm;

  constructor(context: ReleaseContext) {
    this.#context = context;
    this.#helm = new Helm(context);
  }

  /** Installs the release where the request has no old inputs, which fails where one of its name is, or upgrades it. */
  async apply(
    request: ResourceRequest & { readonly inputs: Properties; readonly oldInputs?: Properties },
  ): Promise<Outputs> {
    const { inputs, oldInputs, signal } = request;
    const { name, namespace } = placeOf(inputs);
    if (oldInputs !== undefined) await this.#refuseWhilePending(inputs, signal);
    const troubles = new PodTroubles(this.#context.api, namespace, name);
    const { chart, values } = inputs;
    const release = { name, namespace, chart: textOf(chart), values, timeoutSeconds: this.#timeoutOf(inputs) };
    const verb = oldInputs === undefined ? "install" : "upgrade";
    const result = await this.#helm.apply(verb, { ...release, settings: inputs }, signal);
    const lines = await troubles.end({ isFailure: result.code !== 0 });
    const message = failureOf(name, result, lines);
    // What is there then is another's.
    if (result.code !== 0 && NAME_IN_USE.test(result.stderr)) throw new Error(message);
    const state = await this.#helm.state(name, namespace, signal);
    if (result.code === 0 && state !== undefined) return { properties: releaseOutputs(inputs, state) };
    if (state === undefined) throw new Error(message);
    throw new PartialFailure(message, {
      id: `${namespace}/${name}`,
      inputs: oldInputs ?? inputs,
      properties: releaseOutputs(inputs, failedState(state, inputs.atomic === true && oldInputs !== undefined)),
    });
  }

  /** The release as helm has it, over what was known of it; undefined when it is gone. */
  async read(before: Properties, signal: AbortSignal): Promise<Properties | undefined> {
    const { name, namespace } = placeOf(before);
    const state = await this.#helm.state(name, namespace, signal);
    return state && refreshedOutputs(before, state);
  }

  uninstall(inputs: Properties, signal: AbortSignal): Promise<void> {
    const { name, namespace } = placeOf(inputs);
    return this.#helm.uninstall(name, namespace, signal);
  }

  /** Helm refuses an upgrade over one that was killed in the middle; say what ends that. */
  async #refuseWhilePending(inputs: Properties, signal: AbortSignal): Promise<void> {
    const { name, namespace } = placeOf(inputs);
    const state = await this.#helm.state(name, namespace, signal);
    if (state?.status.startsWith("pending-") !== true) return;
    const { revision, status } = state;
    const repair = revision === 1 ? `helm uninstall ${name}` : `helm rollback ${name}`;
    throw new Error(
      `helm release ${name}: another operation (install/upgrade/rollback) is in progress: revision ${revision} is ` +
        `${status}. If no helm is running, it was killed; repair it with: ${repair} --namespace ${namespace}`,
    );
  }

  #timeoutOf(inputs: Properties): number {
    const asked = typeof inputs.timeout === "number" ? inputs.timeout : DEFAULT_TIMEOUT_SECONDS;
    return limitAt(asked, this.#context.timeScale);
  }
}

function failedState(state: ReleaseState, wentBack: boolean): ReleaseState {
  const isBehind = wentBack && state.status === "deployed";
  return { ...state, status: "failed", revision: isBehind ? state.revision - 1 : state.revision };
}

/** Inputs without a namespace are in `default`. */
function placeOf(inputs: Properties): Pick<ReleaseState, "name" | "namespace"> {
  return { name: textOf(inputs.name), namespace: textOf(inputs.namespace) || "default" };
}

function failureOf(name: string, { stderr }: HelmResult, troubles: readonly string[]): string {
  const said = stderr.trim().split("\n").slice(-SAID_LINES).join("\n");
  const pods = troubles.length === 0 ? "" : `\npods that did not start:\n  ${troubles.join("\n  ")}`;
  return `helm release ${name} failed: ${said}${pods}`;
}
