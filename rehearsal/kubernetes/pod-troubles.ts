import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import type { ContainerStatus, Pod } from "../cluster/objects.ts";

const LOOK_MILLISECONDS = 500;

interface WarningEvent {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject: { readonly name?: string };
  readonly lastTimestamp?: string;
}

/** Remembers why a release's pods are not ready: after an atomic failure the pods that could say it are gone. */
export class PodTroubles {
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
