import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import { PartialFailure } from "../provider/failures.ts";
import type { Outputs, ResourceRequest } from "../provider/model.ts";
import { type Properties, UNKNOWN, type Value } from "../provider/properties.ts";
import { Helm, type HelmOptions, type HelmResult } from "./helm.ts";
import { troubledPods } from "./pod-trouble.ts";

/** Helm waits for real pods, so a compressed time-out must leave them time to start. */
const SHORTEST_TIMEOUT_SECONDS = 30;
const DEFAULT_TIMEOUT_SECONDS = 300;

export interface ReleaseContext extends HelmOptions {
  readonly api: KubernetesApi;
  readonly timeScale: number;
}

/** Helm releases as the real provider keeps them: a failed upgrade leaves the new inputs in state with helm's status. */
export class Releases {
  readonly #context: ReleaseContext;
  readonly #helm: Helm;

  constructor(context: ReleaseContext) {
    this.#context = context;
    this.#helm = new Helm(context);
  }

  async apply(request: ResourceRequest & { readonly inputs: Properties }): Promise<Outputs> {
    const { inputs, signal } = request;
    const [name, namespace] = [textOf(inputs.name), textOf(inputs.namespace) || "default"];
    const watching = this.#watchPods(namespace, name, signal);
    const timeoutSeconds = this.#timeoutOf(inputs);
    const { chart, values } = inputs;
    const upgrade = { name, namespace, chart: textOf(chart), values, timeoutSeconds, settings: inputs };
    const result = await this.#helm.upgrade(upgrade, signal);
    const trouble = await watching.stop();
    const status = await this.#helm.status(name, namespace, signal);
    if (result.code === 0) return { properties: outputsOf(inputs, status) };
    const message = failureOf(name, result, trouble);
    if (status === undefined) throw new Error(message);
    throw new PartialFailure(message, { id: `${namespace}/${name}`, inputs, properties: outputsOf(inputs, status) });
  }

  async read(inputs: Properties, signal: AbortSignal): Promise<Properties | undefined> {
    const status = await this.#helm.status(textOf(inputs.name), textOf(inputs.namespace) || "default", signal);
    return status && outputsOf(inputs, status);
  }

  uninstall(inputs: Properties, signal: AbortSignal): Promise<void> {
    return this.#helm.uninstall(textOf(inputs.name), textOf(inputs.namespace) || "default", signal);
  }

  #timeoutOf(inputs: Properties): number {
    const asked = typeof inputs.timeout === "number" ? inputs.timeout : DEFAULT_TIMEOUT_SECONDS;
    return Math.max(SHORTEST_TIMEOUT_SECONDS, Math.round(asked * this.#context.timeScale));
  }

  /** Remembers what the kubelet last said: after an atomic failure the pods that said it are gone. */
  #watchPods(namespace: string, release: string, signal: AbortSignal): { stop(): Promise<string[]> } {
    let last: string[] = [];
    const ended = new AbortController();
    const watching = (async () => {
      while (!ended.signal.aborted && !signal.aborted) {
        const seen = await troubledPods(this.#context.api, namespace, release).catch(() => []);
        if (seen.length > 0) last = seen;
        await delay(500, undefined, { signal: ended.signal }).catch(() => {});
      }
    })();
    return {
      stop: async () => {
        ended.abort();
        await watching;
        return last;
      },
    };
  }
}

/** What a preview can say of a release that would change: everything but what helm will make of it. */
export function previewOf(inputs: Properties): Properties {
  return { ...inputs, status: UNKNOWN };
}

function outputsOf(inputs: Properties, status: { revision: number; status: string } | undefined): Properties {
  const { name = "", namespace = "default", chart = "" } = inputs;
  const shown = { name, namespace, chart, revision: status?.revision ?? 0, status: status?.status ?? "unknown" };
  return { ...inputs, status: shown };
}

function failureOf(name: string, { stderr }: HelmResult, trouble: readonly string[]): string {
  const said = stderr.trim().split("\n").slice(-5).join("\n");
  const pods = trouble.length === 0 ? "" : `\npods that did not start:\n  ${trouble.join("\n  ")}`;
  return `helm release ${name} failed: ${said}${pods}`;
}

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
