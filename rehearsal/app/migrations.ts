import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { splitStatements } from "./statements.ts";

export interface Migration {
  readonly level: number;
  /** File name without `.sql`: `0001_projects`. */
  readonly name: string;
  readonly statements: readonly string[];
  readonly checksum: string;
}

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The migrations of a directory in order; a name out of form, a gap or a level used twice throws. */
export function loadMigrations(directory: string): Migration[] {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.map((file, index) => {
    const level = Number(NAME.exec(file)?.[1]);
    if (level !== index + 1)
      throw new Error(`migration ${file}: expected a name like ${pad(index + 1)}_what_it_adds.sql`);
    return migrationOf(level, file.slice(0, -".sql".length), readFileSync(join(directory, file), "utf8"));
  });
}

/** The migrations of an image that is told to fail in `name`: its own if it has that one, else one more after the last. */
export function withFailure(migrations: readonly Migration[], name: string): Migration[] {
  const has = migrations.some((migration) => migration.name === name);
  const level = migrations.length + 1;
  const all = has ? migrations : [...migrations, migrationOf(level, name, `CREATE TABLE ${table(name)} (id bigint)`)];
  return all.map((migration) => (migration.name === name ? failing(migration) : migration));
}

function failing(migration: Migration): Migration {
  const half = Math.ceil(migration.statements.length / 2);
  return { ...migration, statements: [...migration.statements.slice(0, half), "SELECT 1 / 0"] };
}

function migrationOf(level: number, name: string, script: string): Migration {
  const checksum = createHash("sha256").update(script).digest("hex");
  return { level, name, statements: splitStatements(script), checksum };
}

function table(name: string): string {
  return `"${name.replaceAll('"', "")}"`;
}

function pad(level: number): string {
  return String(level).padStart(4, "0");
}
