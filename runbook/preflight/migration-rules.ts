/** Why a kind of statement is dangerous while the release before still serves. */
export interface StatementRule {
  /**
   * Breaking takes away what live code may use: only a contraction may. Locking stops all work on a table for as long as
   * it takes. Hiding keeps from view what is done.
   */
  readonly kind: "breaking" | "locking" | "hiding";
  /** Looked for in one statement without comments, texts and line breaks, in either case. */
  readonly pattern: RegExp;
  /** A statement that it refuses. */
  readonly example: string;
  readonly what: string;
  readonly instead: string;
}

const LATER = "contract in a later release";
const SLOWLY = "delete in small steps, from the application";

/** A statement of this word that no condition limits to some rows, also one inside of a `WITH` or after it. */
function everyRow(word: "DELETE" | "UPDATE"): RegExp {
  const some = String.raw`WHERE (?!TRUE\b)`;
  const alone = String.raw`(?:^|^WITH\b.*\) ?)${word}\b(?!.*\b${some})`;
  const inside = String.raw`^WITH\b.*\( ?${word}\b(?![^)]*\b${some})`;
  return new RegExp(`${alone}|${inside}`, "i");
}

/** What no expanding migration may do; the first that fits a statement tells of it. */
export const STATEMENT_RULES: readonly StatementRule[] = [
  {
    kind: "breaking",
    pattern: /^DROP (?!INDEX)/i,
    example: "DROP TABLE projects",
    what: "drops what it names",
    instead: LATER,
  },
  {
    kind: "breaking",
    pattern: /^ALTER TABLE\b.*\bDROP (COLUMN|(?!CONSTRAINT|DEFAULT|NOT NULL|EXPRESSION|IDENTITY))/i,
    example: "ALTER TABLE projects DROP COLUMN name",
    what: "drops a column",
    instead: LATER,
  },
  {
    kind: "breaking",
    pattern: /^ALTER TABLE\b.*\bDROP DEFAULT/i,
    example: "ALTER TABLE projects ALTER name DROP DEFAULT",
    what: "drops a default that inserts may rely on",
    instead: LATER,
  },
  {
    kind: "breaking",
    pattern: /^TRUNCATE/i,
    example: "TRUNCATE projects",
    what: "empties a table",
    instead: SLOWLY,
  },
  {
    kind: "breaking",
    pattern: everyRow("DELETE"),
    example: "DELETE FROM projects",
    what: "deletes every row",
    instead: SLOWLY,
  },
  {
    kind: "breaking",
    pattern: everyRow("UPDATE"),
    example: "UPDATE projects SET name = NULL",
    what: "overwrites every row",
    instead: "say WHERE, or change them in small steps, from the application",
  },
  {
    kind: "breaking",
    pattern: /^ALTER\b.*\b(RENAME|SET SCHEMA)\b/i,
    example: "ALTER TABLE projects RENAME name TO title",
    what: "renames what live code names",
    instead: "add the new one, write both, then contract",
  },
  {
    kind: "breaking",
    pattern: /^ALTER TABLE\b.*\bALTER (COLUMN )?(?!COLUMN )\S+ (SET DATA )?TYPE\b/i,
    example: "ALTER TABLE projects ALTER name TYPE varchar(9)",
    what: "changes a column's type, which rewrites the table",
    instead: "add a new column and write both",
  },
  {
    kind: "breaking",
    pattern: /^ALTER TABLE\b.*\bSET NOT NULL/i,
    example: "ALTER TABLE projects ALTER name SET NOT NULL",
    what: "refuses what live code may insert",
    instead: "add a CHECK ... NOT VALID, validate it, then contract",
  },
  {
    kind: "breaking",
    pattern: /^ALTER TABLE\b.*\bADD (COLUMN )?(?!CONSTRAINT)(?=.*\bNOT NULL\b)(?!.*\b(DEFAULT|GENERATED)\b)/i,
    example: "ALTER TABLE projects ADD owner text NOT NULL",
    what: "adds a column that live code does not fill",
    instead: "give it a DEFAULT",
  },
  {
    kind: "locking",
    pattern: /^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)/i,
    example: "CREATE INDEX by_name ON projects (name)",
    what: "blocks writes while the index is built",
    instead: "CREATE INDEX CONCURRENTLY",
  },
  {
    kind: "locking",
    pattern: /^ALTER TABLE\b.*\bADD (CONSTRAINT \S+ )?(CHECK|FOREIGN KEY)\b(?!.*\bNOT VALID\b)/i,
    example: "ALTER TABLE projects ADD CHECK (name <> '')",
    what: "checks every row under a lock",
    instead: "add it NOT VALID, then VALIDATE CONSTRAINT in the next migration",
  },
  {
    kind: "locking",
    pattern: /^ALTER TABLE\b.*\bADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY)\b(?!.*\bUSING INDEX\b)/i,
    example: "ALTER TABLE projects ADD UNIQUE (name)",
    what: "builds an index under a lock",
    instead: "CREATE UNIQUE INDEX CONCURRENTLY, then ADD ... USING INDEX",
  },
  {
    kind: "locking",
    pattern:
      /^ALTER TABLE\b.*\bADD .*\bDEFAULT (.*\b)?(RANDOM|GEN_RANDOM_UUID|UUID_GENERATE_V4|CLOCK_TIMESTAMP|NEXTVAL)\b/i,
    example: "ALTER TABLE projects ADD key uuid DEFAULT gen_random_uuid()",
    what: "computes a value for every row, which rewrites the table",
    instead: "add it without a DEFAULT and fill it in small steps",
  },
  {
    kind: "locking",
    pattern:
      /^ALTER TABLE\b.*\bADD (COLUMN )?(IF NOT EXISTS )?\S+ ((SMALL|BIG)?SERIAL\d?\b|.*\bGENERATED (ALWAYS|BY DEFAULT) AS IDENTITY\b)/i,
    example: "ALTER TABLE projects ADD number bigserial",
    what: "numbers every row, which rewrites the table",
    instead: "add a plain column, give it the DEFAULT afterwards, and fill it in small steps",
  },
  {
    kind: "locking",
    pattern: /^ALTER TABLE\b.*\bGENERATED ALWAYS AS .* STORED/i,
    example: "ALTER TABLE projects ADD low text GENERATED ALWAYS AS (lower(name)) STORED",
    what: "rewrites the table",
    instead: "fill a plain column from the application",
  },
  {
    kind: "locking",
    pattern: /^ALTER TABLE\b.*\bSET (TABLESPACE|LOGGED|UNLOGGED)/i,
    example: "ALTER TABLE projects SET TABLESPACE fast",
    what: "rewrites the table",
    instead: "do it by hand, in a maintenance window",
  },
  {
    kind: "locking",
    pattern: /^(VACUUM FULL|VACUUM \(.*FULL|CLUSTER|LOCK)\b/i,
    example: "VACUUM FULL projects",
    what: "locks the table",
    instead: "leave it out",
  },
  {
    kind: "locking",
    pattern: /^REINDEX (?!.*CONCURRENTLY)/i,
    example: "REINDEX TABLE projects",
    what: "blocks writes while the index is built",
    instead: "REINDEX TABLE CONCURRENTLY",
  },
  {
    kind: "locking",
    pattern: /^REFRESH MATERIALIZED VIEW (?!CONCURRENTLY)/i,
    example: "REFRESH MATERIALIZED VIEW totals",
    what: "blocks reads",
    instead: "REFRESH MATERIALIZED VIEW CONCURRENTLY",
  },
  {
    kind: "hiding",
    pattern: /^(DO|CALL)\b/i,
    example: "DO $$ BEGIN DROP TABLE projects; END $$",
    what: "hides what it does",
    instead: "write its statements out",
  },
];
