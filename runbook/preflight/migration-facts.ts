import type { Constraint, Node, RangeVar } from "libpg-query";

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
  readonly #indexes = new Map<string, { readonly table: string; readonly columns: readonly string[] }>();
  readonly #enums = new Set<string>();
  readonly #made = new Set<string>();

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
      this.addColumn(table, node);
      if (!("Constraint" in node)) continue;
      this.addConstraint(table, node.Constraint);
      if (node.Constraint.contype === "CONSTR_PRIMARY")
        for (const column of namesIn(node.Constraint.keys)) this.#notNull.add(`${table} ${column}`);
    }
  }

  addColumn(table: string, node: Node | undefined): void {
    if (node === undefined || !("ColumnDef" in node)) return;
    const { colname, constraints = [] } = node.ColumnDef;
    for (const constraint of constraints) {
      if (!("Constraint" in constraint)) continue;
      const { contype } = constraint.Constraint;
      if (contype === "CONSTR_NOTNULL" || contype === "CONSTR_PRIMARY") this.#notNull.add(`${table} ${colname}`);
    }
  }

  addConstraint(table: string, { conname, contype, skip_validation, raw_expr }: Constraint): void {
    if (conname === undefined || contype === undefined) return;
    const neverNull = contype === "CONSTR_CHECK" ? notNullColumn(raw_expr) : undefined;
    this.#constraints.set(`${table} ${conname}`, { table, kind: contype, neverNull, validated: !skip_validation });
  }

  validate(table: string, name: string): void {
    const fact = this.constraint(table, name);
    if (fact) this.#constraints.set(`${table} ${name}`, { ...fact, validated: true });
  }

  dropConstraint(table: string, name: string): void {
    this.#constraints.delete(`${table} ${name}`);
  }

  setNotNull(table: string, column: string, isNotNull: boolean): void {
    if (isNotNull) this.#notNull.add(`${table} ${column}`);
    else this.#notNull.delete(`${table} ${column}`);
  }

  addIndex(index: string, table: string, columns: readonly string[]): void {
    this.#indexes.set(index, { table, columns });
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
    for (const facts of [this.#notNull, this.#constraints])
      for (const key of [...facts.keys()]) if (key.startsWith(`${table} `)) facts.delete(key);
    for (const [index, fact] of this.#indexes) if (fact.table === table) this.#indexes.delete(index);
  }
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
