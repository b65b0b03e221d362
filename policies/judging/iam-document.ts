import { listAt, textAt, valueAt } from "./objects.ts";

/** One statement of an IAM policy, with lists where the document may have a single text. */
export interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  /** By kind, for example `AWS`, `Service`, `Federated`; a bare `*` is of kind `AWS`. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  /** Operator, then key, then values: `{StringEquals: {"aws:SourceAccount": ["1111"]}}`. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Reads a policy document given as JSON text or as an object. @throws on text that is not JSON. */
export function statementsOf(document: unknown): Statement[] {
  const parsed: unknown = typeof document === "string" && document !== "" ? JSON.parse(document) : document;
  const found = valueAt(parsed, "Statement");
  return (Array.isArray(found) ? found : found === undefined ? [] : [found]).map(toStatement);
}

function toStatement(statement: unknown): Statement {
  return {
    allows: textAt(statement, "Effect") === "Allow",
    actions: textsAt(statement, "Action"),
    notActions: textsAt(statement, "NotAction"),
    resources: textsAt(statement, "Resource"),
    notResources: textsAt(statement, "NotResource"),
    principals: principalsOf(valueAt(statement, "Principal")),
    conditions: mapValues(valueAt(statement, "Condition"), (tests) =>
      mapValues(tests, (values) => textsAt({ values }, "values")),
    ),
  };
}

function principalsOf(principal: unknown): Statement["principals"] {
  if (typeof principal === "string") return { AWS: [principal] };
  return mapValues(principal, (values) => textsAt({ values }, "values"));
}

function textsAt(value: unknown, key: string): readonly string[] {
  const single = textAt(value, key);
  return single === undefined ? listAt(value, key).filter((item) => typeof item === "string") : [single];
}

function mapValues<T>(value: unknown, map: (inner: unknown) => T): Record<string, T> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, map(inner)]));
}
