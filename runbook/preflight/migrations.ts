import { join, relative } from "node:path";
import { promotionIn } from "../../records/promotion.ts";
import type { Release } from "../../stacks/schema.ts";
import { type Check, fail, pass, skipped, warn } from "./check.ts";
import { type PreflightContext, placeOf } from "./context.ts";
import { STATEMENT_RULES, type StatementRule } from "./migration-rules.ts";
import { type Effect, effectsOf } from "./migration-statements.ts";
import { SchemaFacts, type SqlScript, sqlReader } from "./sql.ts";

/** A migration's file. */
export interface MigrationFile {
  /** `0004_project_owner.sql` */
  readonly name: string;
  readonly script: string;
}

/** What the migrations are judged against. */
export interface SchemaPlan {
  readonly release: Release;
  /** The release that serves while they run, and that a rollback rolls back to; undefined before the first one. */
  readonly live: Release | undefined;
}

interface Migration {
  readonly name: string;
  readonly level: number;
  readonly sql: SqlScript;
  /** Only code of this level or a later one runs afterwards; undefined for one that only adds. */
  readonly contractsTo: number | undefined;
}

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** `-- contract: level 3`, a comment of its own. */
const MARK = /^--\s*contract:\s*level\s+(\d+)\s*$/i;

/** What was found of the migrations that a release would run. */
export interface JudgedMigrations {
  /** Everything that is wrong; none when they are safe to run beside live code. */
  readonly problems: readonly string[];
  /** What is safe only if live code does not do what it may: nobody can tell that from the migrations. */
  readonly cautions: readonly string[];
}

/** Judges the migrations that this release would run, beside the code that serves while they run. */
export async function judgeMigrations(files: readonly MigrationFile[], plan: SchemaPlan): Promise<JudgedMigrations> {
  const only = (...problems: readonly string[]) => ({ problems, cautions: [] });
  const misnamed = files.filter(({ name }, index) => Number(NAME.exec(name)?.[1]) !== index + 1);
  if (misnamed.length > 0)
    return only(...misnamed.map(({ name }) => `${name} is not next in order, as NNNN_what_it_adds.sql`));
  const { level } = plan.release.schema;
  if (files.length !== level)
    return only(`the migrations reach level ${files.length}, but sparki:release.schema.level is ${level}`);
  const read = await sqlReader();
  const facts = new SchemaFacts();
  const judged = files.map(({ name, script }) => {
    const migration = parse(name, read(script));
    const due = isDue(migration, plan);
    const effects = migration.sql.statements.map((statement) => effectsOf(statement, facts, due));
    if (!due) return only(...forgotten(migration, plan));
    const problems = [...contraction(migration, plan), ...problemsOf(migration, effects)];
    return { problems, cautions: cautionsOf(migration, effects) };
  });
  return {
    problems: judged.flatMap(({ problems }) => problems),
    cautions: judged.flatMap(({ cautions }) => cautions),
  };
}

/** Why the release is too old for the database that the live one's migrations have made; undefined where it is not. */
function outgrownBy({ live, release }: SchemaPlan): string | undefined {
  if (live === undefined || release.schema.level >= live.schema.level) return undefined;
  if (live.schema.oldest <= release.schema.oldest) return undefined;
  const { level, oldest } = live.schema;
  return (
    `the database is at schema level ${level}, and ${live.id}, which is live, supports none below ${oldest}; ` +
    `${release.id} is code for levels ${release.schema.oldest} to ${release.schema.level}`
  );
}

/**
 * The migrations as they are in the release's commit, which its images were made of: a clone is at another one as a rule.
 * Undefined where the folder is in no clone of the application.
 */
async function inCommit(
  context: PreflightContext,
  folder: string,
  signal: AbortSignal,
): Promise<MigrationFile[] | "absent" | undefined> {
  const { config, commands } = context;
  const { checkout } = config.preflight;
  if (checkout === undefined) return undefined;
  const cwd = placeOf(context, checkout);
  const below = relative(cwd, placeOf(context, folder));
  if (below === "" || below.startsWith("..")) return undefined;
  const git = (...args: readonly string[]) => commands.git(args, { cwd, signal });
  const { gitSha } = config.release;
  const isKnown = async () => (await git("cat-file", "-e", `${gitSha}^{commit}`)).code === 0;
  const top = await git("rev-parse", "--show-prefix").catch(() => undefined);
  // Also where another folder's clone is around it.
  if (top?.code !== 0 || top.stdout.trim() !== "") return undefined;
  if (!(await isKnown())) await git("fetch", "--quiet", "origin", gitSha);
  if (!(await isKnown())) return "absent";
  const { stdout } = await git("ls-tree", "-z", "--name-only", gitSha, `${below}/`);
  const paths = stdout.split("\0").filter((path) => path.endsWith(".sql"));
  return Promise.all(
    paths.map(async (path) => ({
      name: path.slice(path.lastIndexOf("/") + 1),
      script: (await git("cat-file", "blob", `${gitSha}:${path}`)).stdout,
    })),
  );
}

function inFolder(context: PreflightContext, folder: string): MigrationFile[] | undefined {
  const { files } = context;
  const path = placeOf(context, folder);
  const names = files.list(path)?.filter((name) => name.endsWith(".sql"));
  return names?.map((name) => ({ name, script: files.read(join(path, name)) ?? "" }));
}

/** How many migrations the database does not have yet. */
function pendingCount(files: readonly MigrationFile[], plan: SchemaPlan): number {
  return files.filter(({ name }) => isDue({ level: levelOf(name) }, plan)).length;
}

function isDue({ level }: { readonly level: number }, { live }: SchemaPlan): boolean {
  return level > (live?.schema.level ?? 0);
}

function levelOf(name: string): number {
  return Number(name.slice(0, 4));
}

function parse(name: string, sql: SqlScript): Migration {
  const marks = sql.comments.flatMap((comment) => MARK.exec(comment)?.[1] ?? []);
  const contractsTo = marks.length === 0 ? undefined : Math.max(...marks.map(Number));
  return { name, level: levelOf(name), sql, contractsTo };
}

/** Expand first, contract later: what is taken away must be out of use in the live release and in every one to come. */
function contraction({ name, level, contractsTo }: Migration, { live, release }: SchemaPlan): string[] {
  if (contractsTo === undefined) return [];
  if (contractsTo >= level) return [`${name} contracts to level ${contractsTo}, which it makes itself: expand first`];
  if (release.schema.oldest < contractsTo)
    return [`${name} contracts to level ${contractsTo}, but sparki:release.schema.oldest is ${release.schema.oldest}`];
  if (live !== undefined && live.schema.level < contractsTo)
    return [`${name} is not due: ${live.id}, which is live, is code of level ${live.schema.level}`];
  return [];
}

/** A contraction that the database has already, and that the release says nothing of any more. */
function forgotten({ name, contractsTo = 0 }: Migration, { release }: SchemaPlan): string[] {
  const { oldest } = release.schema;
  if (oldest >= contractsTo) return [];
  return [
    `${name} has contracted the database to level ${contractsTo}, but sparki:release.schema.oldest is ${oldest}: a rollback would believe it`,
  ];
}

/** What may meet something that live code does, and cannot be seen in the migrations. */
function cautionsOf({ name, contractsTo }: Migration, effects: readonly Effect[][]): string[] {
  if (contractsTo !== undefined) return [];
  return effects.flat().flatMap(({ text, keepsRowsOf }) => {
    if (keepsRowsOf === undefined) return [];
    const table = plain(keepsRowsOf);
    return [
      `${name}: ${shortened(text)} keeps the live release from deleting a row of ${table} that a row of the new release refers to`,
    ];
  });
}

/** What is wrong with one file, which the application's runner runs in one transaction, or alone outside of one. */
function problemsOf({ name, sql, contractsTo }: Migration, effects: readonly Effect[][]): string[] {
  if (sql.problem !== undefined)
    return [
      `${name} is not SQL that PostgreSQL can parse: ${sql.problem}; psql's own commands and COPY's data do not run here`,
    ];
  const held = new Held();
  return effects.flatMap((actions) => {
    const problems = actions.flatMap((effect) => {
      const what = ruleAgainst(effect, contractsTo !== undefined) ?? mixture(effect, effects);
      return what === undefined ? [] : [`${name}: ${shortened(effect.text)} ${what}`];
    });
    const [first] = actions;
    const trouble = problems.length > 0 ? undefined : held.troubleWith(actions);
    held.take(actions);
    return trouble === undefined ? problems : [`${name}: ${shortened(first?.text ?? "")} ${trouble}`];
  });
}

function ruleAgainst({ rule: id, table }: Effect, isContraction: boolean): string | undefined {
  const rule: StatementRule | undefined = id && STATEMENT_RULES[id];
  if (rule === undefined || (rule.kind === "breaking" && isContraction)) return undefined;
  return `${rule.what}${lockOf(rule, table)}; ${rule.instead}`;
}

/** Why a statement cannot stand in one file with the others. */
function mixture({ isConcurrent, addsValue }: Effect, effects: readonly Effect[][]): string | undefined {
  if (isConcurrent && effects.length > 1)
    return "cannot run in the transaction that the runner opens for a file; put it into a migration of its own";
  if (addsValue && effects.flat().some((other) => !other.addsValue))
    return "adds a value that its own transaction may not use yet; put it into a migration of its own";
  return undefined;
}

function lockOf({ lock }: StatementRule, table: string | undefined): string {
  if (lock === undefined) return "";
  return ` under ${lock} on ${table === undefined ? "its table" : plain(table)}`;
}

/** The locks on tables of live code that a file's transaction holds by now. */
class Held {
  #exclusive: string | undefined;
  readonly #tables = new Set<string>();

  /** Why an otherwise allowed statement must not run now: a lock stays until the file's transaction ends. */
  troubleWith(actions: readonly Effect[]): string | undefined {
    const locks = actions.flatMap((action) => action.locks);
    const exclusive = this.#exclusive ?? locks.find((lock) => lock.exclusive)?.table;
    const [blocked] = [...this.#tables, ...(actions.length > 1 ? locks.map(({ table }) => table) : [])];
    if (actions.some(({ isLong }) => isLong) && blocked !== undefined)
      return `takes its time under ${blocked === exclusive ? "AccessExclusiveLock" : "ShareRowExclusiveLock"} on ${plain(blocked)}, which the file holds to its end; put it into the next migration`;
    const other = locks.find(({ table }) => table !== exclusive);
    if (exclusive !== undefined && other !== undefined)
      return `waits for ${plain(other.table)} while the file holds AccessExclusiveLock on ${plain(exclusive)}; put it into the next migration`;
    return undefined;
  }

  take(actions: readonly Effect[]): void {
    for (const { table, exclusive } of actions.flatMap((action) => action.locks)) {
      this.#tables.add(table);
      if (exclusive) this.#exclusive ??= table;
    }
  }
}

function plain(table: string): string {
  return table.replace(/^public\./, "");
}

function shortened(statement: string): string {
  return statement.length > 60 ? `${statement.slice(0, 59)}…` : statement;
}

export const migrations: Check = {
  id: "migrations",
  group: "Application",
  title: "Database migrations",
  proves:
    "The release's code runs on the database as it is, and its migrations only add, lock no table for long, and remove only what is no longer used.",
  // It only computes, beside all others.
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { config, state } = context;
    const { resources } = await state.read();
    const plan = { release: config.release, live: promotionIn(resources)?.release };
    const outgrown = outgrownBy(plan);
    if (outgrown !== undefined)
      return fail(outgrown, "deploy a release of main as it is now; an old run of CI deploys an old one");
    const folder = config.preflight.migrations;
    if (folder === undefined) return skipped("no sparki:preflight.migrations folder is configured");
    const read = (await inCommit(context, folder, signal)) ?? inFolder(context, folder);
    if (read === undefined)
      return fail(`${folder} is not there`, "check out the application there, or correct sparki:preflight.migrations");
    if (read === "absent")
      return fail(
        `the clone that ${folder} is in does not have commit ${config.release.gitSha.slice(0, 12)}, whose migrations the release runs`,
        `git -C ${config.preflight.checkout} fetch origin ${config.release.gitSha}`,
      );
    const { problems, cautions } = await judgeMigrations(read, plan);
    if (problems.length > 0)
      return fail(problems.join("\n"), "expand now and contract in a later release; see docs/preflight.md#migrations");
    const count = pendingCount(read, plan);
    const found = count === 0 ? "none to run" : `${count} to run, up to level ${config.release.schema.level}`;
    if (cautions.length === 0) return pass(found);
    return warn(
      [found, ...cautions].join("\n"),
      "add ON DELETE CASCADE or SET NULL, unless the live release deletes no such row",
    );
  },
};
