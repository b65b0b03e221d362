import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RawStmt } from "libpg-query";

export interface Migration {
  readonly level: number;
  /** File name without `.sql`: `0001_projects`. */
  readonly name: string;
  readonly script: string;
  /** Whether it is one statement that PostgreSQL runs outside of a transaction only: `... CONCURRENTLY`. */
  readonly isConcurrent: boolean;
  /** The index that a lone `CREATE INDEX CONCURRENTLY` makes; it is left invalid when it is interrupted. */
  readonly index: string | undefined;
  readonly checksum: string;
}

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The migrations of a directory in order; a name out of form, a gap or a level used twice throws. */
export async function loadMigrations(directory: string): Promise<Migration[]> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.map((file, index) => {
    const level = Number(NAME.exec(file)?.[1]);
    if (level !== index + 1)
      throw new Error(`migration ${file}: expected a name like ${pad(index + 1)}_what_it_adds.sql`);
    const script = readFileSync(join(directory, file), "utf8");
    return migrationOf(level, file.slice(0, -".sql".length), script, concurrency(parser.parseSync(script).stmts));
  });
}

type Concurrency = Pick<Migration, "isConcurrent" | "index">;
const ORDINARY: Concurrency = { isConcurrent: false, index: undefined };

/** Only a lone statement can run outside of a transaction: with others it would be half done when it fails. */
function concurrency(statements: readonly RawStmt[] = []): Concurrency {
  const [first, second] = statements;
  if (first?.stmt === undefined || second !== undefined) return ORDINARY;
  const { stmt } = first;
  if ("IndexStmt" in stmt && stmt.IndexStmt.concurrent) return { isConcurrent: true, index: stmt.IndexStmt.idxname };
  if ("DropStmt" in stmt && stmt.DropStmt.concurrent) return { isConcurrent: true, index: undefined };
  if (!("ReindexStmt" in stmt)) return ORDINARY;
  const options = stmt.ReindexStmt.params ?? [];
  const isConcurrent = options.some((option) => "DefElem" in option && option.DefElem.defname === "concurrently");
  return { isConcurrent, index: undefined };
}

/** The migrations of an image that is told to fail in `name`: its own if it has that one, else one more after the last. */
export function withFailure(migrations: readonly Migration[], name: string): Migration[] {
  const has = migrations.some((migration) => migration.name === name);
  const level = migrations.length + 1;
  const all = has
    ? migrations
    : [...migrations, migrationOf(level, name, `CREATE TABLE ${table(name)} (id bigint)`, ORDINARY)];
  return all.map((migration) => (migration.name === name ? failing(migration) : migration));
}

/** What it does happens, and then a statement fails. */
function failing(migration: Migration): Migration {
  return { ...migration, ...ORDINARY, script: `${migration.script};\nSELECT 1 / 0` };
}

function migrationOf(level: number, name: string, script: string, concurrency: Concurrency): Migration {
  const checksum = createHash("sha256").update(script).digest("hex");
  return { level, name, script, ...concurrency, checksum };
}

function table(name: string): string {
  return `"${name.replaceAll('"', "")}"`;
}

function pad(level: number): string {
  return String(level).padStart(4, "0");
}
