import { compareVersions } from "../../aws/rules/shared.ts";
import type { Answer, Question } from "../../io/restored-copies.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import { onlyAnswer } from "./restore-checks.ts";

/** What keeps a PostgreSQL from being upgraded, as an answer of its own catalog shows it. */
export interface Obstacle {
  readonly kind: string;
  /** Of the copy, or of the live database where a copy does not have it. */
  readonly of: "copy" | "live";
  readonly title: string;
  /** How many there are; null where the question was not answered, `problem` says why. */
  readonly count: number | null;
  readonly names: readonly string[];
  readonly problem: string | null;
  /** What to do about it. */
  readonly fix: string;
}

/** An extension that the new server has in a later version than the database. */
export interface OldExtension {
  readonly name: string;
  readonly installed: string;
  readonly offered: string;
}

interface Versions {
  readonly from: string;
  readonly to: string;
}

interface Kind extends Pick<Obstacle, "kind" | "of" | "title" | "fix"> {
  /** A SELECT of the names, as one column. */
  readonly names: (versions: Versions) => string;
  /** Of which upgrades it is an obstacle. @default every one to another major version */
  readonly applies?: (versions: Versions) => boolean;
}

const major = (version: string) => Number(version.split(".")[0]);

/** Columns of stored relations whose type is one of these, or is built of one: an array, a domain, a row or a range. */
function columnsOf(types: string): string {
  return `WITH RECURSIVE kept AS (
    SELECT t.oid FROM pg_catalog.pg_type t WHERE ${types}
    UNION
    SELECT t.oid FROM kept k, pg_catalog.pg_type t
      LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
      LEFT JOIN pg_catalog.pg_attribute a ON t.typtype = 'c' AND a.attrelid = t.typrelid AND NOT a.attisdropped
    WHERE (t.typtype = 'd' AND t.typbasetype = k.oid) OR (t.typtype = 'b' AND t.typelem = k.oid)
      OR a.atttypid = k.oid OR r.rngsubtype = k.oid)
  SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
  FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE a.atttypid IN (SELECT oid FROM kept) AND NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'm', 'i')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;
}

const REG = ["collation", "config", "dictionary", "namespace", "oper", "operator", "proc", "procedure"];
const REG_TYPES = REG.map((name) => `'reg${name}'`).join(", ");

/** What RDS no longer has, from which version on, by AWS's page on upgrades; of some only until a version has it again. */
const GONE_EXTENSIONS: readonly { readonly name: string; readonly from: string; readonly until?: string }[] = [
  { name: "plrust", from: "18" },
  { name: "postgis_topology", from: "18", until: "18.3" },
];

const goneIn = ({ to }: Versions) =>
  GONE_EXTENSIONS.filter(
    ({ from, until }) => major(to) >= major(from) && (until === undefined || compareVersions(to, until) < 0),
  ).map(({ name }) => name);

/**
 * By PostgreSQL's documentation of pg_upgrade and its own checks (src/bin/pg_upgrade/check.c), and AWS's page
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html: what
 * a SELECT of an ordinary user can show, from PostgreSQL 14 on. Columns and extensions are those of the asked database.
 */
export const OBSTACLES: readonly Kind[] = [
  {
    kind: "prepared-transactions",
    of: "copy",
    title: "open prepared transactions",
    fix: "COMMIT PREPARED or ROLLBACK PREPARED each",
    names: () => "SELECT format('%s in %s', gid, database) FROM pg_catalog.pg_prepared_xacts",
  },
  {
    // Whether a restored copy has them is not published: they belong to the server that serves.
    kind: "logical-slots",
    of: "live",
    title: "logical replication slots that an upgrade does not keep",
    fix: "SELECT pg_drop_replication_slot(name) for each that nobody reads any more",
    names: ({ from }) =>
      `SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical'${
        major(from) >= 17 ? " AND NOT temporary AND wal_status = 'lost'" : ""
      }`,
  },
  {
    kind: "reg-columns",
    of: "copy",
    title: "columns of reg* types other than regclass, regrole and regtype",
    fix: "drop each column, or keep its values as text",
    names: () => columnsOf(`t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN (${REG_TYPES})`),
  },
  {
    kind: "system-row-columns",
    of: "copy",
    title: "columns of a system table's row type",
    fix: "drop each column, or give it a type of your own",
    names: () =>
      columnsOf("t.typtype = 'c' AND (t.oid < 16384 OR t.typnamespace = 'information_schema'::regnamespace)"),
  },
  {
    kind: "aclitem-columns",
    of: "copy",
    title: "columns of type aclitem, which is stored otherwise from PostgreSQL 16 on",
    fix: "drop each column, or keep its values as text",
    applies: ({ from, to }) => major(from) < 16 && major(to) >= 16,
    names: () => columnsOf("t.typnamespace = 'pg_catalog'::regnamespace AND t.typname = 'aclitem'"),
  },
  {
    kind: "not-null-inheritance",
    of: "copy",
    title: "columns that are NOT NULL in the parent table and not in this one",
    fix: "ALTER TABLE … ALTER COLUMN … SET NOT NULL for each",
    applies: ({ from, to }) => major(from) < 18 && major(to) >= 18,
    names: () => `SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
  FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.inhrelid
    JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE p.attnum > 0 AND p.attnotnull AND NOT a.attnotnull`,
  },
  {
    kind: "invalid-databases",
    of: "copy",
    title: "databases whose DROP DATABASE was cut off",
    fix: "DROP DATABASE each",
    names: () => "SELECT datname::text FROM pg_catalog.pg_database WHERE datconnlimit = -2",
  },
  {
    kind: "closed-databases",
    of: "copy",
    title: "databases that allow no connections",
    fix: "ALTER DATABASE … ALLOW_CONNECTIONS true, or DROP DATABASE each",
    names: () => "SELECT datname::text FROM pg_catalog.pg_database WHERE NOT datallowconn AND datname <> 'template0'",
  },
  {
    kind: "gone-extensions",
    of: "copy",
    title: "extensions that RDS does not have in the new version",
    fix: "DROP EXTENSION each, before the upgrade",
    applies: (versions) => goneIn(versions).length > 0,
    names: (versions) =>
      `SELECT extname::text FROM pg_catalog.pg_extension WHERE extname IN (${goneIn(versions)
        .map((name) => `'${name}'`)
        .join(", ")})`,
  },
  {
    kind: "unknown-extensions",
    of: "copy",
    title: "extensions in a version that the present server does not have either",
    fix: "ALTER EXTENSION … UPDATE, or DROP EXTENSION each, before the upgrade",
    names: () => `SELECT format('%s %s', e.extname, e.extversion) FROM pg_catalog.pg_extension e
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v
    WHERE v.name = e.extname AND v.version = e.extversion)`,
  },
];

/** As many names are told. */
const MOST_NAMES = 20;
const MARK = "upgrade: ";
const EXTENSIONS = `${MARK}extensions`;

/** One value that says how many there are and what the first are called. */
function counted(names: string): string {
  return `WITH found (named) AS (${names}) SELECT json_build_object('count', (SELECT count(*) FROM found), 'names',
  (SELECT coalesce(json_agg(named), '[]') FROM (SELECT named FROM found ORDER BY named LIMIT ${MOST_NAMES}) AS first))::text`;
}

function kindsOf(versions: Versions): readonly Kind[] {
  if (major(versions.from) === major(versions.to)) return [];
  return OBSTACLES.filter(({ applies = () => true }) => applies(versions));
}

/** What the copy, or the live database, is asked for obstacles of an upgrade; nothing before a minor version. */
export function obstacleQuestions(versions: Versions, of: Obstacle["of"]): Question[] {
  return kindsOf(versions)
    .filter((each) => each.of === of)
    .map(({ kind, names }) => ({ id: `${MARK}${kind}`, sql: counted(names(versions)) }));
}

/** What the upgraded copy is asked: which extensions are to be updated. */
export const EXTENSION_QUESTION: Question = {
  id: EXTENSIONS,
  sql: `SELECT coalesce(json_agg(json_build_array(name, installed_version, default_version) ORDER BY name), '[]')::text
  FROM pg_catalog.pg_available_extensions WHERE installed_version IS NOT NULL AND installed_version <> default_version`,
};

/** What of it is there; what was not answered is told as not known. */
export function obstaclesIn(
  versions: Versions,
  { answers, live }: { readonly answers: readonly Answer[]; readonly live: readonly Answer[] },
): Obstacle[] {
  const [answerTo, liveTo] = [onlyAnswer(answers), onlyAnswer(live)];
  return kindsOf(versions).flatMap(({ kind, of, title, fix }): Obstacle[] => {
    const answer = (of === "live" ? liveTo : answerTo)(`${MARK}${kind}`);
    const found = namesIn(answer);
    if (found?.count === 0) return [];
    const known = { kind, of, title, fix };
    if (found !== undefined) return [{ ...known, ...found, problem: null }];
    return [{ ...known, count: null, names: [], problem: whyUnknown(answer) }];
  });
}

/** The extensions that are to be updated; undefined where the copy did not say. */
export function extensionsIn(answers: readonly Answer[]): readonly OldExtension[] | undefined {
  const all = jsonIn(onlyAnswer(answers)(EXTENSIONS));
  if (!Array.isArray(all)) return undefined;
  return all.map((each) => {
    const [name, installed, offered] = (Array.isArray(each) ? each : []).map(told);
    return { name: name ?? "", installed: installed ?? "", offered: offered ?? "" };
  });
}

function namesIn(answer: Answer | undefined): (Pick<Obstacle, "names"> & { readonly count: number }) | undefined {
  const { count, names } = Object(jsonIn(answer));
  if (!Number.isSafeInteger(count) || !Array.isArray(names)) return undefined;
  return { count, names: names.slice(0, MOST_NAMES).map(told) };
}

function jsonIn(answer: Answer | undefined): unknown {
  if (answer === undefined || "problem" in answer || answer.value === null) return undefined;
  try {
    return JSON.parse(answer.value);
  } catch {
    return undefined;
  }
}

function whyUnknown(answer: Answer | undefined): string {
  if (answer === undefined) return "no answer";
  return "problem" in answer ? told(answer.problem) : `answered ${told(answer.value ?? "nothing")}`;
}

function told(value: unknown): string {
  return bounded(oneLine(String(value)), 200);
}
