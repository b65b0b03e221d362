import type {
  AlterTableCmd,
  AlterTableStmt,
  Constraint,
  CreateStmt,
  DropStmt,
  GrantStmt,
  IndexStmt,
  Node,
  RangeVar,
  SelectStmt,
} from "libpg-query";
import { isCheckKept, isReferenceKept, isUniqueKept, keptByReferences } from "./live-writes.ts";
import type { RuleId } from "./migration-rules.ts";
import {
  hasLimit,
  isBounding,
  isOwnFunction,
  isSteady,
  listedName,
  nameOf,
  namesIn,
  nodesIn,
  type SchemaFacts,
  type SqlStatement,
  scopeOf,
  takesEveryRow,
  typeOf,
  unknownCall,
} from "./sql.ts";

/** What one statement, or one action of an ALTER TABLE, does beside traffic. */
export interface Effect {
  readonly text: string;
  /** Why it is refused or must be marked; undefined for what is on the list of the allowed. */
  readonly rule?: RuleId;
  /** The table that the rule's lock is on. */
  readonly table?: string;
  /** Locks on tables that live code uses, which stay until the file's transaction ends. */
  readonly locks: readonly { readonly table: string; readonly exclusive: boolean }[];
  /** Takes the longer the more rows there are. */
  readonly isLong: boolean;
  /** PostgreSQL runs it outside of a transaction only. */
  readonly isConcurrent: boolean;
  /** Adds a value to an ENUM, which the same transaction may not use yet. */
  readonly addsValue: boolean;
  /** A table of live code whose rows cannot be deleted any more once the new release's rows refer to them. */
  readonly keepsRowsOf?: string;
}

type Judged = Partial<Omit<Effect, "text">>;
type Lock = Effect["locks"][number];

const FREE: Judged = {};
const LONG: Judged = { isLong: true };
const refused = (rule: RuleId, table?: string): Judged => (table === undefined ? { rule } : { rule, table });

/** The effects of a statement, in order; `facts` learns from it, so statements must be asked in the order that they run in. */
export function effectsOf(statement: SqlStatement, facts: SchemaFacts, due: boolean): Effect[] {
  const { node, text, actions } = statement;
  if ("AlterTableStmt" in node) {
    const { relation, cmds = [], objtype } = node.AlterTableStmt;
    if (objtype === "OBJECT_TABLE" && relation !== undefined) {
      const head = new RegExp(`^.*?(?=\\s(?:${ACTIONS})\\b)`, "i").exec(text)?.[0] ?? "ALTER TABLE";
      const written = (index: number) => {
        const own = actions.length === cmds.length ? (actions[index] ?? text) : text;
        return index === 0 || own === text ? own : `${head} ${own}`;
      };
      return alterations(node.AlterTableStmt, facts, due).map((judged, index) => complete(written(index), judged));
    }
  }
  return [complete(text, judge(node, facts, due))];
}

const ACTIONS =
  "ADD|DROP|ALTER|RENAME|SET|RESET|VALIDATE|ENABLE|DISABLE|ATTACH|DETACH|OWNER|CLUSTER|REPLICA|FORCE|NO|OF|NOT|INHERIT";

function complete(text: string, judged: Judged): Effect {
  return { locks: [], isLong: false, isConcurrent: false, addsValue: false, ...judged, text };
}

/** The list of what may run beside traffic; what is not on it is `unlisted`. */
function judge(node: Node, facts: SchemaFacts, due: boolean): Judged {
  if ("CreateStmt" in node) return createTable(node.CreateStmt, facts, due);
  if ("IndexStmt" in node) return createIndex(node.IndexStmt, facts, due);
  if ("DropStmt" in node) return drop(node.DropStmt, facts);
  if ("SelectStmt" in node) return node.SelectStmt.intoClause ? refused("unlisted") : query(node, facts);
  if ("InsertStmt" in node || "UpdateStmt" in node || "DeleteStmt" in node) return query(node, facts);
  if ("CreateTableAsStmt" in node) {
    const { into, query: source, if_not_exists } = node.CreateTableAsStmt;
    if (isUnlogged(into?.rel)) return refused("unlogged");
    facts.addTable(nameOf(into?.rel), [], { due: due && !if_not_exists && !isTemporary(into?.rel), filled: true });
    return source === undefined || !("SelectStmt" in source) ? refused("hidden") : query(source, facts);
  }
  if ("TruncateStmt" in node) {
    const tables = relationsIn(node.TruncateStmt.relations);
    if (tables.every((table) => facts.isFresh(table)) && node.TruncateStmt.behavior !== "DROP_CASCADE") return FREE;
    const rule = node.TruncateStmt.behavior === "DROP_CASCADE" ? "cascade" : "truncate";
    return { ...refused(rule, tables[0]), locks: exclusiveOn(tables, facts) };
  }
  if ("RenameStmt" in node) {
    const { relation, renameType, subname = "", newname = "" } = node.RenameStmt;
    const table = nameOf(relation);
    const isFresh = facts.isFresh(table);
    if (renameType === "OBJECT_TABCONSTRAINT" && isUnnamed(facts.constraint(table, subname)?.kind)) {
      facts.renameConstraint(table, subname, newname);
      return { locks: exclusiveOn([table], facts) };
    }
    // The index of a constraint takes the constraint with it, which ON CONFLICT may name.
    const isPlainIndex = renameType === "OBJECT_INDEX" && facts.isPlainIndex(relation?.relname ?? "");
    if (isPlainIndex || (isFresh && relation !== undefined)) {
      if (renameType === "OBJECT_TABLE") facts.forget(table);
      return FREE;
    }
    facts.forget(table);
    return { ...refused("rename", relation && table), locks: relation ? [{ table, exclusive: true }] : [] };
  }
  if ("AlterObjectSchemaStmt" in node) {
    const { relation } = node.AlterObjectSchemaStmt;
    const table = nameOf(relation);
    facts.forget(table);
    return { ...refused("rename", relation && table), locks: relation ? [{ table, exclusive: true }] : [] };
  }
  if ("CreateSeqStmt" in node) return isUnlogged(node.CreateSeqStmt.sequence) ? refused("unlogged") : FREE;
  if ("CommentStmt" in node || "CompositeTypeStmt" in node || "CreateStatsStmt" in node) return FREE;
  if ("CreateDomainStmt" in node) return FREE;
  if ("CreateEnumStmt" in node) {
    facts.addEnum(listedName(node.CreateEnumStmt.typeName));
    facts.make(listedName(node.CreateEnumStmt.typeName));
    return FREE;
  }
  if ("AlterEnumStmt" in node) return node.AlterEnumStmt.oldVal === undefined ? { addsValue: true } : refused("rename");
  if ("AlterSeqStmt" in node) {
    const { options = [] } = node.AlterSeqStmt;
    const isOwnership = options.every((option) => "DefElem" in option && option.DefElem.defname === "owned_by");
    return isOwnership ? FREE : refused("narrow");
  }
  if ("CreateSchemaStmt" in node) return node.CreateSchemaStmt.schemaElts ? refused("hidden") : FREE;
  if ("CreateExtensionStmt" in node)
    return EXTENSIONS.has(node.CreateExtensionStmt.extname ?? "") ? FREE : refused("hidden");
  if ("CreateFunctionStmt" in node) {
    const name = listedName(node.CreateFunctionStmt.funcname);
    if (isDefiner(node.CreateFunctionStmt.options)) return refused("definer");
    // For other arguments it would be called in place of PostgreSQL's own.
    if (isOwnFunction(node.CreateFunctionStmt.funcname)) return refused("hidden");
    const isUsed = !facts.isMade(name);
    const isKnown = facts.isFunction(name);
    facts.addFunction(name);
    if (isUsed && node.CreateFunctionStmt.replace) return refused("replace");
    if (isUsed && isKnown) return refused("overload");
    if (due) facts.make(name);
    return FREE;
  }
  if ("ViewStmt" in node) {
    const { view, replace, query: source } = node.ViewStmt;
    const name = nameOf(view);
    if (replace && !facts.isMade(name)) return refused("replace");
    if (due) facts.make(name);
    return source !== undefined && unknownCall(source) !== undefined ? refused("calls") : FREE;
  }
  if ("CreateTrigStmt" in node) {
    const table = nameOf(node.CreateTrigStmt.relation);
    if (facts.isFresh(table)) return FREE;
    return { ...refused("trigger", table), locks: [{ table, exclusive: false }] };
  }
  if ("GrantStmt" in node) {
    const { is_grant, grant_option, grantees = [] } = node.GrantStmt;
    if (!is_grant) return refused("narrow");
    const isForAll = grantees.some((each) => "RoleSpec" in each && each.RoleSpec.roletype === "ROLESPEC_PUBLIC");
    if (!isOfRows(node.GrantStmt, facts)) return refused("rights");
    return isForAll || grant_option ? refused("unlisted") : FREE;
  }
  if ("RefreshMatViewStmt" in node) {
    const { relation, concurrent } = node.RefreshMatViewStmt;
    return concurrent || facts.isFresh(nameOf(relation)) ? LONG : refused("refresh", nameOf(relation));
  }
  if ("ReindexStmt" in node) {
    const { kind, relation, name, params = [] } = node.ReindexStmt;
    const isConcurrent = params.some(
      (param) =>
        "DefElem" in param &&
        param.DefElem.defname === "concurrently" &&
        (param.DefElem.arg === undefined || isOn(param.DefElem.arg)),
    );
    if (isConcurrent && (kind === "REINDEX_OBJECT_INDEX" || kind === "REINDEX_OBJECT_TABLE"))
      return { isLong: true, isConcurrent };
    return refused("reindex", relation ? nameOf(relation) : name);
  }
  if ("VacuumStmt" in node) {
    const { is_vacuumcmd, options = [], rels = [] } = node.VacuumStmt;
    if (!is_vacuumcmd) return LONG;
    const isFull = options.some((option) => "DefElem" in option && option.DefElem.defname === "full");
    const [table] = rels.flatMap((rel) => ("VacuumRelation" in rel ? [nameOf(rel.VacuumRelation.relation)] : []));
    return isFull ? refused("vacuumFull", table) : refused("notInTransaction");
  }
  if ("ClusterStmt" in node) return refused("cluster", nameOf(node.ClusterStmt.relation));
  if ("LockStmt" in node) return refused("lock", relationsIn(node.LockStmt.relations)[0]);
  if ("VariableSetStmt" in node) return isHarmlessSetting(node) ? FREE : refused("setting");
  if ("TransactionStmt" in node) return refused("transaction");
  if ("DoStmt" in node || "CallStmt" in node || "ExecuteStmt" in node || "PrepareStmt" in node)
    return refused("hidden");
  if ("ExplainStmt" in node || "RuleStmt" in node) return refused("hidden");
  if ("CopyStmt" in node) return refused("copy");
  if ("CreatedbStmt" in node || "DropdbStmt" in node || "AlterSystemStmt" in node) return refused("notInTransaction");
  return refused("unlisted");
}

/** Extensions of PostgreSQL's own distribution that only add types, functions and operators, and that no superuser is needed for. */
const EXTENSIONS = new Set(
  "btree_gin btree_gist citext cube fuzzystrmatch hstore intarray isn ltree pg_trgm pgcrypto seg unaccent uuid-ossp".split(
    " ",
  ),
);

function createTable(stmt: CreateStmt, facts: SchemaFacts, due: boolean): Judged {
  const { relation, tableElts = [], inhRelations = [], partbound, partspec, if_not_exists } = stmt;
  const table = nameOf(relation);
  if (isUnlogged(relation)) return refused("unlogged");
  if (!areHarmless(stmt.options)) return refused("unlisted", table);
  const [parent] = relationsIn(inhRelations);
  const columns = if_not_exists ? [] : tableElts;
  facts.addTable(table, columns, { due: due && !if_not_exists && !isTemporary(relation), filled: false });
  if (partspec !== undefined && !if_not_exists) facts.partition(table);
  if (parent !== undefined && !facts.isFresh(parent)) return refused(partbound ? "partition" : "unlisted", parent);
  const constraints = tableElts.flatMap((element) =>
    "ColumnDef" in element ? (element.ColumnDef.constraints ?? []) : [element],
  );
  return { locks: referenced(constraints, facts), ...keeping(constraints, facts) };
}

/** What may be granted, by the kind of object: what the application's own user has. */
const DATA_RIGHTS: Readonly<Record<string, readonly string[]>> = {
  OBJECT_TABLE: ["select", "insert", "update", "delete"],
  OBJECT_SEQUENCE: ["usage", "select", "update"],
  OBJECT_SCHEMA: ["usage"],
  OBJECT_TYPE: ["usage"],
  OBJECT_DOMAIN: ["usage"],
  OBJECT_FUNCTION: ["execute"],
  OBJECT_PROCEDURE: ["execute"],
  OBJECT_ROUTINE: ["execute"],
};

/** Whether each right is named, and is one to rows or to what reading and writing them needs, of the migrations' own. */
function isOfRows({ objtype, privileges = [], objects = [] }: GrantStmt, facts: SchemaFacts): boolean {
  const names = privileges.flatMap((each) => ("AccessPriv" in each ? (each.AccessPriv.priv_name ?? "") : ""));
  const isOwn = objects.every(
    (each) => !("ObjectWithArgs" in each) || facts.isFunction(listedName(each.ObjectWithArgs.objname)),
  );
  return isOwn && names.length > 0 && names.every((name) => DATA_RIGHTS[objtype ?? ""]?.includes(name) === true);
}

function isDefiner(options: readonly Node[] = []): boolean {
  return options.some(
    (option) =>
      "DefElem" in option &&
      option.DefElem.defname === "security" &&
      option.DefElem.arg !== undefined &&
      isOn(option.DefElem.arg),
  );
}

/** Settings of a table's storage that change how it is kept, and not whether. */
const STORAGE = /^(?:fillfactor|toast_tuple_target|parallel_workers|autovacuum_(?:vacuum|analyze)_\w+)$/;

function areHarmless(options: readonly Node[] = []): boolean {
  return options.every((option) => "DefElem" in option && STORAGE.test(option.DefElem.defname ?? ""));
}

function keeping(constraints: readonly Node[], facts: SchemaFacts): Judged {
  const [table] = keptByReferences(constraints, facts);
  return table === undefined ? {} : { keepsRowsOf: table };
}

function createIndex(index: IndexStmt, facts: SchemaFacts, due: boolean): Judged {
  const { relation, idxname, indexParams = [], concurrent, unique = false, whereClause, if_not_exists } = index;
  const table = nameOf(relation);
  const columns = indexParams.map((param) => ("IndexElem" in param ? (param.IndexElem.name ?? "") : ""));
  const isKept = !unique || facts.isFresh(table) || isUniqueKept(index, facts);
  const isKey = unique && whereClause === undefined && columns.every((column) => column !== "");
  const isNew = due && !if_not_exists;
  if (idxname !== undefined) facts.addIndex(idxname, { table, columns, isKey, isNew });
  // Each row that live code writes goes through what the index calls.
  if (!facts.isFresh(table) && unknownCall({ IndexStmt: index }) !== undefined) return refused("calls", table);
  if (facts.isPartitioned(table) && (concurrent || !facts.isFresh(table))) return refused("partitionedIndex", table);
  if (concurrent && idxname === undefined) return refused("unnamed");
  if (concurrent) return { ...(isKept ? FREE : refused("addUniqueIndex", table)), isLong: true, isConcurrent: true };
  return facts.isFresh(table) ? { isLong: facts.isFilled(table) } : refused("createIndex", table);
}

function drop({ removeType, objects = [], behavior, concurrent }: DropStmt, facts: SchemaFacts): Judged {
  if (removeType === "OBJECT_INDEX") {
    if (behavior === "DROP_CASCADE") return refused("cascade");
    const indexes = objects.flatMap((object) => ("List" in object ? (namesIn(object.List.items).at(-1) ?? "") : []));
    if (indexes.some((index) => facts.isOverPartitions(index))) return refused("partitionedIndex");
    if (concurrent && indexes.length > 1) return refused("severalIndexes");
    const isNew = indexes.length === objects.length && indexes.every((index) => facts.isNewIndex(index));
    for (const index of indexes) facts.dropIndex(index);
    if (concurrent) return { ...(isNew ? FREE : refused("dropUsedIndex")), isLong: true, isConcurrent: true };
    return refused("dropIndex");
  }
  if (removeType !== undefined && ON_TABLE.has(removeType)) {
    const tables = objects.flatMap((object) => ("List" in object ? [listedName(object.List.items?.slice(0, -1))] : []));
    const rule = behavior === "DROP_CASCADE" ? "cascade" : "drop";
    return { ...refused(rule, tables[0]), locks: exclusiveOn(tables, facts) };
  }
  const names = objects.flatMap((object) => ("List" in object ? [listedName(object.List.items)] : []));
  const isFresh = names.length === objects.length && names.every((name) => facts.isFresh(name));
  for (const name of names) facts.forget(name);
  if (behavior === "DROP_CASCADE") return refused("cascade", names[0]);
  if (removeType === "OBJECT_TABLE" && isFresh) return FREE;
  const locks = removeType === "OBJECT_TABLE" ? names.map((table) => ({ table, exclusive: true })) : [];
  return { ...refused("drop", removeType === "OBJECT_TABLE" ? names[0] : undefined), locks };
}

/** What is named by its table and a name of its own, and dropped under that table's lock. */
const ON_TABLE: ReadonlySet<string> = new Set(["OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"]);

/** A statement that reads or changes rows, with all that stands in its WITH. */
function query(statement: Node, facts: SchemaFacts): Judged {
  if (unknownCall(statement) !== undefined) return refused("calls");
  if (writtenIn(statement).some(isCatalog)) return refused("unlisted");
  let isLong = false;
  for (const node of nodesIn(statement)) {
    if ("InsertStmt" in node) {
      const { relation, selectStmt, onConflictClause } = node.InsertStmt;
      const source = selectStmt !== undefined && "SelectStmt" in selectStmt ? selectStmt.SelectStmt : undefined;
      if (!source?.valuesLists) facts.fill(nameOf(relation));
      const overwrites = onConflictClause?.action === "ONCONFLICT_UPDATE" && !facts.isFresh(nameOf(relation));
      const scope = scopeOf(statement, relation === undefined ? [] : [relation], [], () => false);
      if (overwrites && takesEveryRow(selectStmt, scope))
        return { ...refused("updateAll", nameOf(relation)), isLong: true };
    } else if ("UpdateStmt" in node || "DeleteStmt" in node) {
      const { relation, whereClause } = "UpdateStmt" in node ? node.UpdateStmt : node.DeleteStmt;
      const table = nameOf(relation);
      isLong = true;
      const others = ("UpdateStmt" in node ? node.UpdateStmt.fromClause : node.DeleteStmt.usingClause) ?? [];
      const isNeverNull = (column: string) => facts.isNeverNull(table, column);
      const scope = scopeOf(statement, relation === undefined ? [] : [relation], others, isNeverNull);
      if (!facts.isFresh(table) && !isBounding(whereClause, scope))
        return { ...refused("UpdateStmt" in node ? "updateAll" : "deleteAll", table), isLong };
    } else if ("MergeStmt" in node) return refused("unlisted");
    else if ("SelectStmt" in node && node.SelectStmt.fromClause) {
      isLong = true;
      if (locksEveryRow(node.SelectStmt, statement, facts)) return { ...refused("lockRows"), isLong };
    }
  }
  return { isLong };
}

/** The tables that a statement, or one in its WITH, inserts into, updates or deletes from. */
function writtenIn(statement: Node): RangeVar[] {
  return [...nodesIn(statement)].flatMap((node) => {
    if ("InsertStmt" in node) return node.InsertStmt.relation ?? [];
    if ("UpdateStmt" in node) return node.UpdateStmt.relation ?? [];
    return "DeleteStmt" in node ? (node.DeleteStmt.relation ?? []) : [];
  });
}

/** Whether a table is of those in which PostgreSQL keeps what there is. */
function isCatalog({ schemaname, relname = "" }: RangeVar): boolean {
  return schemaname === "information_schema" || schemaname === "pg_catalog" || relname.startsWith("pg_");
}

/** FOR UPDATE, FOR SHARE and the like, where nothing leaves out rows: each stays locked until the migration ends. */
function locksEveryRow(select: SelectStmt, statement: Node, facts: SchemaFacts): boolean {
  const { lockingClause, fromClause = [], whereClause } = select;
  if (lockingClause === undefined || hasLimit(select)) return false;
  const relations = fromClause.flatMap((each) => ("RangeVar" in each ? [each.RangeVar] : []));
  const tables = relations.map(nameOf);
  if (tables.length === fromClause.length && tables.every((table) => facts.isFresh(table))) return false;
  const isNeverNull = (column: string) => tables.some((table) => facts.isNeverNull(table, column));
  const others = fromClause.filter((each) => !("RangeVar" in each));
  return !isBounding(whereClause, scopeOf(statement, relations, others, isNeverNull));
}

function alterations({ relation, cmds = [] }: AlterTableStmt, facts: SchemaFacts, due: boolean): Judged[] {
  const table = nameOf(relation);
  const isFresh = facts.isFresh(table);
  return cmds.map((node) => {
    if (!("AlterTableCmd" in node)) return refused("unlisted", table);
    const judged = action(node.AlterTableCmd, table, facts, due);
    if (!isFresh) return judged.rule === undefined ? judged : { table, ...judged };
    // A fresh table has no readers. What its constraints refer to is locked nevertheless, for as long as its rows are read.
    const others = (judged.locks ?? []).filter((lock) => lock.table !== table);
    const isLong = facts.isFilled(table);
    if (judged.rule === "unlisted" || (judged.rule === "partition" && !attachesFresh(node.AlterTableCmd, facts)))
      return { ...judged, table };
    if (others[0] !== undefined && isLong) return { ...refused("addForeignKey", others[0].table), locks: others };
    return { locks: others, isLong, ...(judged.keepsRowsOf !== undefined && { keepsRowsOf: judged.keepsRowsOf }) };
  });
}

function attachesFresh({ def }: AlterTableCmd, facts: SchemaFacts): boolean {
  return def !== undefined && "PartitionCmd" in def && facts.isFresh(nameOf(def.PartitionCmd.name));
}

/** ALTER TABLE's actions on a table that live code uses. */
function action(cmd: AlterTableCmd, table: string, facts: SchemaFacts, due: boolean): Judged {
  const { subtype, name = "", def } = cmd;
  const exclusive: Judged = { locks: [{ table, exclusive: true }] };
  const breaking = (rule: RuleId): Judged => ({ ...exclusive, rule });
  if (cmd.behavior === "DROP_CASCADE" && subtype !== "AT_AddColumn") return breaking("cascade");
  switch (subtype) {
    case "AT_AddColumn":
      return addColumn(cmd, table, facts, due);
    case "AT_ColumnDefault": {
      if (def === undefined) return breaking("dropDefault");
      const isKept = facts.isAdded(table, name) || facts.isAlwaysSet(table, name);
      facts.setDefault(table, name, def);
      return isKept ? exclusive : breaking("setDefault");
    }
    case "AT_DropNotNull":
      facts.setNotNull(table, name, false);
      return exclusive;
    case "AT_SetNotNull": {
      const isKnown = facts.isNeverNull(table, name);
      facts.setNotNull(table, name, true);
      return isKnown ? exclusive : breaking("setNotNull");
    }
    case "AT_SetStatistics":
    case "AT_SetOptions":
    case "AT_ResetOptions":
    case "AT_ResetRelOptions":
    case "AT_SetStorage":
    case "AT_SetCompression":
      return exclusive;
    case "AT_SetRelOptions":
      return areHarmless(def !== undefined && "List" in def ? def.List.items : []) ? exclusive : breaking("unlisted");
    case "AT_DropColumn":
      facts.forget(table);
      return breaking("dropColumn");
    case "AT_AddConstraint":
      return def !== undefined && "Constraint" in def
        ? addConstraint(def.Constraint, table, facts)
        : breaking("unlisted");
    case "AT_ValidateConstraint":
      facts.validate(table, name);
      return LONG;
    case "AT_DropConstraint": {
      const kind = facts.constraint(table, name)?.kind;
      facts.dropConstraint(table, name);
      return isUnnamed(kind) ? exclusive : breaking("dropConstraint");
    }
    case "AT_AlterColumnType":
      return breaking("changeType");
    case "AT_SetExpression":
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetTableSpace":
    case "AT_SetAccessMethod":
      return breaking("rewrite");
    case "AT_AddIdentity": {
      const isAlways = def !== undefined && "Constraint" in def && def.Constraint.generated_when === "a";
      return isAlways ? breaking("narrow") : exclusive;
    }
    case "AT_DropExpression":
    case "AT_SetIdentity":
    case "AT_DropIdentity":
    case "AT_EnableRowSecurity":
    case "AT_ForceRowSecurity":
    case "AT_ChangeOwner":
      return breaking("narrow");
    case "AT_DisableTrig":
    case "AT_DisableTrigAll":
    case "AT_DisableTrigUser":
    case "AT_EnableReplicaTrig":
    case "AT_DisableRule":
      return breaking("disableTrigger");
    case "AT_AttachPartition":
    case "AT_DetachPartition":
      return breaking("partition");
    default:
      return breaking("unlisted");
  }
}

/** Whether no statement of live code can name a constraint of this kind, as ON CONFLICT names others. */
function isUnnamed(kind: string | undefined): boolean {
  return kind === "CONSTR_CHECK" || kind === "CONSTR_FOREIGN";
}

function addColumn({ def, missing_ok }: AlterTableCmd, table: string, facts: SchemaFacts, due: boolean): Judged {
  const lock: Lock = { table, exclusive: true };
  if (def === undefined || !("ColumnDef" in def)) return { rule: "unlisted", locks: [lock] };
  const { typeName, constraints: nodes = [] } = def.ColumnDef;
  const constraints = nodes.flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const found = (...kinds: readonly string[]) => constraints.find(({ contype = "" }) => kinds.includes(contype));
  const type = typeOf(typeName);
  const breaking = (rule: RuleId): Judged => ({ rule, locks: [lock, ...referenced(nodes, facts)] });
  const value = found("CONSTR_DEFAULT");
  if (!missing_ok) facts.addColumn(table, def, { isAdded: due });
  if (type.kind === "serial" || found("CONSTR_IDENTITY")) return breaking("addColumnNumbered");
  if (found("CONSTR_GENERATED")) return breaking("addColumnGenerated");
  if (found("CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION"))
    return breaking("addColumnChecked");
  if (type.kind === "other" && !facts.isEnum(type.name)) return breaking("addColumnOfUnknownType");
  if (!isSteady(value?.raw_expr, (name) => facts.isEnum(name))) return breaking("addColumnComputed");
  if (found("CONSTR_NOTNULL") && (value === undefined || isNull(value.raw_expr))) return breaking("addRequired");
  return { locks: [lock] };
}

function addConstraint(constraint: Constraint, table: string, facts: SchemaFacts): Judged {
  const { contype, indexname, skip_validation, is_enforced, pktable, raw_expr } = constraint;
  const own: Lock = { table, exclusive: true };
  facts.addConstraint(table, constraint);
  const isLater = skip_validation === true && is_enforced === true;
  switch (contype) {
    case "CONSTR_CHECK":
      if (!isLater) return { rule: "addCheck", locks: [own] };
      return isCheckKept(raw_expr, table, facts) ? { locks: [own] } : { rule: "addCheckLater", locks: [own] };
    case "CONSTR_FOREIGN": {
      const other = nameOf(pktable);
      const locks = [table, ...(facts.isFresh(other) ? [] : [other])].map((name) => ({
        table: name,
        exclusive: false,
      }));
      const kept = { locks, ...keeping([{ Constraint: constraint }], facts) };
      if (!isLater) return { ...kept, rule: "addForeignKey" };
      return isReferenceKept(constraint, table, facts) ? kept : { locks, rule: "addReference" };
    }
    case "CONSTR_UNIQUE":
      if (indexname !== undefined) facts.takeIndex(indexname);
      return indexname === undefined ? { rule: "addUnique", locks: [own] } : { locks: [own] };
    case "CONSTR_PRIMARY": {
      const isKey = indexname !== undefined && facts.isKey(table, indexname);
      if (indexname !== undefined) facts.takeIndex(indexname);
      return isKey ? { locks: [own] } : { rule: "addPrimaryKey", locks: [own] };
    }
    case "CONSTR_EXCLUSION":
      return { rule: "addExclusion", locks: [own] };
    default:
      return { rule: contype === "CONSTR_NOTNULL" ? "setNotNull" : "unlisted", locks: [own] };
  }
}

/** The tables of live code that foreign keys refer to: making one blocks their writes for a moment. */
function referenced(constraints: readonly Node[], facts: SchemaFacts): Lock[] {
  return constraints
    .flatMap((node) => ("Constraint" in node && node.Constraint.pktable ? [nameOf(node.Constraint.pktable)] : []))
    .filter((table) => !facts.isFresh(table))
    .map((table) => ({ table, exclusive: false }));
}

function relationsIn(nodes: readonly Node[] = []): string[] {
  return nodes.flatMap((node) => ("RangeVar" in node ? [nameOf(node.RangeVar)] : []));
}

function exclusiveOn(tables: readonly string[], facts: SchemaFacts): Lock[] {
  return tables.filter((table) => !facts.isFresh(table)).map((table) => ({ table, exclusive: true }));
}

function isTemporary(relation: { readonly relpersistence?: string } | undefined): boolean {
  return relation?.relpersistence === "t";
}

function isUnlogged(relation: { readonly relpersistence?: string } | undefined): boolean {
  return relation?.relpersistence === "u";
}

function isNull(expression: Node | undefined): boolean {
  if (expression !== undefined && "TypeCast" in expression) return isNull(expression.TypeCast.arg);
  return expression !== undefined && "A_Const" in expression && expression.A_Const.isnull === true;
}

function isOn(value: Node): boolean {
  if ("Boolean" in value) return value.Boolean.boolval === true;
  if ("Integer" in value) return value.Integer.ival === 1;
  return "String" in value && /^(true|on|yes|1)$/i.test(value.String.sval ?? "");
}

/** What the stand-in's runner waits for a lock at most; a migration may wait for less, not for longer. */
const MAX_LOCK_MILLISECONDS = 3000;

/** Only time-outs, for this transaction alone: a shorter wait for locks, and any bound of a statement's own time. */
function isHarmlessSetting(node: Extract<Node, { VariableSetStmt: unknown }>): boolean {
  const { kind, name, args = [], is_local } = node.VariableSetStmt;
  if (kind !== "VAR_SET_VALUE" || is_local !== true || args.length !== 1) return false;
  const milliseconds = durationOf(args[0]);
  if (milliseconds === undefined || milliseconds < 1) return false;
  if (name === "lock_timeout") return milliseconds <= MAX_LOCK_MILLISECONDS;
  return name === "statement_timeout" && milliseconds <= 600_000;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, min: 60_000 };

function durationOf(value: Node | undefined): number | undefined {
  if (value === undefined || !("A_Const" in value)) return undefined;
  const { ival, sval } = value.A_Const;
  if (ival !== undefined) return ival.ival ?? 0;
  const found = /^\s*(\d{1,9})\s*(ms|s|min)?\s*$/.exec(sval?.sval ?? "");
  return found === null ? undefined : Number(found[1]) * (UNITS[found[2] ?? ""] ?? 0);
}
