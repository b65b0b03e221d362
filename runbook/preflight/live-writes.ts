import type { Constraint, IndexStmt, Node } from "libpg-query";
import { nameOf, namesIn, nodesIn, type SchemaFacts } from "./sql.ts";

/** What stands in a column, as far as it is known: NULL, a constant, or something else. */
export type Content = { readonly constant: string | number | boolean | null } | "unknown";

/** What a condition can come to. */
type Outcomes = ReadonlySet<boolean | null>;

const NULL: Content = { constant: null };
const OPEN: Outcomes = new Set([true, false, null]);

/**
 * Whether a CHECK refuses no row that live code writes: it is about columns only that this deployment adds, which live code
 * leaves at their default, and holds for that; or it wants a value where there is one already.
 */
export function isCheckKept(condition: Node | undefined, table: string, facts: SchemaFacts): boolean {
  if (condition === undefined) return false;
  if ("BoolExpr" in condition && condition.BoolExpr.boolop === "AND_EXPR")
    return (condition.BoolExpr.args ?? []).every((part) => isCheckKept(part, table, facts));
  if ("NullTest" in condition && condition.NullTest.nulltesttype === "IS_NOT_NULL") {
    const columns = columnsOf(condition.NullTest.arg);
    if (columns.length === 1 && facts.isNeverNull(table, columns[0] ?? "")) return true;
  }
  return isAboutAdded(condition, table, facts) && !outcomesOf(condition, table, facts).has(false);
}

/**
 * Whether a unique index refuses no row that live code writes: another key has its columns already, or it is about columns
 * only that live code leaves at NULL, or live code's rows are not in it.
 */
export function isUniqueKept(index: IndexStmt, facts: SchemaFacts): boolean {
  const { relation, indexParams = [], whereClause, nulls_not_distinct } = index;
  const table = nameOf(relation);
  const columns = indexParams.map((each) => ("IndexElem" in each ? each.IndexElem.name : undefined));
  if (facts.hasKeyIn(table, new Set(columns))) return true;
  if (!nulls_not_distinct && isLeftAtNull(facts, table, columns)) return true;
  const isApart = whereClause !== undefined && isAboutAdded(whereClause, table, facts);
  return isApart && !outcomesOf(whereClause, table, facts).has(true);
}

/** Whether a foreign key refuses no row that live code writes, because it is about columns only that it leaves at NULL. */
export function isReferenceKept({ fk_attrs, fk_matchtype }: Constraint, table: string, facts: SchemaFacts): boolean {
  return fk_matchtype === "s" && isLeftAtNull(facts, table, namesIn(fk_attrs));
}

/** Of a column that live code writes, it may write another value beside one that the new release wrote into an added one. */
function isLeftAtNull(facts: SchemaFacts, table: string, columns: readonly (string | undefined)[]): boolean {
  const areAdded = columns.every((column) => column !== undefined && facts.isAdded(table, column));
  return areAdded && columns.some((column) => isNullIn(facts, table, column));
}

const KEEPING: ReadonlySet<string | undefined> = new Set(["a", "r"]);

/** The tables of live code whose rows cannot be deleted any more once a row refers to them. */
export function keptByReferences(constraints: readonly Node[], facts: SchemaFacts): string[] {
  return constraints.flatMap((node) => {
    if (!("Constraint" in node) || node.Constraint.pktable === undefined) return [];
    const { pktable, fk_del_action } = node.Constraint;
    return KEEPING.has(fk_del_action) && !facts.isFresh(nameOf(pktable)) ? [nameOf(pktable)] : [];
  });
}

function isNullIn(facts: SchemaFacts, table: string, column: string | undefined): boolean {
  const content = column === undefined ? undefined : contentIn(facts, table, column);
  return content !== undefined && content !== "unknown" && content.constant === null;
}

function isAboutAdded(condition: Node, table: string, facts: SchemaFacts): boolean {
  return columnsOf(condition).every((column) => facts.isAdded(table, column));
}

function columnsOf(expression: Node | undefined): string[] {
  if (expression === undefined) return [];
  return [...nodesIn(expression)].flatMap((node) =>
    "ColumnRef" in node ? [namesIn(node.ColumnRef.fields).at(-1) ?? "*"] : [],
  );
}

/** What live code's rows have in a column that this deployment adds; undefined for any other column. */
function contentIn(facts: SchemaFacts, table: string, column: string): Content | undefined {
  const defaults = facts.defaultsOfAdded(table, column);
  if (defaults === undefined) return undefined;
  const [only, ...more] = defaults;
  if (more.length > 0) return "unknown";
  return only === undefined ? NULL : contentOf(only, () => "unknown");
}

/** PostgreSQL's own functions and operators that are NULL where one of their arguments is. */
const STRICT = new Set(
  "abs array_length btrim cardinality ceil char_length date_part floor jsonb_typeof length lower ltrim octet_length round rtrim upper".split(
    " ",
  ),
);

type Row = (column: string) => Content;

function contentOf(expression: Node | undefined, row: Row): Content {
  if (expression === undefined) return "unknown";
  if ("A_Const" in expression) {
    const { isnull, ival, fval, boolval, sval } = expression.A_Const;
    if (isnull) return NULL;
    if (ival !== undefined) return { constant: ival.ival ?? 0 };
    if (fval !== undefined) return { constant: Number(fval.fval) };
    if (boolval !== undefined) return { constant: boolval.boolval ?? false };
    return sval === undefined ? "unknown" : { constant: sval.sval ?? "" };
  }
  if ("TypeCast" in expression) return contentOf(expression.TypeCast.arg, row);
  if ("ColumnRef" in expression) return row(namesIn(expression.ColumnRef.fields).at(-1) ?? "*");
  if ("FuncCall" in expression) {
    const { funcname, args = [] } = expression.FuncCall;
    const name = namesIn(funcname).at(-1) ?? "";
    const contents = args.map((argument) => contentOf(argument, row));
    if (STRICT.has(name) && contents.some(isNull)) return NULL;
    const [text] = contents;
    const isLength = name === "char_length" || name === "length";
    if (isLength && text !== undefined && text !== "unknown" && typeof text.constant === "string")
      return { constant: [...text.constant].length };
    return "unknown";
  }
  if (!("A_Expr" in expression) || expression.A_Expr.kind !== "AEXPR_OP") return "unknown";
  const { lexpr, rexpr } = expression.A_Expr;
  return [lexpr, rexpr].some((side) => side !== undefined && isNull(contentOf(side, row))) ? NULL : "unknown";
}

function isNull(content: Content): boolean {
  return content !== "unknown" && content.constant === null;
}

/** What a condition comes to in the rows of live code, by PostgreSQL's logic of three values. */
function outcomesOf(condition: Node, table: string, facts: SchemaFacts): Outcomes {
  const row: Row = (column) => contentIn(facts, table, column) ?? "unknown";
  const outcomes = (node: Node): Outcomes => {
    if ("BoolExpr" in node) {
      const { boolop, args = [] } = node.BoolExpr;
      const parts = args.map(outcomes);
      if (boolop === "NOT_EXPR")
        return new Set([...(parts[0] ?? OPEN)].map((value) => (value === null ? null : !value)));
      return parts.reduce((one, other) => combined(one, other, boolop === "OR_EXPR"));
    }
    if ("NullTest" in node) {
      const content = contentOf(node.NullTest.arg, row);
      if (content === "unknown") return OPEN;
      return new Set([isNull(content) === (node.NullTest.nulltesttype === "IS_NULL")]);
    }
    if ("A_Expr" in node) {
      const { kind, name, lexpr, rexpr } = node.A_Expr;
      const [operator = ""] = namesIn(name);
      const left = contentOf(lexpr, row);
      const each = itemsOf(rexpr).map((item) => compared(left, operator, contentOf(item, row)));
      const [low, high] = itemsOf(rexpr).map((item) => contentOf(item, row));
      if (kind === "AEXPR_IN" && each.length > 0)
        return each.reduce((one, other) => combined(one, other, operator === "="));
      if (kind === "AEXPR_OP_ANY" && each.length > 0) return each.reduce((one, other) => combined(one, other, true));
      if (kind === "AEXPR_BETWEEN" && low !== undefined && high !== undefined)
        return combined(compared(left, ">=", low), compared(left, "<=", high), false);
      if (kind === "AEXPR_OP" || kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE")
        return compared(left, operator, contentOf(rexpr, row));
      return OPEN;
    }
    const content = contentOf(node, row);
    if (content === "unknown") return OPEN;
    return typeof content.constant === "boolean" || content.constant === null ? new Set([content.constant]) : OPEN;
  };
  return outcomes(condition);
}

function itemsOf(expression: Node | undefined): readonly Node[] {
  if (expression === undefined) return [];
  if ("List" in expression) return expression.List.items ?? [];
  return "A_ArrayExpr" in expression ? (expression.A_ArrayExpr.elements ?? []) : [];
}

function combined(left: Outcomes, right: Outcomes, isOr: boolean): Outcomes {
  const pairs = [...left].flatMap((one) => [...right].map((other) => [one, other]));
  return new Set(pairs.map((pair) => (pair.includes(isOr) ? isOr : pair.includes(null) ? null : !isOr)));
}

/** Texts only by whether they are the same: their order is the collation's. */
function compared(left: Content, operator: string, right: Content): Outcomes {
  if (isNull(left) || isNull(right)) return new Set([null]);
  if (left === "unknown" || right === "unknown") return OPEN;
  const [one, other] = [left.constant, right.constant];
  if (one === null || other === null || typeof one !== typeof other) return OPEN;
  if (operator === "=") return new Set([one === other]);
  if (operator === "<>") return new Set([one !== other]);
  if (typeof one !== "number" || typeof other !== "number") return OPEN;
  const order = { "<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other }[operator];
  return order === undefined ? OPEN : new Set([order]);
}
