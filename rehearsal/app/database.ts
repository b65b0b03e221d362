import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import pg from "pg";
import { DependencyError } from "./dependency.ts";
import { lookupAt, NamedSocket } from "./names.ts";
import { retry } from "./retry.ts";
import { type Settings, secretFiles } from "./settings.ts";

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
    connectionTimeoutMillis: 3000,
    query_timeout: 5000,
    application_name: `sparki-${settings.track}`,
  };
}

export interface Statement {
  /** Prepared once a connection under this name. */
  readonly name: string;
  readonly text: string;
}

/** A pool of connections that outlives restarts of the database and rotations of its password. */
export class Database {
  readonly #pool: pg.Pool;

  constructor(settings: Settings, onError: (error: Error) => void) {
    this.#pool = new pg.Pool({ ...connectionOf(settings), max: 4, idleTimeoutMillis: 30_000, allowExitOnIdle: true });
    this.#pool.on("error", onError);
  }

  /** Runs a statement that is safe to run twice; waits up to `seconds` for the database, then throws a DependencyError. */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
    seconds = 2,
  ): Promise<Row[]> {
    const result = await retry({ seconds, isTransient }, () =>
      this.#pool.query<Row>({ ...statement, values: [...values] }),
    ).catch(blame);
    return result.rows;
  }

  /** Resolves when the database answers now. */
  async ping(): Promise<void> {
    await this.#pool.query("SELECT 1").catch(blame);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

function blame(error: unknown): never {
  throw isTransient(error) ? new DependencyError("database", error) : error;
}
