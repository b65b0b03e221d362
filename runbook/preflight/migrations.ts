import type { Release } from "../../stacks/schema.ts";
import { STATEMENT_RULES, type StatementRule } from "./migration-rules.ts";

/** A migration's file. */
export interface MigrationFile {
  /** `0004_project_owner.sql` */
  readonly name: string;
  readonly script: string;
}

/** What the migrations are judged against. */
export interface SchemaPlan {
  readonly release: Release;
  /** The release that serves while they run, and that a rollback goes back to; undefined before the first one. */
  readonly live: Release | undefined;
}

interface Migration extends MigrationFile {
  readonly level: number;
  readonly statements: readonly string[];
  /** Only code of this level or a later one runs afterwards; undefined for one that only adds. */
  readonly contractsTo: number | undefined;
}

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** `-- contract: level 3`, on a line of its own. */
const MARK = /^--\s*contract:\s*level\s+(\d+)\s*$/im;

/** Everything that is wrong with the migrations that this release would run; none when they are safe to run beside live code. */
export function migrationProblems(files: readonly MigrationFile[], plan: SchemaPlan): string[] {
  const misnamed = files.filter(({ name }, index) => Number(NAME.exec(name)?.[1]) !== index + 1);
  if (misnamed.length > 0) return misnamed.map(({ name }) => `${name} is not next in order, as NNNN_what_it_adds.sql`);
  const { level } = plan.release.schema;
  if (files.length !== level)
    return [`the migrations reach level ${files.length}, but sparki:release.schema.level is ${level}`];
  const due = pending(files, plan);
  const fresh = freshTables(files.map(parse), due);
  return due.flatMap((migration) => [...contraction(migration, plan), ...statementProblems(migration, fresh)]);
}

/** The migrations that the database does not have yet. */
export function pending(files: readonly MigrationFile[], { live }: SchemaPlan): Migration[] {
  return files.map(parse).filter(({ level }) => level > (live?.schema.level ?? 0));
}

/** Tables that are made in the same go, and never before: they hold nothing and nobody uses them. */
function freshTables(all: readonly Migration[], due: readonly Migration[]): ReadonlySet<string> {
  const madeBy = (migrations: readonly Migration[]) =>
    migrations.flatMap(({ statements }) => statements.flatMap((text) => createdTable(text) ?? []));
  const old = madeBy(all.slice(0, all.length - due.length));
  return new Set(madeBy(due).filter((table) => !old.includes(table)));
}

function parse({ name, script }: MigrationFile): Migration {
  const mark = MARK.exec(script)?.[1];
  const contractsTo = mark === undefined ? undefined : Number(mark);
  return { name, script, level: Number(name.slice(0, 4)), statements: statementsOf(script), contractsTo };
}

/** Expand first, contract later: what is taken away must be out of use in the live release and in every one to come. */
function contraction({ name, level, contractsTo }: Migration, { live, release }: SchemaPlan): string[] {
  if (contractsTo === undefined) return [];
  if (contractsTo >= level) return [`${name} contracts to level ${contractsTo}, which it makes itself: expand first`];
  if (release.schema.oldest < contractsTo)
    return [`${name} contracts to level ${contractsTo}, but sparki:release.schema.oldest is ${release.schema.oldest}`];
  if (live !== undefined && live.schema.level < contractsTo)
    return [`${name} is not due: ${live.id}, which serves now, is code of level ${live.schema.level}`];
  return [];
}

function statementProblems({ name, statements, contractsTo }: Migration, fresh: ReadonlySet<string>): string[] {
  const allowed = ({ kind }: StatementRule) => kind === "breaking" && contractsTo !== undefined;
  return statements.flatMap((statement) => {
    if (fresh.has(touchedTable(statement) ?? "")) return [];
    const broken = STATEMENT_RULES.find((rule) => !allowed(rule) && rule.pattern.test(statement));
    return broken === undefined ? [] : [`${name}: ${shortened(statement)} ${broken.what}; ${broken.instead}`];
  });
}

/** What may hold any words without saying them. Of these, only a quoted name is a statement's own word. */
const QUOTED = new RegExp(
  [
    String.raw`\bE'(?:[^'\\]|\\.|'')*'`,
    "'(?:[^']|'')*'",
    String.raw`\$(?<tag>\w*)\$.*?\$\k<tag>\$`,
    '(?<name>"(?:[^"]|"")*")',
    String.raw`(?<comment>--[^\n]*|\/\*(?:\/\*(?:(?!\*\/).)*\*\/|(?!\/\*|\*\/).)*\*\/)`,
    // The end of a comment that holds comments within comments: what stands there is taken for a statement.
    String.raw`(?<end>\*\/)`,
  ].join("|"),
  "gis",
);

function statementsOf(script: string): string[] {
  return withoutTexts(script)
    .split(";")
    .map((statement) => statement.replace(/\s+/g, " ").trim())
    .filter(Boolean)
    .flatMap(actionsOf);
}

function withoutTexts(script: string): string {
  let bare = "";
  let end = 0;
  for (const { 0: found, index, groups } of script.matchAll(QUOTED)) {
    bare += script.slice(end, index) + (groups?.name ?? (groups?.comment || groups?.end ? " " : "''"));
    end = index + found.length;
  }
  return bare + script.slice(end);
}

/** Each action of an `ALTER TABLE` as a statement of its own; any other statement as it is. */
function actionsOf(statement: string): string[] {
  const head = new RegExp(`^ALTER TABLE ${TABLE} `, "i").exec(statement)?.[0];
  if (head === undefined) return [statement];
  const actions = statement.slice(head.length).split(/,\s*(?![^(]*\))/);
  return actions.map((action) => `${head}${action}`);
}

const NAME_PART = String.raw`(?:"[^"]+"|\w+)`;
const TABLE = String.raw`(?:IF EXISTS )?(?:ONLY )?(${NAME_PART}(?:\.${NAME_PART})*)`;

/** Only what was not there before: `IF NOT EXISTS` may find a table that live code uses. */
function createdTable(statement: string): string | undefined {
  return tableIn(new RegExp(`^CREATE (?:UNLOGGED )?TABLE (?!IF NOT EXISTS )${TABLE}`, "i").exec(statement));
}

function touchedTable(statement: string): string | undefined {
  return tableIn(
    new RegExp(`^ALTER TABLE ${TABLE}`, "i").exec(statement) ??
      new RegExp(`^CREATE (?:UNIQUE )?INDEX (?:.+? )?ON ${TABLE}`, "i").exec(statement),
  );
}

function tableIn(found: RegExpExecArray | null): string | undefined {
  return found?.[1]?.replaceAll('"', "").toLowerCase();
}

function shortened(statement: string): string {
  return statement.length > 60 ? `${statement.slice(0, 59)}…` : statement;
}
