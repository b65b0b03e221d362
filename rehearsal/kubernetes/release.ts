import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import type { ContainerStatus, Pod } from "../cluster/objects.ts";
import type { Outputs, ResourceRequest } from "../provider/model.ts";
import { PartialFailure } from "../provider/model.ts";
import type { Properties, Value } from "../provider/properties.ts";
import {
  Helm,
  type HelmOptions,
  type HelmResult,
  type ReleaseState,
  refreshedOutputs,
  releaseOutputs,
} from "./helm.ts";
import { limitAt } from "./objects.ts";

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

const DEFAULT_TIMEOUT_SECONDS = 300;
const NAME_IN_USE = /cannot re-use a name that is still in use/;
/** Lines of helm's own words in an error. */
const SAID_LINES = 5;

export interface ReleaseContext extends HelmOptions {
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

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
