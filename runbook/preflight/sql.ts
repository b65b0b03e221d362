import type { Constraint, Node, RangeVar, SelectStmt, TypeName } from "libpg-query";

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

const NOT_UTF8 = "it is not UTF-8 text: it contains a NUL byte, as UTF-16 does, or bytes of another encoding";

const BYTE_ORDER_MARK = "\ufeff";
const MARKED = "it begins with a byte order mark, which PostgreSQL refuses: save it as UTF-8 without one";

const COMMENTS = new Set(["SQL_COMMENT", "C_COMMENT"]);

/** Reads scripts by PostgreSQL's own parser, which is loaded at the first call only (about 15 ms). */
export async function sqlReader(): Promise<(script: string) => SqlScript> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  return (script) => {
    // The parser reads to the first NUL, and the server may not; what was not UTF-8 is not in the text any more.
    if (/[\0\ufffd]/.test(script)) return { statements: [], comments: [], problem: NOT_UTF8 };
    if (script.startsWith(BYTE_ORDER_MARK)) return { statements: [], comments: [], problem: MARKED };
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

/** The first function or operator in a statement whose effect is not known; undefined when there is none. */
export function unknownCall(statement: Node): string | undefined {
  for (const node of nodesIn(statement)) {
    if ("A_Expr" in node) {
      const operator = namesIn(node.A_Expr.name);
      if (operator.length > 1 && operator[0] !== "pg_catalog") return operator.join(".");
    }
    if (!("FuncCall" in node)) continue;
    const { funcname } = node.FuncCall;
    if (!isOf(funcname, STEADY) && !isOf(funcname, HARMLESS)) return namesIn(funcname).join(".");
  }
  return undefined;
}

/** The rows that a condition chooses from. */
export interface RowScope {
  /** The tables whose rows are meant. */
  readonly tables: ReadonlySet<string>;
  /** The queries of the statement's WITH, by name. */
  readonly named: ReadonlyMap<string, Node>;
  /** What the only table in sight is called, so that a column is the same with and without its name. */
  readonly sole: string | undefined;
  /** Names under which every row of the tables is in sight: a row always meets itself there. */
  readonly wholes: ReadonlySet<string>;
  readonly isNeverNull: (column: string) => boolean;
}

/** What a statement's own condition chooses from: the rows of `target`, beside those that `others` bring in. */
export function scopeOf(
  statement: Node,
  target: readonly RangeVar[],
  others: readonly Node[],
  isNeverNull: RowScope["isNeverNull"],
): RowScope {
  const named = new Map(
    [...nodesIn(statement)].flatMap((node) =>
      "CommonTableExpr" in node && node.CommonTableExpr.ctequery !== undefined
        ? [[node.CommonTableExpr.ctename ?? "", node.CommonTableExpr.ctequery] as const]
        : [],
    ),
  );
  const tables = new Set(target.map(nameOf));
  const aliases = target.map(aliasOf);
  const sole = others.length === 0 && aliases.length === 1 ? aliases[0] : undefined;
  const bare: RowScope = { tables, named, sole, wholes: new Set(aliases), isNeverNull };
  return { ...bare, wholes: new Set([...aliases, ...wholesIn(others, bare)]) };
}

function aliasOf({ alias, relname = "" }: RangeVar): string {
  return alias?.aliasname ?? relname;
}

/**
 * Whether a condition leaves out rows: each path through it compares a column with something else than itself, and not
 * only with what a query takes from every row of the same table.
 */
export function isBounding(condition: Node | undefined, scope: RowScope): boolean {
  if (condition === undefined) return false;
  const bounds = (part: Node) => isBounding(part, scope);
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    if (boolop === "AND_EXPR") return args.some(bounds);
    if (boolop === "OR_EXPR") return args.every(bounds) && !isEither(args);
    return bounds(negated(args[0] ?? condition));
  }
  if ("NullTest" in condition) {
    const { nulltesttype, arg } = condition.NullTest;
    const columns = columnsIn(arg, scope.sole);
    // In a column that is never NULL it is true, or not true, of every row.
    const isIdle =
      nulltesttype === "IS_NOT_NULL" && columns.every((column) => scope.isNeverNull(column.split(".").at(-1) ?? ""));
    return columns.length > 0 && !isIdle;
  }
  if ("BooleanTest" in condition) return columnsIn(condition.BooleanTest.arg, scope.sole).length > 0;
  if ("SubLink" in condition) {
    const { testexpr, subselect } = condition.SubLink;
    return testexpr === undefined ? isChosen(subselect, scope) : !takesEveryRow(subselect, scope);
  }
  if ("ColumnRef" in condition) return true;
  if (!("A_Expr" in condition)) return false;
  const { name, lexpr, rexpr } = condition.A_Expr;
  if ([lexpr, rexpr].some((side) => queriesIn(side).some((query) => takesEveryRow(query, scope)))) return false;
  if (ANY_TEXT.test(patternIn(rexpr))) return false;
  // A row that is compared with every row of its own table is compared with itself too.
  const isOwn = namesIn(name).some((operator) => REFLEXIVE.has(operator));
  const compared = (side: Node | undefined) => {
    const columns = columnsIn(side, scope.sole).map((column) => (isOwn ? withoutWhole(column, scope) : column));
    return [...new Set(columns)].join();
  };
  const left = compared(lexpr);
  const right = compared(rexpr);
  return left !== right && (left !== "" || right !== "");
}

const REFLEXIVE: ReadonlySet<string> = new Set(["=", "<=", ">=", "~~", "~~*"]);

function withoutWhole(column: string, { wholes }: RowScope): string {
  const [table = "", name] = column.split(".");
  return name !== undefined && wholes.has(table) ? `(every).${name}` : column;
}

/** The queries whose rows an expression compares with: those in ARRAY(...), and those in brackets alone. */
function queriesIn(expression: Node | undefined): Node[] {
  if (expression === undefined) return [];
  return [...nodesIn(expression)].flatMap((node) =>
    "SubLink" in node && node.SubLink.subselect !== undefined ? [node.SubLink.subselect] : [],
  );
}

/** Whether EXISTS is not true of every row: the query's condition leaves out rows, also where it looks at the row's own table. */
function isChosen(query: Node | undefined, scope: RowScope): boolean {
  if (query === undefined || !("SelectStmt" in query)) return false;
  return isBounding(query.SelectStmt.whereClause, scopeBelow(query.SelectStmt, scope));
}

/** The same as NOT before it, with the NOT on what is compared alone; a comparison leaves out rows either way. */
function negated(condition: Node): Node {
  if ("NullTest" in condition) {
    const nulltesttype = condition.NullTest.nulltesttype === "IS_NULL" ? "IS_NOT_NULL" : "IS_NULL";
    return { NullTest: { ...condition.NullTest, nulltesttype } };
  }
  if (!("BoolExpr" in condition)) return condition;
  const { boolop, args = [] } = condition.BoolExpr;
  if (boolop === "NOT_EXPR") return args[0] ?? condition;
  return { BoolExpr: { boolop: boolop === "AND_EXPR" ? "OR_EXPR" : "AND_EXPR", args: args.map(negated) } };
}

/** What the condition of a query inside of a statement sees: its own tables, and those around it. */
function scopeBelow({ fromClause = [] }: SelectStmt, scope: RowScope): RowScope {
  const [first, ...more] = fromClause;
  const sole = first !== undefined && more.length === 0 && "RangeVar" in first ? aliasOf(first.RangeVar) : undefined;
  return { ...scope, sole, wholes: new Set([...scope.wholes, ...wholesIn(fromClause, scope)]) };
}

/** Whether a query takes something of every row of the scope's tables: no condition, LIMIT or grouping of its own leaves out any. */
export function takesEveryRow(query: Node | undefined, scope: RowScope): boolean {
  if (query === undefined || !("SelectStmt" in query)) return false;
  const { SelectStmt: select } = query;
  const { op, larg, rarg, fromClause = [], whereClause, havingClause, distinctClause = [], targetList = [] } = select;
  if (hasLimit(select)) return false;
  const inArm = (arm: SelectStmt | undefined) => arm !== undefined && takesEveryRow({ SelectStmt: arm }, scope);
  if (op === "SETOP_UNION") return inArm(larg) || inArm(rarg);
  if (op === "SETOP_INTERSECT") return inArm(larg) && inArm(rarg);
  if (op === "SETOP_EXCEPT") return false;
  // DISTINCT ON, HAVING and an aggregate leave one row for several.
  const isGrouped = havingClause !== undefined || distinctClause.some((each) => Object.keys(each).length > 0);
  if (isGrouped || targetList.some(isAggregate)) return false;
  if (isBounding(whereClause, scopeBelow(select, scope))) return false;
  return fromClause.some((item) => isWhole(item, scope));
}

/** Whether a query ends after so many rows; LIMIT ALL and LIMIT NULL are none. */
export function hasLimit({ limitCount }: SelectStmt): boolean {
  return limitCount !== undefined && !("A_Const" in limitCount && limitCount.A_Const.isnull === true);
}

const AGGREGATES: ReadonlySet<string> = new Set("array_agg avg bool_and bool_or count every max min sum".split(" "));

function isAggregate(target: Node): boolean {
  return [...nodesIn(target)].some(
    (node) => "FuncCall" in node && node.FuncCall.over === undefined && isOf(node.FuncCall.funcname, AGGREGATES),
  );
}

/** Whether an entry of FROM brings in every row of the scope's tables. */
function isWhole(item: Node, scope: RowScope): boolean {
  if ("RangeVar" in item) {
    const { schemaname, relname = "" } = item.RangeVar;
    const query = schemaname === undefined ? scope.named.get(relname) : undefined;
    if (query === undefined) return scope.tables.has(nameOf(item.RangeVar));
    // A query that names itself is read once.
    const others = new Map([...scope.named].filter(([name]) => name !== relname));
    return takesEveryRow(query, { ...scope, named: others });
  }
  if ("RangeSubselect" in item) return takesEveryRow(item.RangeSubselect.subquery, scope);
  if ("RangeTableSample" in item) {
    const { relation, args = [] } = item.RangeTableSample;
    return relation !== undefined && isWhole(relation, scope) && !args.some(isPartly);
  }
  if (!("JoinExpr" in item)) return false;
  const { jointype, larg, rarg, quals, usingClause, isNatural } = item.JoinExpr;
  const [left, right] = [larg, rarg].map((side) => side !== undefined && isWhole(side, scope));
  if (jointype === "JOIN_LEFT") return left === true;
  if (jointype === "JOIN_RIGHT") return right === true;
  if (jointype === "JOIN_FULL") return left === true || right === true;
  if (left === true && right === true) {
    const wholes = new Set([...scope.wholes, ...wholesIn([item], scope)]);
    return quals === undefined || !isBounding(quals, { ...scope, sole: undefined, wholes });
  }
  // What another table must have too is left out where that one does not have it.
  const isJoined = quals !== undefined || usingClause !== undefined || isNatural === true;
  return (left === true || right === true) && !isJoined;
}

/** Whether a sample is of fewer than 100 rows in a hundred. */
function isPartly(percent: Node): boolean {
  if (!("A_Const" in percent)) return false;
  const { ival, fval } = percent.A_Const;
  return (ival === undefined ? Number(fval?.fval) : (ival.ival ?? 0)) < 100;
}

/** The names under which entries of FROM bring in every row of the scope's tables. */
function wholesIn(items: readonly Node[], scope: RowScope): string[] {
  return items.flatMap((item) => {
    if ("JoinExpr" in item) {
      const { larg, rarg } = item.JoinExpr;
      return wholesIn(
        [larg, rarg].flatMap((side) => side ?? []),
        scope,
      );
    }
    if (!isWhole(item, scope)) return [];
    if ("RangeVar" in item) return [aliasOf(item.RangeVar)];
    return "RangeSubselect" in item ? [item.RangeSubselect.alias?.aliasname ?? ""] : [];
  });
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
    tests.filter(({ nulltesttype }) => nulltesttype === type).flatMap(({ arg }) => columnsIn(arg, ""));
  return tested("IS_NULL").some((column) => tested("IS_NOT_NULL").includes(column));
}

/** The columns that an expression names, with the `sole` table's name where it is left out; a query in it is like no other. */
function columnsIn(expression: Node | undefined, sole: string | undefined): string[] {
  if (expression === undefined) return [];
  return [...nodesIn(expression)].flatMap((node) => {
    if ("SubLink" in node) return ["(...)"];
    if (!("ColumnRef" in node)) return [];
    const names = namesIn(node.ColumnRef.fields);
    const name = names.at(-1) ?? "*";
    const table = names.at(-2) ?? sole;
    return [table === undefined ? name : `${table}.${name}`];
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

/** What earlier statements of the migrations say for certain about the schema; nothing of it is guessed. */
export class SchemaFacts {
  /** Tables that this deployment creates: nobody uses them yet. */
  readonly #fresh = new Set<string>();
  /** Tables that any migration has named as created before. */
  readonly #old = new Set<string>();
  readonly #filled = new Set<string>();
  readonly #partitioned = new Set<string>();
  readonly #notNull = new Set<string>();
  readonly #constraints = new Map<string, ConstraintFact>();
  readonly #indexes = new Map<string, IndexFact>();
  readonly #enums = new Set<string>();
  readonly #made = new Set<string>();
  readonly #functions = new Set<string>();
  /** Columns that this deployment adds to tables of live code, with each default that they have had. */
  readonly #added = new Map<string, readonly (Node | undefined)[]>();
  readonly #withoutDefault = new Set<string>();
  /** The columns of each constraint or index that keeps a table's rows apart. */
  readonly #keys = new Map<string, readonly (readonly string[])[]>();

  isFresh(table: string): boolean {
    return this.#fresh.has(table);
  }

  /** Whether a fresh table may hold many rows by now. */
  isFilled(table: string): boolean {
    return this.#filled.has(table);
  }

  /** Whether its rows are in partitions, over all of which PostgreSQL makes or drops no index CONCURRENTLY. */
  isPartitioned(table: string): boolean {
    return this.#partitioned.has(table);
  }

  /** Whether the index is one over all partitions of a table. */
  isOverPartitions(index: string): boolean {
    return this.isPartitioned(this.#indexes.get(index)?.table ?? "");
  }

  partition(table: string): void {
    this.#partitioned.add(table);
  }

  isEnum(type: string): boolean {
    return this.#enums.has(type);
  }

  /** Whether this deployment makes the function, view or type, so that nobody uses it yet. */
  isMade(name: string): boolean {
    return this.#made.has(name);
  }

  make(name: string): void {
    this.#made.add(name);
  }

  /** Whether any migration has made a function of this name. */
  isFunction(name: string): boolean {
    return this.#functions.has(name);
  }

  addFunction(name: string): void {
    this.#functions.add(name);
  }

  /** Whether this deployment adds the column, so that live code leaves it at its default. */
  isAdded(table: string, column: string): boolean {
    return this.#added.has(`${table} ${column}`);
  }

  /** Each default that a column has had which this deployment adds; undefined for any other column. */
  defaultsOfAdded(table: string, column: string): readonly (Node | undefined)[] | undefined {
    return this.#added.get(`${table} ${column}`);
  }

  /** Whether every INSERT has to set the column: it is NOT NULL, and has no default. */
  isAlwaysSet(table: string, column: string): boolean {
    return this.isNeverNull(table, column) && this.#withoutDefault.has(`${table} ${column}`);
  }

  setDefault(table: string, column: string, value: Node): void {
    this.#withoutDefault.delete(`${table} ${column}`);
    const defaults = this.#added.get(`${table} ${column}`);
    if (defaults !== undefined) this.#added.set(`${table} ${column}`, [...defaults, value]);
  }

  /** Whether some of these columns are unique by themselves already. */
  hasKeyIn(table: string, columns: ReadonlySet<string | undefined>): boolean {
    return (this.#keys.get(table) ?? []).some((key) => key.every((column) => columns.has(column)));
  }

  #addKey(table: string, columns: readonly string[]): void {
    if (columns.length > 0) this.#keys.set(table, [...(this.#keys.get(table) ?? []), columns]);
  }

  constraint(table: string, name: string): ConstraintFact | undefined {
    return this.#constraints.get(`${table} ${name}`);
  }

  /** Whether SET NOT NULL reads no row: the column is so already, or a validated CHECK of an earlier statement says so. */
  isNeverNull(table: string, column: string): boolean {
    if (this.#notNull.has(`${table} ${column}`)) return true;
    return [...this.#constraints.values()].some(
      (fact) => fact.table === table && fact.neverNull === column && fact.validated,
    );
  }

  /** Whether each of the index's columns is NOT NULL, so that a primary key over it reads no row. */
  isKey(table: string, index: string): boolean {
    const found = this.#indexes.get(index);
    return found?.table === table && found.columns.every((column) => this.#notNull.has(`${table} ${column}`));
  }

  addTable(table: string, columns: readonly Node[], { due, filled }: { due: boolean; filled: boolean }): void {
    if (due && !this.#old.has(table)) this.#fresh.add(table);
    this.#old.add(table);
    if (filled) this.#filled.add(table);
    for (const node of columns) {
      this.addColumn(table, node, { isAdded: false });
      if (!("Constraint" in node)) continue;
      this.addConstraint(table, node.Constraint);
      if (node.Constraint.contype === "CONSTR_PRIMARY")
        for (const column of namesIn(node.Constraint.keys)) this.#notNull.add(`${table} ${column}`);
    }
  }

  addColumn(table: string, node: Node | undefined, { isAdded }: { readonly isAdded: boolean }): void {
    if (node === undefined || !("ColumnDef" in node)) return;
    const { colname = "", typeName, constraints = [] } = node.ColumnDef;
    const own = constraints.flatMap((each) => ("Constraint" in each ? [each.Constraint] : []));
    for (const { contype } of own) {
      if (contype === "CONSTR_NOTNULL" || contype === "CONSTR_PRIMARY") this.#notNull.add(`${table} ${colname}`);
      if (contype === "CONSTR_UNIQUE" || contype === "CONSTR_PRIMARY") this.#addKey(table, [colname]);
    }
    const value = own.find(({ contype }) => contype === "CONSTR_DEFAULT")?.raw_expr;
    if (isAdded) this.#added.set(`${table} ${colname}`, [value]);
    const isFilled = own.some(({ contype }) => contype !== undefined && FILLING.has(contype));
    // A serial has a default, and a domain may have one.
    if (!isFilled && typeOf(typeName).kind === "own") this.#withoutDefault.add(`${table} ${colname}`);
  }

  addConstraint(table: string, { conname, contype, skip_validation, raw_expr, keys }: Constraint): void {
    if (contype === "CONSTR_UNIQUE" || contype === "CONSTR_PRIMARY") this.#addKey(table, namesIn(keys));
    if (conname === undefined || contype === undefined) return;
    const neverNull = contype === "CONSTR_CHECK" ? notNullColumn(raw_expr) : undefined;
    this.#constraints.set(`${table} ${conname}`, { table, kind: contype, neverNull, validated: !skip_validation });
  }

  validate(table: string, name: string): void {
    const fact = this.constraint(table, name);
    if (fact) this.#constraints.set(`${table} ${name}`, { ...fact, validated: true });
  }

  renameConstraint(table: string, from: string, to: string): void {
    const fact = this.constraint(table, from);
    this.#constraints.delete(`${table} ${from}`);
    if (fact) this.#constraints.set(`${table} ${to}`, fact);
  }

  dropConstraint(table: string, name: string): void {
    // Which of its keys it was is not in its name.
    if (this.constraint(table, name)?.kind !== "CONSTR_CHECK") this.#keys.delete(table);
    this.#constraints.delete(`${table} ${name}`);
  }

  setNotNull(table: string, column: string, isNotNull: boolean): void {
    if (isNotNull) this.#notNull.add(`${table} ${column}`);
    else this.#notNull.delete(`${table} ${column}`);
  }

  addIndex(index: string, fact: IndexFact): void {
    this.#indexes.set(index, fact);
    if (fact.isKey) this.#addKey(fact.table, fact.columns);
  }

  /** Whether nobody uses the index yet: this deployment makes it, or its table. */
  isNewIndex(index: string): boolean {
    const fact = this.#indexes.get(index);
    return fact !== undefined && (fact.isNew || this.isFresh(fact.table));
  }

  dropIndex(index: string): void {
    const fact = this.#indexes.get(index);
    if (fact !== undefined) this.#keys.delete(fact.table);
    this.#indexes.delete(index);
  }

  /** Whether an earlier statement created the index, and no constraint has taken it since. */
  isPlainIndex(index: string): boolean {
    return this.#indexes.has(index);
  }

  takeIndex(index: string): void {
    this.#indexes.delete(index);
  }

  addEnum(type: string): void {
    this.#enums.add(type);
  }

  fill(table: string): void {
    this.#filled.add(table);
  }

  /** What is renamed, dropped or changed is not known any more. */
  forget(table: string): void {
    this.#fresh.delete(table);
    this.#partitioned.delete(table);
    this.#keys.delete(table);
    for (const facts of [this.#notNull, this.#constraints, this.#added, this.#withoutDefault])
      for (const key of [...facts.keys()]) if (key.startsWith(`${table} `)) facts.delete(key);
    for (const [index, fact] of this.#indexes) if (fact.table === table) this.#indexes.delete(index);
  }
}

/** What gives a column a value that an INSERT leaves out. */
const FILLING: ReadonlySet<string> = new Set(["CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"]);

interface IndexFact {
  readonly table: string;
  readonly columns: readonly string[];
  /** It is over columns alone, all rows are in it, and no two are alike. */
  readonly isKey: boolean;
  /** This deployment makes it. */
  readonly isNew: boolean;
}

export interface ConstraintFact {
  readonly table: string;
  readonly kind: string;
  /** The column that a `CHECK (column IS NOT NULL)` names. */
  readonly neverNull: string | undefined;
  readonly validated: boolean;
}

/** A relation's full name; a temporary one is apart from all others. */
export function nameOf(relation: RangeVar | undefined): string {
  const schema = relation?.relpersistence === "t" ? "pg_temp" : (relation?.schemaname ?? "public");
  return `${schema}.${relation?.relname ?? ""}`;
}

/** The parts of a name that may have a schema before it. */
export function namesIn(nodes: readonly Node[] = []): string[] {
  return nodes.flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));
}

/** As `nameOf`, for a name that the parser gives as a list. */
export function listedName(nodes: readonly Node[] = []): string {
  const names = namesIn(nodes);
  return names.length === 1 ? `public.${names[0]}` : names.join(".");
}

function notNullColumn(expression: Node | undefined): string | undefined {
  if (expression === undefined || !("NullTest" in expression)) return undefined;
  const { nulltesttype, arg } = expression.NullTest;
  if (nulltesttype !== "IS_NOT_NULL" || arg === undefined || !("ColumnRef" in arg)) return undefined;
  const names = namesIn(arg.ColumnRef.fields);
  return names.length === 1 ? names[0] : undefined;
}
