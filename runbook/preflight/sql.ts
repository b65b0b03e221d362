import type { Node, TypeName } from "libpg-query";
import { namesIn } from "./migration-facts.ts";

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

const NOT_UTF8 = "it is not text in UTF-8: it holds a NUL, as UTF-16 has, or bytes of another encoding";

const COMMENTS = new Set(["SQL_COMMENT", "C_COMMENT"]);

/** Reads scripts by PostgreSQL's own parser, which is loaded at the first call only (about 15 ms). */
export async function sqlReader(): Promise<(script: string) => SqlScript> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  return (script) => {
    // The parser reads to the first NUL, and the server may not; what was not UTF-8 is not in the text any more.
    if (/[\0\ufffd]/.test(script)) return { statements: [], comments: [], problem: NOT_UTF8 };
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

/** PostgreSQL's own functions that give every row of one statement the same value, or depend on their arguments alone. */
const STEADY = new Set(
  (
    "abs array_length array_to_string btrim ceil char_length coalesce concat concat_ws current_schema date_part " +
    "date_trunc decode encode extract floor format greatest initcap int4range int8range jsonb_build_array " +
    "jsonb_build_object left length lower lpad ltrim make_date make_interval make_timestamptz md5 mod now numrange " +
    "overlay position regexp_replace repeat replace right round rpad rtrim sha256 split_part " +
    "statement_timestamp strpos substr substring timezone to_char to_date to_timestamp transaction_timestamp translate " +
    "trim trunc tstzrange upper"
  ).split(" "),
);

/** Further ones that are safe to call once a row: they read what they are given, or make one value. */
const HARMLESS = new Set(
  (
    "array_agg avg bool_and bool_or clock_timestamp count dense_rank every first_value gen_random_uuid generate_series " +
    "jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_agg " +
    "jsonb_object_keys lag last_value lead max min nextval random rank regexp_split_to_table row_number " +
    "string_agg string_to_table sum unnest"
  ).split(" "),
);

/** PostgreSQL's own types that are no domain and number nothing. */
const TYPES = new Set(
  (
    "bit bool boolean box bpchar bytea char cidr circle date daterange float4 float8 inet int2 int4 int4range int8 " +
    "int8range interval json jsonb jsonpath line lseg macaddr macaddr8 money name numeric numrange oid path pg_lsn " +
    "point polygon text time timestamp timestamptz timetz tsquery tsrange tstzrange tsvector uuid varbit varchar xml"
  ).split(" "),
);

const SERIAL = /^(small|big)?serial[248]?$/;

/** What a column's type is: PostgreSQL's own, a serial, or another one by its name. */
export function typeOf(type: TypeName | undefined): {
  readonly kind: "own" | "serial" | "other";
  readonly name: string;
} {
  const names = namesIn(type?.names);
  const name = names.at(-1) ?? "";
  const isOwn = names.length === 1 || names[0] === "pg_catalog";
  if (isOwn && SERIAL.test(name)) return { kind: "serial", name };
  if (isOwn && TYPES.has(name) && !type?.pct_type && !type?.setof) return { kind: "own", name };
  return { kind: "other", name: names.length === 1 ? `public.${name}` : names.join(".") };
}

/** Whether an expression has one value for a whole statement: constants, casts to PostgreSQL's own types, steady functions. */
export function isSteady(expression: Node | undefined, isKnownType: (type: string) => boolean): boolean {
  if (expression === undefined) return true;
  for (const node of nodesIn(expression)) {
    if ("FuncCall" in node && !isOf(node.FuncCall.funcname, STEADY)) return false;
    if ("SubLink" in node || "ColumnRef" in node) return false;
    if ("TypeCast" in node) {
      const { kind, name } = typeOf(node.TypeCast.typeName);
      if (kind !== "own" && !isKnownType(name)) return false;
    }
  }
  return true;
}

/** The first function that a statement calls whose effect is not known; undefined when there is none. */
export function unknownCall(statement: Node): string | undefined {
  for (const node of nodesIn(statement)) {
    if (!("FuncCall" in node)) continue;
    const { funcname } = node.FuncCall;
    if (!isOf(funcname, STEADY) && !isOf(funcname, HARMLESS)) return namesIn(funcname).join(".");
  }
  return undefined;
}

/**
 * Whether a condition leaves out rows: each path through it compares a column with something else than itself. Where
 * `isSole` table is in the statement, a column is the same with and without the table's name.
 */
export function isBounding(
  condition: Node | undefined,
  isSole: boolean,
  isNeverNull: (column: string) => boolean,
): boolean {
  if (condition === undefined) return false;
  const bounds = (part: Node) => isBounding(part, isSole, isNeverNull);
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    if (boolop === "AND_EXPR") return args.some(bounds);
    if (boolop === "OR_EXPR") return args.every(bounds) && !isEither(args);
    return args.every(bounds);
  }
  if ("NullTest" in condition) {
    const { nulltesttype, arg } = condition.NullTest;
    const columns = columnsIn(arg, isSole);
    // In a column that is never NULL it is true, or not true, of every row.
    const isIdle =
      nulltesttype === "IS_NOT_NULL" && columns.every((column) => isNeverNull(column.split(".").at(-1) ?? ""));
    return columns.length > 0 && !isIdle;
  }
  if ("BooleanTest" in condition) return columnsIn(condition.BooleanTest.arg, isSole).length > 0;
  if ("SubLink" in condition) return condition.SubLink.testexpr !== undefined || isLimited(condition.SubLink.subselect);
  if ("ColumnRef" in condition) return true;
  if (!("A_Expr" in condition)) return false;
  const compared = (expression: Node | undefined) => [...new Set(columnsIn(expression, isSole))].join();
  const left = compared(condition.A_Expr.lexpr);
  const right = compared(condition.A_Expr.rexpr);
  if (ANY_TEXT.test(patternIn(condition.A_Expr.rexpr))) return false;
  return left !== right && (left !== "" || right !== "");
}

/** A pattern that every text fits: of LIKE, or of a regular expression. */
const ANY_TEXT = /^(?:%+|\^?(?:\.\*)+\$?)$/;

function patternIn(expression: Node | undefined): string {
  return expression !== undefined && "A_Const" in expression ? (expression.A_Const.sval?.sval ?? "") : "";
}

/** `a IS NULL OR a IS NOT NULL`, and the like. */
function isEither(args: readonly Node[]): boolean {
  const tests = args.flatMap((arg) => ("NullTest" in arg ? [arg.NullTest] : []));
  const tested = (type: string) =>
    tests.filter(({ nulltesttype }) => nulltesttype === type).flatMap(({ arg }) => columnsIn(arg, true));
  return tested("IS_NULL").some((column) => tested("IS_NOT_NULL").includes(column));
}

/** Whether a query has a condition of its own. */
function isLimited(query: Node | undefined): boolean {
  return query !== undefined && "SelectStmt" in query && query.SelectStmt.whereClause !== undefined;
}

/** The columns that an expression names; a query in it counts as one that is like no other. */
function columnsIn(expression: Node | undefined, isSole: boolean): string[] {
  if (expression === undefined) return [];
  return [...nodesIn(expression)].flatMap((node) => {
    if ("SubLink" in node) return ["(...)"];
    if (!("ColumnRef" in node)) return [];
    const names = namesIn(node.ColumnRef.fields);
    return [isSole ? (names.at(-1) ?? "*") : names.join(".")];
  });
}

/** Whether PostgreSQL has a function of its own by this name that may be called here. */
export function isOwnFunction(name: readonly Node[] | undefined): boolean {
  const last = namesIn(name).at(-1) ?? "";
  return STEADY.has(last) || HARMLESS.has(last);
}

function isOf(name: readonly Node[] | undefined, functions: ReadonlySet<string>): boolean {
  const names = namesIn(name);
  return (names.length === 1 || names[0] === "pg_catalog") && functions.has(names.at(-1) ?? "");
}

/** The statement's nodes, itself first; every object in the tree that says its kind. */
export function* nodesIn(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) yield* nodesBelow(value);
}

function* nodesBelow(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodesBelow(item);
  else if (isNode(value)) yield* nodesIn(value);
  else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value)) yield* nodesBelow(inner);
}

/** The parser writes a node as an object with one key, its kind, in capitals. */
function isNode(value: unknown): value is Node {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && /^[A-Z]/.test(keys[0] ?? "");
}
