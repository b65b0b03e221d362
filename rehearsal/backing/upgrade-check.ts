import type pg from "pg";

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
export type OnDatabase = <T>(database: string, act: (client: pg.Client) => Promise<T>) => Promise<T>;

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
export async function upgradeRefusal(versions: Versions, on: OnDatabase): Promise<UpgradeRefusal | undefined> {
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
