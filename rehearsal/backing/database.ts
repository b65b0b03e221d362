import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import type { DatabaseService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { Instances } from "./instances.ts";
import { initialise, SUPERUSER, startPostgres } from "./postgres.ts";
import { claim, type PostgresPlace, placeOf, postgresUser, release } from "./postgres-user.ts";
import { issueCertificate } from "./served-certificate.ts";

type WantedDatabase = Parameters<DatabaseService["start"]>[0];

interface RunningDatabase {
  /** As it was asked for, with the password it has now. */
  wanted: WantedDatabase;
  readonly address: string;
  readonly handle: ProcessHandle;
  readonly superuserPassword: string;
  isRunning(): boolean;
}

export interface DatabasesOptions {
  readonly runDirectory: string;
  readonly authority: CertificateAuthority;
  readonly processes: Processes;
  readonly addresses: Pick<Addresses, "database">;
}

const READY_LIMIT_SECONDS = 300;
const STOP_LIMIT_SECONDS = 5;

/** Real PostgreSQL servers, one a database, each on its own address; their data outlives the process. */
export class Databases implements DatabaseService {
  readonly #options: DatabasesOptions;
  readonly #user = postgresUser();
  readonly #instances = new Instances<RunningDatabase>();

  constructor(options: DatabasesOptions) {
    this.#options = options;
  }

  async start(wanted: WantedDatabase): Promise<{ address: string }> {
    const { address } = await this.#instances.start(wanted.name, (index) => this.#launch(wanted, index));
    return { address };
  }

  async setPassword(name: string, username: string, password: string): Promise<void> {
    const running = await this.#instances.find(name);
    if (running === undefined) throw new Error(`database ${name} does not run`);
    await asSuperuser(running, this.#options.authority, (client) => setRole(client, username, password));
    if (username === running.wanted.username) running.wanted = { ...running.wanted, password };
  }

  async stop(name: string, { dropData }: { dropData: boolean }): Promise<void> {
    const running = await this.#instances.take(name);
    if (running) await end(running);
    if (dropData) release(this.#placeOf(name));
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#instances.names().map((name) => this.stop(name, { dropData: false })));
  }

  /** Stops every server as a failing instance would: its name, its address and its data stay. */
  async suspend(): Promise<void> {
    for (const name of this.#instances.names()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await end(found);
    }
  }

  /** Starts again what was suspended. */
  async resume(): Promise<void> {
    for (const name of this.#instances.names()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await this.start(found.wanted);
    }
  }

  /** How many rows each table of the running databases has, by `<server>/<table>`. */
  async rows(): Promise<Readonly<Record<string, number>>> {
    const { authority } = this.#options;
    const rows: Record<string, number> = {};
    for (const name of this.#instances.names()) {
      const running = await this.#instances.find(name);
      if (running?.isRunning() !== true) continue;
      const counted = await asSuperuser(running, authority, countRows, running.wanted.databaseName);
      for (const [table, count] of counted) rows[`${name}/${table}`] = count;
    }
    return rows;
  }

  async #launch(wanted: WantedDatabase, index: number): Promise<RunningDatabase> {
    const { name, hostnames } = wanted;
    const { processes, authority, addresses } = this.#options;
    const place = this.#placeOf(name);
    claim(place);
    const superuserPassword = await initialise(place, processes);
    const address = addresses.database(index);
    const { folder, user: owner } = place;
    const certificate = await issueCertificate({ authority, folder, address, hostnames, owner });
    const handle = await startPostgres(place, address, certificate, processes);
    const running = { wanted, address, handle, superuserPassword, isRunning: () => handle.running() };
    const answers = () => asSuperuser(running, authority, async () => true).catch(() => false);
    await waitFor(`database ${name}`, answers, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
    await asSuperuser(running, authority, async (client) => {
      await setRole(client, wanted.username, wanted.password);
      await createDatabase(client, wanted.databaseName, wanted.username);
    });
    return running;
  }

  #placeOf(name: string): PostgresPlace {
    return placeOf(this.#options.runDirectory, name, this.#user);
  }
}

/** SIGINT disconnects the clients; SIGTERM would wait until they leave by themselves. */
async function end({ handle }: RunningDatabase): Promise<void> {
  handle.signal("SIGINT");
  await Promise.race([handle.exited, sleep(STOP_LIMIT_SECONDS * 1000, undefined, { ref: false })]);
  await handle.stop();
}

async function countRows(client: pg.Client): Promise<readonly (readonly [string, number])[]> {
  const { rows } = await client.query<{ name: string; count: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name,
            (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, tablename), false, true, '')))[1]::text AS count
       FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name, count }) => [name, Number(count)]);
}

async function asSuperuser<T>(
  { address, superuserPassword }: RunningDatabase,
  authority: CertificateAuthority,
  act: (client: pg.Client) => Promise<T>,
  database = "postgres",
): Promise<T> {
  const client = new pg.Client({
    host: address,
    port: PORTS.database,
    user: SUPERUSER,
    password: superuserPassword,
    database,
    ssl: { ca: authority.pem },
    connectionTimeoutMillis: 3000,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

async function setRole(client: pg.Client, username: string, password: string): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [username]);
  const verb = rowCount === 0 ? "CREATE" : "ALTER";
  const role = client.escapeIdentifier(username);
  await client.query(`${verb} ROLE ${role} LOGIN CREATEDB CREATEROLE PASSWORD ${client.escapeLiteral(password)}`);
}

async function createDatabase(client: pg.Client, databaseName: string, owner: string): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [databaseName]);
  if (rowCount !== 0) return;
  await client.query(
    `CREATE DATABASE ${client.escapeIdentifier(databaseName)} OWNER ${client.escapeIdentifier(owner)}`,
  );
}
