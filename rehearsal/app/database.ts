import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Registry } from "prom-client";
import { DatabaseMetrics, DependencyError } from "./dependency.ts";
import { lookupAt, NamedSocket, type Settings, secretFiles } from "./settings.ts";

/** SQLSTATEs and system errors after which the same statement can succeed: the server restarts, fails over or rotates its password. */
const TRANSIENT = new Set([
  ..."57P01 57P02 57P03 53300 28P01 28000 08000 08001 08003 08006".split(" "),
  ..."ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND ESERVFAIL ETIMEOUT ENODATA ENOENT".split(" "),
]);

/** Whether a failure is of the connection and not of the statement. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") return TRANSIENT.has(error.code);
  return /connection terminated|timeout exceeded when trying to connect|timeout expired/i.test(error.message);
}

/** How to reach the database over verified TLS; the password's file is read at every new connection, so a rotation needs no restart. */
export function connectionOf(settings: Settings): pg.ClientConfig {
  const { host, port, name } = settings.database;
  const files = secretFiles(settings.root);
  const lookup = lookupAt(settings.dnsServer);
  const ca = settings.certificateAuthorityFile && readFileSync(settings.certificateAuthorityFile, "utf8");
  return {
    host,
    port,
    database: name,
    user: readFileSync(files.databaseUsername, "utf8").trim(),
    password: async () => (await readFile(files.databasePassword, "utf8")).trim(),
    ssl: { rejectUnauthorized: true, ...(ca && { ca }), ...(isIP(host) === 0 && { servername: host }) },
    stream: () => new NamedSocket(lookup),
    // A machine that rehearses a whole cloud may be busier than a database: longer than a production's would be.
    connectionTimeoutMillis: 6000,
    query_timeout: 10_000,
    application_name: `sparki-${settings.track}`,
  };
}

export interface Statement {
  /** Prepared once a connection under this name. */
  readonly name: string;
  readonly text: string;
}

const MAX_CONNECTIONS = 4;
const PING: Statement = { name: "ping", text: "SELECT 1" };

/** A pool of connections that outlives restarts of the database and rotations of its password. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #metrics: DatabaseMetrics;

  constructor(settings: Settings, registry: Registry, onError: (error: Error) => void) {
    const size = { max: MAX_CONNECTIONS, idleTimeoutMillis: 30_000, allowExitOnIdle: true };
    this.#pool = new pg.Pool({ ...connectionOf(settings), ...size });
    this.#pool.on("error", onError);
    this.#metrics = new DatabaseMetrics(registry, this.#pool, MAX_CONNECTIONS);
  }

  /** Runs a statement that is safe to run twice; waits up to `seconds` for the database, then throws a DependencyError. */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
    seconds = 2,
  ): Promise<Row[]> {
    const result = await retry({ seconds, isTransient }, () =>
      this.#ask<Row>({ ...statement, values: [...values] }),
    ).catch(blame);
    return result.rows;
  }

  /** Resolves when the database answers now. */
  async ping(): Promise<void> {
    await this.#ask(PING).catch(blame);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #ask<Row extends pg.QueryResultRow>(query: pg.QueryConfig & Statement): Promise<pg.QueryResult<Row>> {
    try {
      const result = await this.#onConnection<Row>(query);
      this.#metrics.record("ok");
      return result;
    } catch (error) {
      this.#metrics.record("error");
      throw error;
    }
  }

  /** As the pool's own `query`, with the time on the connection measured; a connection that failed is not used again. */
  async #onConnection<Row extends pg.QueryResultRow>(query: pg.QueryConfig & Statement): Promise<pg.QueryResult<Row>> {
    const client = await this.#pool.connect();
    // The query's own rejection tells of a lost connection; without a listener it would end the process.
    const lost = () => undefined;
    client.on("error", lost);
    let failed = true;
    try {
      const answered = this.#metrics.time(query.name);
      const result = await client.query<Row>(query);
      answered();
      failed = false;
      return result;
    } finally {
      client.off("error", lost);
      client.release(failed);
    }
  }
}

function blame(error: unknown): never {
  throw isTransient(error) ? new DependencyError("database", error) : error;
}

interface RetryOptions {
  /** Seconds after which the last failure is thrown. */
  readonly seconds: number;
  /** Whether trying again can help. */
  readonly isTransient: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

/** Tries until it succeeds, a failure is not transient, or the time is over; waits 50 ms at first, then up to 2 s, with jitter. */
export async function retry<T>(options: RetryOptions, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + options.seconds * 1000;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      const pause = Math.min(2000, 50 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      if (!options.isTransient(error) || performance.now() + pause > deadline) throw error;
      options.onRetry?.(error, attempt);
      await sleep(pause);
    }
  }
}
