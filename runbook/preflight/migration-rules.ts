/** Why a statement may not run, or not unmarked, while the release before still serves. */
export interface StatementRule {
  /**
   * Breaking takes away what live code may use: only a contraction may. Locking stops work on a table for as long as the
   * table is large. Unreadable is everything whose effect beside traffic is not known from its text.
   */
  readonly kind: "breaking" | "locking" | "unreadable";
  /** A statement that it refuses. */
  readonly example: string;
  readonly what: string;
  /** The table lock that PostgreSQL takes for it, by its name in pg_locks; undefined where it takes none worth naming. */
  readonly lock?: string;
  readonly instead: string;
}

const LATER = "contract in a later release";
const FITTING = "have a release write only what fits";
const SLOWLY = "delete in small steps, from the application";
const BY_HAND = "do it by hand, in a maintenance window";
const WRITE_OUT = "write its statements out";
const EXCLUSIVE = "AccessExclusiveLock";

/** Everything that is known not to be safe. What no rule names, and what is not on the list of the allowed, is `unlisted`. */
export const STATEMENT_RULES = {
  drop: {
    kind: "breaking",
    example: "DROP TABLE owners",
    what: "drops an object",
    lock: EXCLUSIVE,
    instead: LATER,
  },
  dropColumn: {
    kind: "breaking",
    example: "ALTER TABLE projects DROP COLUMN name",
    what: "drops a column",
    lock: EXCLUSIVE,
    instead: LATER,
  },
  dropDefault: {
    kind: "breaking",
    example: "ALTER TABLE projects ALTER name DROP DEFAULT",
    what: "drops a default that inserts may rely on",
    lock: EXCLUSIVE,
    instead: LATER,
  },
  setDefault: {
    kind: "breaking",
    example: "ALTER TABLE projects ALTER name SET DEFAULT 'new'",
    what: "changes what an INSERT of live code gets that leaves the column out",
    lock: EXCLUSIVE,
    instead: "write the value from the application, or contract in a later release",
  },
  addCheckLater: {
    kind: "breaking",
    example: "ALTER TABLE projects ADD CHECK (name <> '') NOT VALID",
    what: "refuses what live code may write: NOT VALID spares only rows that are there, until they are changed",
    lock: EXCLUSIVE,
    instead: `${FITTING}, correct the rows that do not, then contract`,
  },
  addReference: {
    kind: "breaking",
    example: "ALTER TABLE projects ADD FOREIGN KEY (owner) REFERENCES owners NOT VALID",
    what: "refuses what live code may write or delete: NOT VALID spares only rows that are there, until they are changed",
    lock: "ShareRowExclusiveLock",
    instead: `${FITTING}, correct the rows that do not, then contract`,
  },
  addUniqueIndex: {
    kind: "breaking",
    example: "CREATE UNIQUE INDEX CONCURRENTLY by_name ON projects (name)",
    what: "refuses rows that live code may write, while it is built too, and where that fails until it is dropped",
    instead: `${FITTING}, correct the rows that do not, then contract`,
  },
  dropUsedIndex: {
    kind: "breaking",
    example: "DROP INDEX CONCURRENTLY by_number",
    what: "drops an index that queries or ON CONFLICT of live code may need",
    instead: LATER,
  },
  overload: {
    kind: "breaking",
    example: "CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql AS 'SELECT n + n'",
    what: "may make calls of live code ambiguous, or be called in place of the function that it means",
    instead: "make it under another name",
  },
  dropConstraint: {
    kind: "breaking",
    example: "ALTER TABLE projects DROP CONSTRAINT projects_pkey",
    what: "drops a constraint that no migration added as CHECK or FOREIGN KEY, so that ON CONFLICT may rely on it",
    lock: EXCLUSIVE,
    instead: LATER,
  },
  truncate: {
    kind: "breaking",
    example: "TRUNCATE projects",
    what: "empties a table",
    lock: EXCLUSIVE,
    instead: SLOWLY,
  },
  deleteAll: {
    kind: "breaking",
    example: "DELETE FROM projects",
    what: "deletes every row",
    lock: "RowExclusiveLock",
    instead: SLOWLY,
  },
  updateAll: {
    kind: "breaking",
    example: "UPDATE projects SET name = NULL",
    what: "overwrites every row",
    lock: "RowExclusiveLock",
    instead: "add a WHERE clause, or change them in small steps, from the application",
  },
  rename: {
    kind: "breaking",
    example: "ALTER TABLE projects RENAME name TO title",
    what: "renames an object that live code uses",
    lock: EXCLUSIVE,
    instead: "add the new one, write both, then contract",
  },
  narrow: {
    kind: "breaking",
    example: "ALTER TABLE projects ALTER number ADD GENERATED ALWAYS AS IDENTITY",
    what: "changes what live code may write or read",
    lock: EXCLUSIVE,
    instead: LATER,
  },
  replace: {
    kind: "breaking",
    example: "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
    what: "replaces what live code uses",
    instead: "make it under another name, then contract",
  },
  trigger: {
    kind: "breaking",
    example: "CREATE TRIGGER stamped BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION stamp()",
    what: "runs its own code on writes of live code",
    lock: "ShareRowExclusiveLock",
    instead: "write both from the application, or mark it",
  },
  addRequired: {
    kind: "breaking",
    example: "ALTER TABLE projects ADD team text NOT NULL",
    what: "adds a column that live code does not fill",
    lock: EXCLUSIVE,
    instead: "give it a DEFAULT",
  },
  cascade: {
    kind: "unreadable",
    example: "DROP TABLE projects CASCADE",
    what: "drops with CASCADE objects that it does not name",
    lock: EXCLUSIVE,
    instead: "drop each of them by name, as a contraction",
  },
  changeType: {
    kind: "locking",
    example: "ALTER TABLE projects ALTER name TYPE varchar(9)",
    what: "changes a column's type, which rewrites the table",
    lock: EXCLUSIVE,
    instead: "add a new column and write both",
  },
  setNotNull: {
    kind: "locking",
    example: "ALTER TABLE projects ALTER owner SET NOT NULL",
    what: "reads every row, and refuses what live code may insert",
    lock: EXCLUSIVE,
    instead:
      "add a CHECK (... IS NOT NULL) NOT VALID, validate it in the next migration, then SET NOT NULL reads nothing",
  },
  createIndex: {
    kind: "locking",
    example: "CREATE INDEX by_name ON projects (name)",
    what: "blocks writes while the index is built",
    lock: "ShareLock",
    instead: "CREATE INDEX CONCURRENTLY, in a migration of its own",
  },
  dropIndex: {
    kind: "locking",
    example: "DROP INDEX by_number",
    what: "stops reads and writes of the index's table",
    lock: EXCLUSIVE,
    instead: "DROP INDEX CONCURRENTLY, in a migration of its own",
  },
  severalIndexes: {
    kind: "unreadable",
    example: "DROP INDEX CONCURRENTLY by_number, one_name",
    what: "drops several indexes, of which PostgreSQL drops CONCURRENTLY only one at a time",
    instead: "drop each in a migration of its own",
  },
  partitionedIndex: {
    kind: "locking",
    example: "CREATE INDEX CONCURRENTLY by_year ON measured (year)",
    what: "is about an index over all partitions, with which PostgreSQL does nothing CONCURRENTLY",
    instead: BY_HAND,
  },
  addCheck: {
    kind: "locking",
    example: "ALTER TABLE projects ADD CHECK (name <> '')",
    what: "checks every row",
    lock: EXCLUSIVE,
    instead: "add it NOT VALID, then VALIDATE CONSTRAINT in the next migration",
  },
  addForeignKey: {
    kind: "locking",
    example: "ALTER TABLE projects ADD FOREIGN KEY (owner) REFERENCES owners",
    what: "checks every row",
    lock: "ShareRowExclusiveLock",
    instead: "add it NOT VALID, then VALIDATE CONSTRAINT in the next migration",
  },
  addUnique: {
    kind: "locking",
    example: "ALTER TABLE projects ADD UNIQUE (name)",
    what: "builds an index",
    lock: EXCLUSIVE,
    instead: "CREATE UNIQUE INDEX CONCURRENTLY in a migration of its own, then ADD CONSTRAINT ... UNIQUE USING INDEX",
  },
  addPrimaryKey: {
    kind: "locking",
    example: "ALTER TABLE projects ADD PRIMARY KEY USING INDEX one_name",
    what: "reads every row, unless earlier migrations made each of its columns NOT NULL and its index",
    lock: EXCLUSIVE,
    instead: "SET NOT NULL over a validated CHECK, CREATE UNIQUE INDEX CONCURRENTLY, then ADD PRIMARY KEY USING INDEX",
  },
  addExclusion: {
    kind: "locking",
    example: "ALTER TABLE projects ADD EXCLUDE (name WITH =)",
    what: "builds an index",
    lock: EXCLUSIVE,
    instead: BY_HAND,
  },
  addColumnChecked: {
    kind: "locking",
    example: "ALTER TABLE projects ADD n int DEFAULT 0 CHECK (n >= 0)",
    what: "adds a column with a constraint, which reads every row or builds an index",
    lock: EXCLUSIVE,
    instead: "add the plain column, then its constraint: NOT VALID and validated later, or USING INDEX",
  },
  addColumnComputed: {
    kind: "locking",
    example: "ALTER TABLE projects ADD key uuid DEFAULT gen_random_uuid()",
    what: "computes a value for every row, which rewrites the table",
    lock: EXCLUSIVE,
    instead: "add it without a DEFAULT, ALTER it SET DEFAULT afterwards, and fill it in small steps",
  },
  addColumnNumbered: {
    kind: "locking",
    example: "ALTER TABLE projects ADD position bigserial",
    what: "numbers every row, which rewrites the table",
    lock: EXCLUSIVE,
    instead: "add a plain column, give it the DEFAULT afterwards, and fill it in small steps",
  },
  addColumnGenerated: {
    kind: "locking",
    example: "ALTER TABLE projects ADD low text GENERATED ALWAYS AS (lower(name)) STORED",
    what: "rewrites the table",
    lock: EXCLUSIVE,
    instead: "fill a plain column from the application",
  },
  addColumnOfUnknownType: {
    kind: "locking",
    example: "ALTER TABLE projects ADD mail address",
    what: "has a type that is neither PostgreSQL's own nor an ENUM of an earlier migration; a domain's checks read every row",
    lock: EXCLUSIVE,
    instead: "use PostgreSQL's own type, with a CHECK that is added NOT VALID",
  },
  rewrite: {
    kind: "locking",
    example: "ALTER TABLE projects SET UNLOGGED",
    what: "rewrites the table",
    lock: EXCLUSIVE,
    instead: BY_HAND,
  },
  vacuumFull: {
    kind: "locking",
    example: "VACUUM FULL projects",
    what: "rewrites the table",
    lock: EXCLUSIVE,
    instead: "leave it out",
  },
  cluster: {
    kind: "locking",
    example: "CLUSTER projects USING projects_pkey",
    what: "rewrites the table",
    lock: EXCLUSIVE,
    instead: "leave it out",
  },
  lock: {
    kind: "locking",
    example: "LOCK TABLE projects",
    what: "locks the table",
    lock: EXCLUSIVE,
    instead: "leave it out",
  },
  lockRows: {
    kind: "locking",
    example: "SELECT id FROM projects FOR UPDATE",
    what: "locks every row against writes until the migration ends",
    lock: "RowShareLock",
    instead: "add WHERE or LIMIT, or remove the locking clause",
  },
  reindex: {
    kind: "locking",
    example: "REINDEX TABLE projects",
    what: "blocks writes while the index is built",
    lock: "ShareLock",
    instead: "REINDEX TABLE CONCURRENTLY, in a migration of its own",
  },
  refresh: {
    kind: "locking",
    example: "REFRESH MATERIALIZED VIEW totals",
    what: "blocks reads",
    lock: EXCLUSIVE,
    instead: "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index over all of its rows",
  },
  partition: {
    kind: "locking",
    example: "CREATE TABLE measured_2027 PARTITION OF measured FOR VALUES FROM (2027) TO (2028)",
    what: "may read every row of a default partition",
    lock: EXCLUSIVE,
    instead: BY_HAND,
  },
  disableTrigger: {
    kind: "unreadable",
    example: "ALTER TABLE projects DISABLE TRIGGER ALL",
    what: "disables the table's triggers, for live code too",
    lock: "ShareRowExclusiveLock",
    instead: "leave it out",
  },
  setting: {
    kind: "unreadable",
    example: "SET lock_timeout = 0",
    what: "changes a setting that the runner relies on",
    instead:
      "leave it out; only SET LOCAL lock_timeout, of 1 ms to 3 s, and SET LOCAL statement_timeout, above 0, may stay",
  },
  transaction: {
    kind: "unreadable",
    example: "COMMIT",
    what: "ends or divides the runner's transaction, and its locks and time-outs with it",
    instead: "leave it out, and move what must run separately to a migration of its own",
  },
  hidden: {
    kind: "unreadable",
    example: "DO $$ BEGIN DROP TABLE projects; END $$",
    what: "hides its statements",
    instead: WRITE_OUT,
  },
  calls: {
    kind: "unreadable",
    example: "SELECT set_config('lock_timeout', '0', false)",
    what: "calls a function whose effect cannot be analysed",
    instead: `${WRITE_OUT}, or use PostgreSQL's own pure functions`,
  },
  copy: {
    kind: "unreadable",
    example: "COPY projects FROM '/tmp/projects.csv'",
    what: "reads or writes data outside the migration",
    instead: "INSERT the rows, or load them from the application",
  },
  notInTransaction: {
    kind: "unreadable",
    example: "VACUUM projects",
    what: "cannot run in the runner's transaction",
    instead: "leave it out; only CREATE INDEX, DROP INDEX and REINDEX CONCURRENTLY run outside of one",
  },
  unnamed: {
    kind: "unreadable",
    example: "CREATE INDEX CONCURRENTLY ON projects (name)",
    what: "has no name, so that an invalid index could not be found after an interruption",
    instead: "give the index a name",
  },
  rights: {
    kind: "unreadable",
    example: "GRANT TRUNCATE ON projects TO PUBLIC",
    what: "gives more than rights to rows",
    instead: "grant SELECT, INSERT, UPDATE and DELETE, USAGE of sequences, schemas and types, or EXECUTE, to a role",
  },
  definer: {
    kind: "unreadable",
    example: "CREATE FUNCTION emptied() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM projects'",
    what: "runs with the rights of the migrations' user, whoever calls it",
    instead: "leave out SECURITY DEFINER",
  },
  unlogged: {
    kind: "unreadable",
    example: "CREATE UNLOGGED TABLE drafts (id uuid)",
    what: "makes something that a failover or a crash empties",
    instead: "leave out UNLOGGED",
  },
  unlisted: {
    kind: "unreadable",
    example: "ALTER TABLE projects REPLICA IDENTITY FULL",
    what: "is not on the list of statements that may run under traffic",
    instead: BY_HAND,
  },
} as const satisfies Readonly<Record<string, StatementRule>>;

export type RuleId = keyof typeof STATEMENT_RULES;

/** What may run beside traffic, by example; a table `fresh` stands for one that the same deployment creates. */
export const ALLOWED_EXAMPLES: readonly { readonly statement: string; readonly because: string }[] = [
  { statement: "CREATE TABLE teams (id uuid PRIMARY KEY)", because: "a new table has no readers" },
  {
    statement: "ALTER TABLE projects ADD team text NOT NULL DEFAULT ''",
    because: "a constant is kept in the catalogue",
  },
  {
    statement: "ALTER TABLE projects ALTER number SET DEFAULT 0",
    because: "every INSERT of live code sets the column, which is NOT NULL and had no default",
  },
  {
    statement: "ALTER TABLE projects ADD size int, ADD CHECK (size > 0) NOT VALID",
    because: "no row is read, and live code leaves the new column at NULL",
  },
  { statement: "ALTER TABLE projects VALIDATE CONSTRAINT is_long", because: "reads and writes continue" },
  {
    statement: "ALTER TABLE projects ADD CONSTRAINT one UNIQUE USING INDEX one_name",
    because: "the index already exists",
  },
  {
    statement: "CREATE INDEX CONCURRENTLY by_name ON projects (name)",
    because: "alone in its file, reads and writes continue",
  },
  {
    statement: "CREATE UNIQUE INDEX CONCURRENTLY by_both ON projects (id, name)",
    because: "id is unique by itself already, so nothing more is refused",
  },
  {
    statement: "UPDATE projects SET name = '' WHERE name IS NULL",
    because: "only the rows that it changes are locked",
  },
  { statement: "CREATE TYPE kind AS ENUM ('new', 'old')", because: "nothing uses it yet" },
  { statement: "CREATE VIEW named AS SELECT id FROM projects", because: "nothing uses it yet" },
];
