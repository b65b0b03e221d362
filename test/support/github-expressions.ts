/** What GitHub's expressions work on. */
export type Value = null | boolean | number | string | readonly Value[] | Values;
export interface Values {
  readonly [key: string]: Value;
}

const TOKENS = /'(?:[^']|'')*'|&&|\|\||[=!]=|[!()[\].,]|[\w-]+/g;
const TRUTHS: Values = { true: true, false: false, null: null };

/** The status functions of a job or step, which an expression may ask. */
export type Status = Readonly<Record<"success" | "failure" | "cancelled" | "always", boolean>>;

/** The value of an expression as GitHub finds it (https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions). */
export function evaluate(text: string, contexts: Values, status: Partial<Status> = {}): Value {
  const tokens = text.match(TOKENS) ?? [];
  let at = 0;
  const next = () => tokens[at++] ?? "";
  const takes = (token: string) => tokens[at] === token && next() !== "";
  const or = (): Value => {
    let left = and();
    while (takes("||")) {
      const right = and();
      left = isTrue(left) ? left : right;
    }
    return left;
  };
  const and = (): Value => {
    let left = equal();
    while (takes("&&")) {
      const right = equal();
      left = isTrue(left) ? right : left;
    }
    return left;
  };
  const equal = (): Value => {
    const left = not();
    if (takes("==")) return isSame(left, not());
    return takes("!=") ? !isSame(left, not()) : left;
  };
  const not = (): Value => (takes("!") ? !isTrue(not()) : reached(operand()));
  const reached = (value: Value): Value => {
    if (takes(".")) return reached(fieldOf(value, next()));
    if (!takes("[")) return value;
    const key = or();
    next();
    return reached(fieldOf(value, String(key)));
  };
  const operand = (): Value => {
    const token = next();
    if (token === "(") {
      const value = or();
      next();
      return value;
    }
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (takes("(")) return called(token, given());
    if (token in TRUTHS) return TRUTHS[token] ?? null;
    return /^\d+$/.test(token) ? Number(token) : (contexts[token] ?? null);
  };
  const given = (): Value[] => {
    const values: Value[] = [];
    while (!takes(")")) {
      values.push(or());
      takes(",");
    }
    return values;
  };
  const called = (name: string, [first = null, ...rest]: Value[]): Value => {
    if (name === "contains") return Array.isArray(first) && first.some((each) => isSame(each, rest[0] ?? null));
    if (name === "fromJSON") return JSON.parse(String(first));
    if (name === "format") return String(first).replace(/\{(\d)\}/g, (_, index) => String(rest[Number(index)] ?? ""));
    if (name === "always") return true;
    if (name === "success" || name === "failure" || name === "cancelled") return status[name] ?? name === "success";
    throw new Error(`no function ${name} in ${text}`);
  };
  const value = or();
  if (at < tokens.length) throw new Error(`${text}: cannot be read from ${tokens[at]} on`);
  return value;
}

/** Whether a job or step begins: on success alone, unless its condition asks for the status itself. */
export function begins(condition: string | undefined, contexts: Values, status: Status): boolean {
  const text = (condition ?? "").replace(/^\$\{\{([\s\S]*)\}\}$/, "$1").trim();
  const asks = /\b(?:success|failure|cancelled|always)\(\)/.test(text);
  return (asks || status.success) && (text === "" || isTrue(evaluate(text, contexts, status)));
}

/** A text with its expressions in place; one that is nothing but an expression keeps its value's kind. */
export function filledIn(value: unknown, contexts: Values): Value {
  if (typeof value !== "string") return JSON.parse(JSON.stringify(value ?? null));
  const alone = /^\$\{\{((?:(?!\}\})[\s\S])*)\}\}$/.exec(value)?.[1];
  if (alone !== undefined) return evaluate(alone, contexts);
  return value.replace(/\$\{\{([\s\S]*?)\}\}/g, (_, text) => textOf(evaluate(text, contexts)));
}

export function textOf(value: Value): string {
  return value === null ? "" : String(value);
}

function isTrue(value: Value): boolean {
  return value !== null && value !== false && value !== 0 && value !== "";
}

function isSame(one: Value, other: Value): boolean {
  if (typeof one === "string" && typeof other === "string") return one.toLowerCase() === other.toLowerCase();
  return typeof one === typeof other ? one === other : Number(one) === Number(other);
}

function isValues(value: Value): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldOf(value: Value, key: string): Value {
  return isValues(value) ? (value[key] ?? null) : null;
}
