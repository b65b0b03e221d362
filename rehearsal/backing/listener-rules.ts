import type { IncomingHttpHeaders } from "node:http";
import type { ListenerRule } from "../services.ts";

export interface RoutedRequest {
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** The action of the first rule whose conditions all hold; undefined when none does. */
export function actionFor(rules: readonly ListenerRule[], request: RoutedRequest): ListenerRule["action"] | undefined {
  return rules.find(({ conditions }) => holds(conditions, request))?.action;
}

/** One value of each condition must match; paths are case-sensitive, hosts and headers are not, as in AWS. */
function holds({ pathPatterns, hosts, headers }: ListenerRule["conditions"], request: RoutedRequest): boolean {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (pathPatterns && !pathPatterns.some((pattern) => matches(pattern, request.path))) return false;
  if (hosts && !hosts.some((pattern) => matches(pattern.toLowerCase(), host))) return false;
  return (headers ?? []).every(({ name, values }) => {
    const sent = [request.headers[name.toLowerCase()] ?? []].flat().map((value) => value.toLowerCase());
    return values.some((pattern) => sent.some((value) => matches(pattern.toLowerCase(), value)));
  });
}

const compiled = new Map<string, RegExp>();

/** Whether the whole text matches a pattern in which `*` is any number of characters and `?` is one. */
export function matches(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    expression = new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}
