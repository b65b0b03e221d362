import { setTimeout as delay } from "node:timers/promises";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import type { ClusterAccess } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { ApiError, KubernetesApi, type Query } from "./api.ts";
import type { Metadata, Pod, Status } from "./objects.ts";

interface Watched {
  readonly metadata?: Metadata;
}

export interface Watching<T> {
  readonly path: string;
  readonly query?: Query;
  readonly onChange: (object: T) => void;
  readonly onDelete: (object: T) => void;
}

type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly object: Partial<Status> };

const DEFINED_EVERY_MILLISECONDS = 500;

/**
 * Follows a collection until the signal aborts: every object that is there, then each change.
 *
 * Resolves once the first list was handled. It lists again after a broken connection, and so never misses a deletion.
 * A collection whose definition does not exist yet is followed from when it does.
 */
export async function follow<T extends Watched>(
  api: KubernetesApi,
  watching: Watching<T>,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, T>();
  const version = await relist(api, watching, known);
  void keepUp(api, watching, known, version, signal);
}

async function relist<T extends Watched>(api: KubernetesApi, watching: Watching<T>, known: Map<string, T>) {
  const list = await listIfDefined<T>(api, watching);
  if (list === undefined) return undefined;
  const { items, resourceVersion } = list;
  const uids = new Set(items.map(uidOf));
  for (const [uid, object] of [...known]) if (!uids.has(uid)) forget(watching, known, uid, object);
  for (const object of items) {
    known.set(uidOf(object), object);
    watching.onChange(object);
  }
  return resourceVersion;
}

async function listIfDefined<T>(api: KubernetesApi, { path, query }: Watching<T>) {
  try {
    return await api.list<T>(path, query);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function forget<T>(watching: Watching<T>, known: Map<string, T>, uid: string, object: T): void {
  known.delete(uid);
  watching.onDelete(object);
}

async function keepUp<T extends Watched>(
  api: KubernetesApi,
  watching: Watching<T>,
  known: Map<string, T>,
  firstVersion: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  let version: string | undefined = firstVersion;
  while (!signal.aborted) {
    try {
      version ??= await relist(api, watching, known);
      if (version === undefined) {
        await delay(DEFINED_EVERY_MILLISECONDS, undefined, { ref: false });
        continue;
      }
      version = await readEvents(api, watching, known, version, signal);
    } catch (error) {
      if (signal.aborted) return;
      // The version is too old to continue from (410), or the API server is away: list again.
      version = undefined;
      if (!(error instanceof ApiError && error.status === 410)) await delay(200, undefined, { ref: false });
    }
  }
}

async function readEvents<T extends Watched>(
  api: KubernetesApi,
  watching: Watching<T>,
  known: Map<string, T>,
  from: string,
  signal: AbortSignal,
): Promise<string> {
  let version = from;
  const query = { ...watching.query, watch: true, resourceVersion: version, allowWatchBookmarks: true };
  const body = await api.stream(watching.path, { method: "GET", query, signal });
  for await (const line of lines(body)) {
    const event: WatchEvent<T> = JSON.parse(line);
    if (event.type === "ERROR") throw new ApiError(event.object.code ?? 500, event.object);
    const { type, object } = event;
    version = object.metadata?.resourceVersion ?? version;
    if (type === "BOOKMARK") continue;
    if (type === "DELETED") forget(watching, known, uidOf(object), object);
    else {
      known.set(uidOf(object), object);
      watching.onChange(object);
    }
  }
  return version;
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

function uidOf(object: Watched): string {
  return object.metadata?.uid ?? "";
}

const ENDED = ["Succeeded", "Failed"];

interface Settling {
  /** When it was started again. */
  readonly since: Date;
  /** What the load balancers know of all their targets. */
  readonly health: () => readonly { readonly healthy: boolean }[];
  /** The names of the pods that Prometheus scrapes. */
  readonly scraped: () => Promise<ReadonlySet<string>>;
  /** The last line that a pod's container has logged. */
  readonly lastLine: (podUid: string, container: string) => string | undefined;
  readonly limitSeconds: number;
}

/**
 * Resolves once a cluster that was started again serves: every pod that continues is ready, in containers begun since then,
 * every target is healthy, and Prometheus scrapes each pod behind a load balancer. Throws SPARKI_OUTSIDE when it does not
 * within the limit.
 */
export async function settled(
  access: ClusterAccess,
  { since, health, scraped, lastLine, limitSeconds }: Settling,
): Promise<void> {
  const api = new KubernetesApi(access);
  let unready: readonly Pod[] = [];
  const serves = async () => {
    const { items } = await api.list<Pod>("/api/v1/pods");
    const going = items.filter(({ status }) => !ENDED.includes(status?.phase ?? ""));
    const targets = health();
    const behind = going.filter(({ spec }) => (spec?.readinessGates ?? []).length > 0);
    unready = going.filter((pod) => !isReadySince(pod, since));
    if (unready.length > 0) return `not ready are ${unready.map(described).join("; ")}`;
    const healthy = targets.filter((target) => target.healthy).length;
    if (targets.length < behind.length || healthy < targets.length)
      return `${healthy} of ${targets.length} targets are healthy, of ${behind.length} pods behind load balancers`;
    const counted = await scraped();
    const silent = behind.filter(({ metadata }) => !counted.has(metadata?.name ?? ""));
    return (
      silent.length === 0 || `Prometheus does not scrape ${silent.map(({ metadata }) => metadata?.name).join(", ")}`
    );
  };
  try {
    // Each look reads all pods, while they themselves need the processors to begin.
    await waitFor("every pod of the earlier run", serves, { limitSeconds, everySeconds: 0.3 });
  } catch (error) {
    const said = unready.flatMap(({ metadata, status }) =>
      (status?.containerStatuses ?? []).flatMap(({ name, ready }) => {
        const line = ready === true ? undefined : lastLine(metadata?.uid ?? "", name);
        return line === undefined ? [] : [`${metadata?.name} (${name}): ${line}`];
      }),
    );
    throw new DeployError("SPARKI_OUTSIDE", [messageOf(error), ...said].join("\n  "), { cause: error });
  } finally {
    await api.close();
  }
}

/** A pod with what its conditions and containers say of why it is not ready. */
function described({ metadata, status }: Pod): string {
  const conditions = (status?.conditions ?? [])
    .filter((each) => each.status !== "True")
    .map(({ type }) => `no ${type}`);
  const states = (status?.containerStatuses ?? []).map(({ name, state }) => `${name}: ${JSON.stringify(state)}`);
  const leaving = metadata?.deletionTimestamp === undefined ? [] : ["is being deleted"];
  const said = [...leaving, ...conditions, ...states].join(", ");
  return `${metadata?.namespace}/${metadata?.name} (${status?.phase ?? "no phase"}${said === "" ? "" : `, ${said}`})`;
}

function isReadySince({ status }: Pod, since: Date): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
  // The API's times are whole seconds.
  const begin = Math.floor(since.getTime() / 1000) * 1000;
  const begun = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? ""));
  return isReady && begun.length > 0 && begun.every((at) => at >= begin);
}
