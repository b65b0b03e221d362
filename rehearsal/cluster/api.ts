import { setTimeout as delay } from "node:timers/promises";
import { Agent, type Dispatcher, request } from "undici";
import type { ClusterAccess } from "../services.ts";
import type { ObjectReference, Status } from "./objects.ts";

/** What the API server refused: its HTTP status, its reason (`NotFound`, `Invalid`, ...) and its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly details: Status["details"];

  constructor(status: number, body: Partial<Status>) {
    super(body.message ?? `the API server answered ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.reason = body.reason ?? "";
    this.details = body.details;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type PatchType = "merge-patch" | "strategic-merge-patch" | "apply-patch";

interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** What the API server says to an object that it is asked to take without keeping it. */
export interface DryRun {
  readonly status: number;
  /** Such as `Invalid`; empty when it takes the object. */
  readonly reason: string;
  /** The refusal's words; empty when it takes the object. */
  readonly message: string;
  /** What it warns of, such as an API that it will not serve for ever. */
  readonly warnings: readonly string[];
}

/** Answered while a custom resource's storage is being made, and under overload: nothing was done yet. */
const TOO_MANY_REQUESTS = 429;
const RETRY_MILLISECONDS = 250;
const MOST_RETRIES = 40;

/**
 * Speaks plain JSON with one API server, as one user.
 *
 * The generated client would first turn objects into its own classes, and so lose the fields that it does not know.
 */
export class KubernetesApi {
  readonly #endpoint: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor({ endpoint, certificateAuthorityPem, token }: ClusterAccess) {
    this.#endpoint = endpoint;
    this.#token = token;
    this.#agent = new Agent({ connect: { ca: certificateAuthorityPem }, bodyTimeout: 0, headersTimeout: 60_000 });
  }

  /** The object at a path, or undefined when there is none. */
  async get<T>(path: string, query: Query = {}): Promise<T | undefined> {
    try {
      return await this.#json<T>(path, { method: "GET", query });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list<T>(path: string, query: Query = {}): Promise<{ items: T[]; resourceVersion: string }> {
    const list = await this.#json<{ items?: T[]; metadata: { resourceVersion: string } }>(path, {
      method: "GET",
      query,
    });
    return { items: list.items ?? [], resourceVersion: list.metadata.resourceVersion };
  }

  create<T>(path: string, body: unknown, query: Query = {}): Promise<T> {
    return this.#json(path, { method: "POST", body, query });
  }

  patch<T>(path: string, type: PatchType, body: unknown, query: Query = {}): Promise<T> {
    const contentType = `application/${type}+${type === "apply-patch" ? "yaml" : "json"}`;
    return this.#json(path, { method: "PATCH", body, query, contentType });
  }

  /** Asks to apply an object, unknown fields refused, without keeping it; a refusal is an answer too. */
  async dryRun(path: string, object: unknown): Promise<DryRun> {
    const query = { dryRun: "All", fieldManager: "sparki", fieldValidation: "Strict", force: true };
    const contentType = "application/apply-patch+yaml";
    const {
      statusCode: status,
      headers,
      body,
    } = await this.#answer(path, {
      method: "PATCH",
      body: object,
      query,
      contentType,
    });
    const said = statusIn(await body.text());
    const warnings = [headers.warning ?? []].flat().map(warningText);
    if (status < 400) return { status, reason: "", message: "", warnings };
    return { status, reason: said.reason ?? "", message: said.message ?? `it answers ${status}`, warnings };
  }

  /** Asks for an object's deletion; an object that is not there is deleted already. */
  async delete(path: string, options: unknown = {}): Promise<void> {
    try {
      await this.#json(path, { method: "DELETE", body: options });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  /** The answer's text, for endpoints that do not speak JSON. */
  async text(path: string, query: Query = {}): Promise<string> {
    return (await this.stream(path, { method: "GET", query })).text();
  }

  /** The answer's body while it is still being written. */
  async stream(path: string, call: Call): Promise<Dispatcher.ResponseData["body"]> {
    const response = await this.#answer(path, call);
    if (response.statusCode < 400) return response.body;
    throw new ApiError(response.statusCode, statusIn(await response.body.text()));
  }

  /** The answer, whatever it is, once the server says no longer that it has too much to do. */
  async #answer(path: string, call: Call): Promise<Dispatcher.ResponseData> {
    for (let retriesLeft = MOST_RETRIES; ; retriesLeft -= 1) {
      const response = await this.#send(path, call);
      if (response.statusCode !== TOO_MANY_REQUESTS || retriesLeft === 0) return response;
      await response.body.dump();
      await delay(RETRY_MILLISECONDS);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #send(path: string, call: Call): Promise<Dispatcher.ResponseData> {
    return request(this.#url(path, call.query ?? {}), {
      method: call.method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": call.contentType ?? "application/json" },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  }

  async #json<T>(path: string, call: Call): Promise<T> {
    const parsed: T = JSON.parse(await (await this.stream(path, call)).text());
    return parsed;
  }

  #url(path: string, query: Query): string {
    const url = new URL(path, this.#endpoint);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, `${value}`);
    }
    return url.href;
  }
}

/** The words in a header such as `299 - "policy/v1beta1 ... is deprecated"`. */
function warningText(header: string): string {
  const quoted = /^\d{3} \S+ "(.*)"$/s.exec(header)?.[1] ?? header;
  return quoted.replace(/\\(.)/g, "$1");
}

function statusIn(text: string): Partial<Status> {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.trim() };
  }
}

export interface Occurrence {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

interface Recorded {
  readonly name: string;
  count: number;
}

/** How many different events of living objects are remembered for counting; older ones start a new event. */
const REMEMBERED = 1000;

/** Writes Events as a kubelet does: the same thing happening again raises the count of the first. */
export class Events {
  readonly #api: KubernetesApi;
  readonly #recorded = new Map<string, Recorded>();
  #sequence = 0;

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Never rejects: an event that cannot be written, as in a namespace being deleted, is lost. */
  async record(object: ObjectReference, node: string, occurrence: Occurrence): Promise<void> {
    const key = `${object.uid}/${occurrence.reason}/${occurrence.message}`;
    const known = this.#recorded.get(key);
    const path = `/api/v1/namespaces/${object.namespace}/events`;
    try {
      if (known === undefined) await this.#api.create(path, this.#first(key, object, node, occurrence));
      else await this.#again(path, known);
    } catch {
      this.#recorded.delete(key);
    }
  }

  #first(key: string, object: ObjectReference, node: string, occurrence: Occurrence) {
    this.#sequence += 1;
    const name = `${object.name}.${Date.now().toString(16)}${this.#sequence.toString(16)}`;
    this.#recorded.set(key, { name, count: 1 });
    const oldest = this.#recorded.keys().next().value;
    if (this.#recorded.size > REMEMBERED && oldest !== undefined) this.#recorded.delete(oldest);
    const now = new Date().toISOString();
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: object.namespace },
      involvedObject: object,
      ...occurrence,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "kubelet", host: node },
      reportingComponent: "kubelet",
      reportingInstance: node,
    };
  }

  async #again(path: string, known: Recorded): Promise<void> {
    known.count += 1;
    const change = { count: known.count, lastTimestamp: new Date().toISOString() };
    await this.#api.patch(`${path}/${known.name}`, "merge-patch", change);
  }
}
