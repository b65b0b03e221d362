import { valueAt } from "./objects.ts";

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

/** A policy document that is no JSON, of which no policy can say that it is met. */
export class UnreadableDocument extends SyntaxError {}

/** Reads a policy document given as JSON text or as an object. @throws UnreadableDocument for text that is not JSON */
export function statementsOf(document: unknown): Statement[] {
  const parsed = typeof document === "string" && document !== "" ? parsedJson(document) : document;
  return listOf(valueAt(parsed, "Statement")).map(toStatement);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnreadableDocument("the document is no JSON", { cause: error });
  }
}

function toStatement(statement: unknown): Statement {
  const textsAt = (key: string) => textsOf(valueAt(statement, key));
  return {
    allows: valueAt(statement, "Effect") === "Allow",
    actions: textsAt("Action"),
    notActions: textsAt("NotAction"),
    resources: textsAt("Resource"),
    notResources: textsAt("NotResource"),
    principals: principalsOf(valueAt(statement, "Principal")),
    conditions: mapValues(valueAt(statement, "Condition"), (tests) => mapValues(tests, textsOf)),
  };
}

function principalsOf(principal: unknown): Statement["principals"] {
  return typeof principal === "string" ? { AWS: [principal] } : mapValues(principal, textsOf);
}

/** A document may have one thing where a list is meant. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === "string");
}

function mapValues<T>(value: unknown, map: (inner: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(Object(value)).map(([key, inner]) => [key, map(inner)]));
}
