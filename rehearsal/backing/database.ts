import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import pg from "pg";
import { type Addresses, PORTS } from "../addresses.ts";
import { type DatabaseAuthorities, issueCertificate } from "../certificates.ts";
import { Instances, type Processes, type ProcessHandle } from "../processes.ts";
import type { DatabaseService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import {
  archiveUntilNow,
  archivingSettings,
  type BaseBackup,
  backupsIn,
  layOutRestore,
  prepareArchive,
  type RestoreTarget,
  takeBackup,
} from "./backups.ts";
import {
  claim,
  initialise,
  isInitialised,
  keepInitialised,
  type PostgresPlace,
  placeOf,
  postgresUser,
  release,
  SUPERUSER,
  startPostgres,
} from "./postgres.ts";

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
  readonly authorities: DatabaseAuthorities;
  readonly processes: Processes;
  readonly addresses: Pick<Addresses, "database">;
}

const READY_LIMIT_SECONDS = 300;
const STOP_LIMIT_SECONDS = 5;
const RELOAD_LIMIT_SECONDS = 60;

/** Real PostgreSQL servers, one a database, each on its own address; their data outlives the process. */
export class Databases implements DatabaseService {
  readonly #options: DatabasesOptions;
  readonly #user = postgresUser();
  readonly #instances = new Instances<RunningDatabase>();
  /** Servers that were restored: faults of the databases are not theirs. */
  readonly #copies = new Set<string>();

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
    await asSuperuser(running, this.#options.authorities, (client) => setRole(client, username, password));
    if (username === running.wanted.username) running.wanted = { ...running.wanted, password };
  }

  /** The server reads its new certificate while it runs, as PostgreSQL does on a reload. */
  async setAuthority(name: string, authority: string): Promise<void> {
    const { authorities } = this.#options;
    const running = await this.#running(name);
    const { folder, user: owner } = this.#placeOf(name);
    const { address, wanted } = running;
    const { hostnames } = wanted;
    await issueCertificate({ authority: authorities.named(authority), folder, address, hostnames, owner });
    running.wanted = { ...wanted, authority };
    await asSuperuser(running, authorities, (client) => client.query("SELECT pg_reload_conf()"));
    const signs = new X509Certificate(authorities.named(authority).pem);
    // The reload is a signal to the server, which reads the files at its own time.
    await waitFor(`${name}'s certificate of ${authority}`, () => isServed(running, authorities, signs), {
      limitSeconds: RELOAD_LIMIT_SECONDS,
    });
  }

  async stop(name: string, { dropData }: { dropData: boolean }): Promise<void> {
    const running = await this.#instances.take(name);
    this.#copies.delete(name);
    if (running) await end(running.handle);
    if (dropData) release(this.#placeOf(name));
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#instances.names().map((name) => this.stop(name, { dropData: false })));
  }

  /**
   * Starts a server over a backup of `source` and its log up to a moment, in seconds since 1970, as an instance of its own
   * that is no copy of a drill. Started again, it continues with the data that it has.
   */
  async startRestored(
    wanted: WantedDatabase,
    { source, until }: { readonly source: string; readonly until: number },
  ): Promise<{ address: string }> {
    if (isInitialised(this.#placeOf(wanted.name))) return this.start(wanted);
    const base = this.backups(source).find(({ at }) => at <= until);
    if (base === undefined) throw new Error(`no backup of ${source} is from before that moment`);
    const from = await this.#running(source);
    await asSuperuser(from, this.#options.authorities, (client) => archiveUntilNow(this.#placeOf(source), client));
    const launch = async (index: number) => {
      const running = await this.#launchCopy(source, wanted, index, { backup: base.id, until });
      keepInitialised(this.#placeOf(wanted.name), running.superuserPassword);
      const { username, password } = wanted;
      await asSuperuser(running, this.#options.authorities, (client) => setRole(client, username, password));
      return running;
    };
    const { address } = await this.#instances.start(wanted.name, launch);
    return { address };
  }

  /** Gives a server another name, for which it is started again over its data; clients find it by these host names. */
  async rename(name: string, to: string, hostnames: readonly string[]): Promise<{ address: string }> {
    const { wanted } = await this.#running(name);
    const [from, place] = [this.#placeOf(name), this.#placeOf(to)];
    if (this.names().includes(to) || existsSync(place.folder)) throw new Error(`database ${to} already exists`);
    await this.stop(name, { dropData: false });
    claim(place);
    for (const entry of readdirSync(from.folder)) renameSync(join(from.folder, entry), join(place.folder, entry));
    release(from);
    return this.start({ ...wanted, name: to, hostnames });
  }

  /** Stops every server as a failing instance would: its name, its address and its data stay. */
  async suspend(): Promise<void> {
    for (const name of this.#own()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await end(found.handle);
    }
  }

  /** Starts again what was suspended. */
  async resume(): Promise<void> {
    for (const name of this.#own()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await this.start(found.wanted);
    }
  }

  /** How many rows each table of the running databases has, by `<server>/<table>`. */
  async rows(): Promise<Readonly<Record<string, number>>> {
    const { authorities } = this.#options;
    const rows: Record<string, number> = {};
    for (const name of this.#own()) {
      const running = await this.#instances.find(name);
      if (running?.isRunning() !== true) continue;
      const counted = await asSuperuser(running, authorities, countRows, running.wanted.databaseName);
      for (const [table, count] of counted) rows[`${name}/${table}`] = count;
    }
    return rows;
  }

  /** Takes a base backup of a running database, as RDS does once a day. */
  async backUp(name: string, id: string): Promise<BaseBackup> {
    const running = await this.#running(name);
    return asSuperuser(running, this.#options.authorities, (client) => takeBackup(this.#placeOf(name), client, id));
  }

  /** Its base backups, newest first. */
  backups(name: string): readonly BaseBackup[] {
    return backupsIn(this.#placeOf(name));
  }

  /**
   * Starts another server over a backup of `name`, which replays the log up to the target; resolves once it is writable.
   * Rejects with what the server said when it cannot, and then nothing of it runs.
   */
  async restore(name: string, copy: string, target: RestoreTarget): Promise<void> {
    const source = await this.#instances.find(name);
    if (source?.isRunning() === true && target.until !== undefined)
      await asSuperuser(source, this.#options.authorities, (client) => archiveUntilNow(this.#placeOf(name), client));
    const wanted = { ...(await this.#running(name)).wanted, name: copy, hostnames: [`${copy}.rds.amazonaws.com`] };
    this.#copies.add(copy);
    try {
      await this.#instances.start(copy, (index) => this.#launchCopy(name, wanted, index, target));
    } catch (error) {
      await this.#instances.take(copy);
      throw error;
    }
  }

  /** The value that one statement answers with, in a transaction that only reads; rejects with the server's own refusal. */
  async ask(name: string, sql: string): Promise<string | null> {
    const running = await this.#running(name);
    const act = async (client: pg.Client) => {
      await client.query("SET default_transaction_read_only = on; SET statement_timeout = '60s'");
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
      const value = rows[0]?.[0];
      return value === null || value === undefined ? null : String(value);
    };
    return asSuperuser(running, this.#options.authorities, act, running.wanted.databaseName);
  }

  /** What RDS would refuse an upgrade of the server for, by its own catalogs; undefined where nothing speaks against it. */
  async upgradeRefusal(
    name: string,
    versions: { readonly from: string; readonly to: string },
  ): Promise<UpgradeRefusal | undefined> {
    const running = await this.#running(name);
    return upgradeRefusal(versions, (database, act) => asSuperuser(running, this.#options.authorities, act, database));
  }

  /** Stops a server for as long as `outage` takes, whatever that comes to, and starts it over the data that it has. */
  async interrupt(name: string, outage: () => Promise<void>): Promise<void> {
    const running = await this.#running(name);
    keepInitialised(this.#placeOf(name), running.superuserPassword);
    await end(running.handle);
    await outage();
    await this.start(running.wanted);
  }

  /** Which servers there are, copies included, whether they run or not. */
  names(): readonly string[] {
    return this.#instances.names();
  }

  /** Where a database's files are. */
  folderOf(name: string): string {
    return this.#placeOf(name).folder;
  }

  #own(): readonly string[] {
    return this.names().filter((name) => !this.#copies.has(name));
  }

  async #running(name: string): Promise<RunningDatabase> {
    const running = await this.#instances.find(name);
    if (running?.isRunning() !== true) throw new Error(`database ${name} does not run`);
    return running;
  }

  async #launchCopy(source: string, wanted: WantedDatabase, index: number, target: RestoreTarget) {
    const [from, to] = [this.#placeOf(source), this.#placeOf(wanted.name)];
    claim(to);
    const settings = layOutRestore(from, to, target);
    const { superuserPassword } = await this.#running(source);
    return this.#serve(wanted, { index, superuserPassword, settings, until: isWritable });
  }

  async #launch(wanted: WantedDatabase, index: number): Promise<RunningDatabase> {
    const { processes, authorities } = this.#options;
    const place = this.#placeOf(wanted.name);
    claim(place);
    const superuserPassword = await initialise(place, processes);
    prepareArchive(place);
    const settings = archivingSettings(place);
    const running = await this.#serve(wanted, { index, superuserPassword, settings, until: async () => true });
    await asSuperuser(running, authorities, async (client) => {
      await setRole(client, wanted.username, wanted.password);
      await createDatabase(client, wanted.databaseName, wanted.username);
    });
    return running;
  }

  async #serve(
    wanted: WantedDatabase,
    { index, superuserPassword, settings, until }: Serving,
  ): Promise<RunningDatabase> {
    const { name, hostnames } = wanted;
    const { processes, authorities, addresses } = this.#options;
    const place = this.#placeOf(name);
    const address = addresses.database(index);
    const { folder, user: owner } = place;
    const authority = authorities.named(wanted.authority);
    const certificate = await issueCertificate({ authority, folder, address, hostnames, owner });
    const start = () => startPostgres(place, address, certificate, processes, settings);
    const first = await start();
    const answers = () => asSuperuser({ address, superuserPassword }, authorities, until).catch(() => false);
    try {
      await waitFor(`database ${name}`, answers, { limitSeconds: READY_LIMIT_SECONDS, process: first });
    } catch (error) {
      await end(first);
      throw error;
    }
    const handle = processes.keep(first, start);
    return { wanted, address, handle, superuserPassword, isRunning: () => handle.running() };
  }

  #placeOf(name: string): PostgresPlace {
    return placeOf(this.#options.runDirectory, name, this.#user);
  }
}

interface Serving {
  readonly index: number;
  readonly superuserPassword: string;
  readonly settings: Readonly<Record<string, string>>;
  /** When it counts as started. */
  readonly until: (client: pg.Client) => Promise<boolean>;
}

/** A recovery has ended once writing is possible. */
async function isWritable(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering");
  return rows[0]?.recovering === false;
}

/** SIGINT disconnects the clients; SIGTERM would wait until they leave by themselves. */
async function end(handle: ProcessHandle): Promise<void> {
  handle.signal("SIGINT");
  await Promise.race([handle.exited, sleep(STOP_LIMIT_SECONDS * 1000, undefined, { ref: false })]);
  await handle.stop();
}

/** Whether a new connection is served a certificate that this authority signed. */
function isServed(running: RunningDatabase, authorities: DatabaseAuthorities, signs: X509Certificate) {
  return asSuperuser(running, authorities, async ({ connection }) => {
    const { stream } = connection;
    const raw = stream instanceof TLSSocket ? stream.getPeerX509Certificate() : undefined;
    return raw?.verify(signs.publicKey) === true;
  });
}

async function countRows(client: pg.Client): Promise<readonly (readonly [string, number])[]> {
  const { rows } = await client.query<{ name: string; count: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name,
            (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, tablename), false, true, '')))[1]::text AS count
       FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name, count }) => [name, Number(count)]);
}

function asSuperuser<T>(
  { address, superuserPassword }: Pick<RunningDatabase, "address" | "superuserPassword">,
  authorities: DatabaseAuthorities,
  act: (client: pg.Client) => Promise<T>,
  database = "postgres",
): Promise<T> {
  const own = { user: SUPERUSER, password: superuserPassword, database, ssl: { ca: authorities.pem } };
  return withClient({ host: address, port: PORTS.database, ...own, connectionTimeoutMillis: 3000 }, act);
}

/** Acts by one connection, which ends with it. */
export async function withClient<T>(config: pg.ClientConfig, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
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

/** What RDS's pre-check of a major upgrade found. */
export interface UpgradeRefusal {
  /** The event's own words. */
  readonly event: string;
  /** The lines of `pg_upgrade_precheck.log`. */
  readonly log: readonly string[];
}

interface Versions {
  readonly from: string;
  readonly to: string;
}

/** Acts on one database of the server as its superuser. */
type OnDatabase = <T>(database: string, act: (client: pg.Client) => Promise<T>) => Promise<T>;

/** As AWS words what it refuses: a reason, and what to do. */
interface Finding {
  readonly reason: string;
  readonly remedy: string;
  /** Undefined for what is the whole server's. */
  readonly database?: string;
  readonly names: readonly string[];
}

const major = (version: string) => Number(version.split(".")[0]);

/** pg_upgrade's own list: https://www.postgresql.org/docs/18/pgupgrade.html. */
const REG_COLUMNS = `SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'm', 'i')
    AND a.atttypid IN ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype,
      'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype) ORDER BY 1`;

/** From PostgreSQL 18 on a child's column is NOT NULL where its parent's is. */
const NULLABLE_CHILDREN = `SELECT n.nspname || '.' || c.relname || '.' || ac.attname AS name
  FROM pg_inherits i, pg_attribute ac, pg_attribute ap, pg_class c, pg_namespace n
  WHERE c.oid = ac.attrelid AND i.inhrelid = ac.attrelid AND i.inhparent = ap.attrelid AND ac.attname = ap.attname
    AND c.relnamespace = n.oid AND ap.attnum > 0 AND ap.attnotnull AND NOT ac.attnotnull ORDER BY 1`;

async function namesOf(client: pg.Client, sql: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

/** What keeps the server from being upgraded to another major version, by its own catalogs; undefined where nothing does. */
async function upgradeRefusal(versions: Versions, on: OnDatabase): Promise<UpgradeRefusal | undefined> {
  const { from, to } = versions;
  const server = await on("postgres", async (client) => ({
    prepared: await namesOf(client, "SELECT gid AS name FROM pg_prepared_xacts ORDER BY 1"),
    slots: await namesOf(
      client,
      "SELECT slot_name AS name FROM pg_replication_slots WHERE slot_type NOT LIKE 'physical' ORDER BY 1",
    ),
    invalid: await namesOf(client, "SELECT datname AS name FROM pg_database WHERE datconnlimit = -2 ORDER BY 1"),
    open: await namesOf(
      client,
      "SELECT datname AS name FROM pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY 1",
    ),
  }));
  const found: Finding[] = [
    {
      reason: "one or more databases have prepared transactions",
      remedy: "commit or roll back all prepared transactions",
      names: server.prepared,
    },
    // Of PostgreSQL 17 and later a slot is kept.
    {
      reason: "one or more databases have logical replication slots",
      remedy: "drop all logical replication slots",
      names: major(from) >= 17 ? [] : server.slots,
    },
    { reason: "the instance has invalid databases", remedy: "drop all invalid databases", names: server.invalid },
  ];
  for (const database of server.open) {
    const [reg, nullable] = await on(database, async (client) => [
      await namesOf(client, REG_COLUMNS),
      major(from) < 18 && major(to) >= 18 ? await namesOf(client, NULLABLE_CHILDREN) : [],
    ]);
    found.push(
      {
        ...{ database, names: reg ?? [], reason: "a 'reg*' data type is used in user tables" },
        remedy: "remove all usages of the 'reg*' data types",
      },
      {
        ...{ database, names: nullable ?? [], reason: "NOT NULL constraints of inherited columns are inconsistent" },
        remedy: "mark the child columns NOT NULL",
      },
    );
  }
  const wrong = found.filter(({ names }) => names.length > 0);
  const [first] = wrong;
  return first && { event: eventOf(first), log: logOf(versions, wrong) };
}

/** As https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html quotes one. */
function eventOf({ reason, remedy }: Finding): string {
  const why = `The instance could not be upgraded because ${reason}. Please ${remedy} and try again.`;
  return `Database instance is in a state that cannot be upgraded: PreUpgrade checks failed: ${why}`;
}

function logOf({ from, to }: Versions, wrong: readonly Finding[]): string[] {
  return [
    "Upgrade could not be run.",
    `The instance could not be upgraded from ${from} to ${to} because of following reasons.`,
    ...wrong.map(({ database, reason, names }) => {
      const where = database === undefined ? "- On this instance" : `- Following usages in database '${database}'`;
      return `${where}: ${reason}: ${names.join(", ")}`;
    }),
  ];
}
