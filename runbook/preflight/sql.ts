import type { Node } from "libpg-query";

/** One statement as PostgreSQL's own parser reads it. */
export interface SqlStatement {
  readonly node: Node;
  /** As it is written, on one line. */
  readonly text: string;
  /** The actions of an ALTER TABLE as they are written, in order; one entry for any other statement. */
  readonly actions: readonly string[];
}

export interface SqlScript {
  readonly statements: readonly SqlStatement[];
  /** Each comment that begins with `--` on a line of its own, in order. */
  readonly comments: readonly string[];
  /** What PostgreSQL says about a script that it cannot read; then there are no statements. */
  readonly problem?: string;
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokenName: string;
}

const COMMENTS = new Set(["SQL_COMMENT", "C_COMMENT"]);

/** Reads scripts by PostgreSQL's own parser, which is loaded at the first call only (about 15 ms). */
export async function sqlReader(): Promise<(script: string) => SqlScript> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  return (script) => {
    if (script.trim() === "") return { statements: [], comments: [] };
    try {
      // First, because what the scanner says about a script that it cannot read is cut off.
      const { stmts = [] } = parser.parseSync(script);
      const { tokens } = parser.scanSync(script);
      const bytes = Buffer.from(script);
      const comments = tokens.filter((token) => isOwnLine(token, bytes)).map(({ text }) => text);
      const statements = stmts.flatMap(({ stmt, stmt_location = 0, stmt_len }) => {
        const end = stmt_len === undefined || stmt_len === 0 ? Number.POSITIVE_INFINITY : stmt_location + stmt_len;
        const own = tokens.filter((token) => token.start >= stmt_location && token.start < end);
        return stmt === undefined ? [] : [{ node: stmt, ...written(own.filter(isSubstance), bytes) }];
      });
      return { statements, comments };
    } catch (error) {
      // The parser's own refusal, and its stack's end on an endless nesting.
      return { statements: [], comments: [], problem: error instanceof Error ? error.message : String(error) };
    }
  };
}

function isSubstance({ tokenName, text }: Token): boolean {
  return !COMMENTS.has(tokenName) && text !== ";";
}

function isOwnLine({ tokenName, start }: Token, bytes: Buffer): boolean {
  const before = bytes.toString("utf8", bytes.lastIndexOf("\n", start) + 1, start);
  return tokenName === "SQL_COMMENT" && before.trim() === "";
}

/** The parser counts bytes, so the text is cut from them. */
function written(tokens: readonly Token[], bytes: Buffer) {
  const parts: string[] = [""];
  let depth = 0;
  let end = 0;
  for (const { start, end: after, text } of tokens) {
    if (text === "(" || text === "[") depth += 1;
    if (text === ")" || text === "]") depth -= 1;
    const gap = start > end && end > 0 ? " " : "";
    if (text === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += gap + bytes.toString("utf8", start, after).replaceAll(/\s+/g, " ");
    end = after;
  }
  const trimmed = parts.map((part) => part.trim());
  return { text: trimmed.join(", "), actions: trimmed };
}
