import { Agent, request } from "undici";
import { lookupAt } from "../../../rehearsal/app/settings.ts";

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers by status; 0 stands for no answer. */
  readonly statuses: Readonly<Record<number, number>>;
}

/** A client of a site that finds it through a DNS server and trusts one authority. */
export class Client {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(origin: string, dnsServer: string, authorityPem: string, connections = 16) {
    const lookup = lookupAt(dnsServer);
    this.#origin = origin;
    this.#agent = new Agent({ connections, connect: { ca: authorityPem, ...(lookup && { lookup }) } });
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}) {
    const {
      statusCode,
      headers: received,
      body,
    } = await request(`${this.#origin}${path}`, {
      dispatcher: this.#agent,
      headers: { "user-agent": "load", ...headers },
    });
    return { status: statusCode, headers: received, body: await body.text() };
  }

  /** Keeps `concurrency` requests in flight for so many seconds, or until so many are done. */
  async load(path: string, limit: { seconds: number; requests?: number }, concurrency = 16): Promise<LoadResult> {
    const statuses: Record<number, number> = {};
    const start = performance.now();
    const end = start + limit.seconds * 1000;
    let left = limit.requests ?? Number.POSITIVE_INFINITY;
    const worker = async () => {
      while (left > 0 && performance.now() < end) {
        left -= 1;
        const status = await this.get(path).then(
          (answer) => answer.status,
          () => 0,
        );
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    return { requests, perSecond: Math.round(requests / ((performance.now() - start) / 1000)), statuses };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
