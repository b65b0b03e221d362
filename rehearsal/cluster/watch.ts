import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type KubernetesApi, type Query } from "./api.ts";
import type { Metadata, Status } from "./objects.ts";

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
      // The version is too old to go on from (410), or the API server is away: list again.
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
