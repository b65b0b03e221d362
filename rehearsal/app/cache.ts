import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Redis } from "ioredis";
import type { Registry } from "prom-client";
import { CacheMetrics, DependencyError } from "./dependency.ts";
import { lookupAt, type Settings, secretFiles } from "./settings.ts";

/** A Redis connection over verified TLS with AUTH; the token's file is read again before every new connection. */
export class Cache {
  readonly #redis: Redis;
  readonly #metrics: CacheMetrics;

  constructor(settings: Settings, registry: Registry, onError: (error: Error) => void) {
    this.#metrics = new CacheMetrics(registry);
    const { host, port } = settings.cache;
    const lookup = lookupAt(settings.dnsServer);
    const ca = settings.certificateAuthorityFile && readFileSync(settings.certificateAuthorityFile, "utf8");
    const readToken = () => readFileSync(secretFiles(settings.root).cacheToken, "utf8").trim();
    const redis = new Redis({
      host,
      port,
      password: readToken(),
      tls: { ...(ca && { ca }), ...(isIP(host) === 0 && { servername: host }), ...(lookup && { lookup }) },
      // As the database's: a busy machine is no outage.
      connectTimeout: 5000,
      commandTimeout: 5000,
      // A command waits for a connection as long as for an answer: a failover of some seconds is no outage either.
      maxRetriesPerRequest: null,
      disableClientInfo: true,
      // What was so refused was not done: it is asked again (2) over the next connection.
      reconnectOnError: (error) => (/^(NOAUTH|WRONGPASS|READONLY)/.test(error.message) ? 2 : false),
      retryStrategy: (times) => {
        redis.options.password = readToken();
        return Math.min(250, 50 * 2 ** (times - 1));
      },
    });
    redis.on("error", onError);
    this.#redis = redis;
  }

  /** Writes a value that expires after a minute, and reads it back; throws a DependencyError when the cache is away. */
  async setAndGet(key: string, value: string): Promise<string | null> {
    const commands = Promise.all([
      this.#metrics.observe("set", this.#redis.set(key, value, "EX", 60), () => "ok"),
      this.#metrics.observe("get", this.#redis.get(key), (found) => (found === null ? "miss" : "hit")),
    ]);
    const [, read] = await commands.catch(blame);
    return read;
  }

  /** Resolves when the cache answers now. */
  async ping(): Promise<void> {
    if (this.#redis.status !== "ready") throw new Error(`cache connection is ${this.#redis.status}`);
    await this.#metrics.observe("ping", this.#redis.ping(), () => "ok").catch(blame);
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function blame(error: unknown): never {
  throw new DependencyError("cache", error);
}
