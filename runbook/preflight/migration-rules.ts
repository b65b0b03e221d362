/** Why a kind of statement is dangerous while the release before still serves. */
export interface StatementRule {
  /** Breaking takes away what live code may use: only a contraction may. Locking stops all work on a table for as long as it takes. */
  readonly kind: "breaking" | "locking";
  readonly pattern: RegExp;
  readonly what: string;
  readonly instead: string;
}

const ALTER = String.raw`^ALTER TABLE\b.*\b`;
const breaking = (pattern: string, what: string, instead: string): StatementRule =>
  rule("breaking", pattern, what, instead);
const locking = (pattern: string, what: string, instead: string): StatementRule =>
  rule("locking", pattern, what, instead);

/** What no expanding migration may do; each is looked for in one statement without comments, texts and line breaks. */
export const STATEMENT_RULES: readonly StatementRule[] = [
  breaking("^DROP (?!INDEX)", "drops what it names", "contract in a later release"),
  breaking(
    `${ALTER}DROP (COLUMN|(?!CONSTRAINT|DEFAULT|NOT NULL|EXPRESSION|IDENTITY))`,
    "drops a column",
    "contract in a later release",
  ),
  breaking(`${ALTER}DROP DEFAULT`, "drops a default that inserts may rely on", "contract in a later release"),
  breaking("^TRUNCATE", "empties a table", "delete in small steps, from the application"),
  breaking(String.raw`^DELETE\b(?!.*\bWHERE\b)`, "deletes every row", "delete in small steps, from the application"),
  breaking(
    String.raw`^ALTER\b.*\bRENAME\b`,
    "renames what live code names",
    "add the new one, write both, then contract",
  ),
  breaking(
    `${ALTER}(SET DATA )?TYPE`,
    "changes a column's type, which rewrites the table",
    "add a new column and write both",
  ),
  breaking(
    `${ALTER}SET NOT NULL`,
    "refuses what live code may insert",
    "add a CHECK ... NOT VALID, validate it, then contract",
  ),
  breaking(
    String.raw`${ALTER}ADD (COLUMN )?(?!CONSTRAINT)(?=.*\bNOT NULL\b)(?!.*\b(DEFAULT|GENERATED)\b)`,
    "adds a column that live code does not fill",
    "give it a DEFAULT",
  ),
  locking(
    "^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)",
    "blocks writes while the index is built",
    "CREATE INDEX CONCURRENTLY",
  ),
  locking(
    String.raw`${ALTER}ADD (CONSTRAINT \S+ )?(CHECK|FOREIGN KEY)\b(?!.*\bNOT VALID\b)`,
    "checks every row under a lock",
    "add it NOT VALID, then VALIDATE CONSTRAINT in the next migration",
  ),
  locking(
    String.raw`${ALTER}ADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY)\b(?!.*\bUSING INDEX\b)`,
    "builds an index under a lock",
    "CREATE UNIQUE INDEX CONCURRENTLY, then ADD ... USING INDEX",
  ),
  locking(
    String.raw`${ALTER}ADD .*\bDEFAULT (.*\b)?(RANDOM|GEN_RANDOM_UUID|UUID_GENERATE_V4|CLOCK_TIMESTAMP|NEXTVAL)\b`,
    "computes a value for every row, which rewrites the table",
    "add it without a DEFAULT and fill it in small steps",
  ),
  locking(`${ALTER}GENERATED ALWAYS AS .* STORED`, "rewrites the table", "fill a plain column from the application"),
  locking(`${ALTER}SET (TABLESPACE|LOGGED|UNLOGGED)`, "rewrites the table", "do it in a maintenance window"),
  locking("^(VACUUM FULL|VACUUM \\(.*FULL|CLUSTER|LOCK)\\b", "locks the table", "leave it out"),
  locking("^REINDEX (?!.*CONCURRENTLY)", "blocks writes while the index is built", "REINDEX CONCURRENTLY"),
  locking("^REFRESH MATERIALIZED VIEW (?!CONCURRENTLY)", "blocks reads", "REFRESH MATERIALIZED VIEW CONCURRENTLY"),
];

function rule(kind: StatementRule["kind"], pattern: string, what: string, instead: string): StatementRule {
  return { kind, pattern: new RegExp(pattern, "i"), what, instead };
}
