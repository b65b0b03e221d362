import { fill, hasBookkeeping, Matcher, parsedOnce, same, type World } from "./shape.ts";

/** What one statement may say, at most: fewer actions or resources are let pass, a wildcard only in the very same text. */
export interface Grant {
  /** @default "Allow" */
  readonly effect?: "Allow" | "Deny";
  /** Only in trust policies and in policies of resources. */
  readonly principal?: Readonly<Record<string, string>> | "*";
  readonly actions: readonly string[];
  /** `{any}` stands for a text without a wildcard that AWS makes up. Absent in trust policies. */
  readonly resources?: readonly string[];
  readonly condition?: Readonly<Record<string, unknown>>;
}

const STATEMENT_KEYS = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
const DOCUMENT_KEYS = ["Version", "Id", "Statement"];

/** An IAM document as JSON text, each of whose statements is covered by one of these grants. */
export function document(grants: readonly Grant[], ...sources: readonly string[]): Matcher {
  return new Matcher(
    `an IAM document of these grants: ${JSON.stringify(grants)}`,
    (value, world) => uncovered(value, grants, world).length === 0,
    { sources, mustRefer: sources.length > 0 },
  );
}

/** What of an IAM document no grant covers; a document that AWS refuses or that readers may read in two ways counts. */
export function uncovered(value: unknown, grants: readonly Grant[], world: World): string[] {
  const parsed = typeof value === "string" ? parsedOnce(value) : undefined;
  if (!isRecord(parsed) || hasBookkeeping(parsed) || !hasOnly(parsed, DOCUMENT_KEYS) || parsed.Version !== "2012-10-17")
    return ["document"];
  const statements = Array.isArray(parsed.Statement) ? parsed.Statement : [parsed.Statement];
  if (statements.length === 0) return ["Statement"];
  return statements.flatMap((statement, index) =>
    grants.some((grant) => covers(grant, statement, world)) ? [] : [`Statement[${index}]`],
  );
}

function covers(grant: Grant, statement: unknown, world: World): boolean {
  if (!isRecord(statement) || !hasOnly(statement, STATEMENT_KEYS)) return false;
  const { actions, resources, principal, condition, effect = "Allow" } = grant;
  return (
    statement.Effect === effect &&
    within(statement.Action, actions, world) &&
    (resources === undefined ? statement.Resource === undefined : within(statement.Resource, resources, world)) &&
    same(normalPrincipal(statement.Principal), normalPrincipal(filled(principal, world))) &&
    same(statement.Condition, filled(condition, world))
  );
}

/** Whether a text, or every text of a list, is one of those that the table has. */
function within(value: unknown, declared: readonly string[], world: World): boolean {
  const texts = Array.isArray(value) ? value : [value];
  return texts.length > 0 && texts.every((text) => declared.some((one) => isText(text, fill(one, world))));
}

function isText(text: unknown, declared: string): boolean {
  if (typeof text !== "string") return false;
  if (!declared.includes("{any}")) return text === declared;
  const parts = declared.split("{any}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[A-Za-z0-9!/_-]+")}$`).test(text);
}

/** `{Service: ["a"]}` says the same as `{Service: "a"}`. */
function normalPrincipal(principal: unknown): unknown {
  if (!isRecord(principal)) return principal;
  return Object.fromEntries(
    Object.entries(principal).map(([kind, names]) => [
      kind,
      Array.isArray(names) && names.length === 1 ? names[0] : names,
    ]),
  );
}

function filled(value: unknown, world: World): unknown {
  return value === undefined ? undefined : JSON.parse(fill(JSON.stringify(value), world));
}

function hasOnly(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => keys.includes(key));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
