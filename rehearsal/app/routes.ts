import type { IncomingMessage } from "node:http";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), contentType: "application/json" };
}

/** A request that cannot be answered as asked, with the status that says so. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Handler = (request: IncomingMessage, id: string) => Promise<Answer>;

export interface Match {
  /** The path as a metric's label: of bounded number. */
  readonly route: string;
  /** Whether users' requests on it count for the objectives; probes and scrapes do not. */
  readonly isCounted: boolean;
  readonly handle: (request: IncomingMessage) => Promise<Answer>;
}

const UNCOUNTED = new Set(["/health", "/ready", "/metrics"]);

/** Finds the handler of a request by method and path, where `:id` stands for one path segment. */
export class Router {
  readonly #exact = new Map<string, Match>();
  readonly #withId: { method: string; before: string; after: string; route: string; handler: Handler }[] = [];

  on(method: string, route: string, handler: Handler): this {
    const [before = "", after] = route.split(":id");
    if (after !== undefined) this.#withId.push({ method, before, after, route, handler });
    else {
      const handle = (request: IncomingMessage) => handler(request, "");
      this.#exact.set(`${method} ${route}`, { route, isCounted: !UNCOUNTED.has(route), handle });
    }
    return this;
  }

  find(method: string, path: string): Match {
    return this.#exact.get(`${method} ${path}`) ?? this.#findWithId(method, path) ?? NOT_FOUND;
  }

  #findWithId(method: string, path: string): Match | undefined {
    for (const { method: allowed, before, after, route, handler } of this.#withId) {
      if (method !== allowed || !path.startsWith(before) || !path.endsWith(after)) continue;
      const id = path.slice(before.length, path.length - after.length);
      if (id !== "" && !id.includes("/")) {
        return { route, isCounted: true, handle: async (request) => handler(request, decoded(id)) };
      }
    }
    return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RequestError(400, "the path is not valid percent-encoding");
  }
}

const NOT_FOUND: Match = {
  route: "other",
  isCounted: true,
  handle: async () => json(404, { error: "no such path" }),
};
