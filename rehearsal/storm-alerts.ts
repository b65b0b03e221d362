/** An alert as Alertmanager's API takes it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly endsAt: string;
}

/** A route of an AlertmanagerConfig, with the routes inside it. */
export interface StoredRoute {
  readonly receiver: string;
  readonly matchers?: readonly { readonly name: string; readonly matchType?: string; readonly value: string }[];
  readonly continue?: boolean;
  readonly routes?: readonly StoredRoute[];
}

/** Where Storm sends what no route of the cluster takes. */
const DEFAULT_RECEIVER = "storm";

/** Who is told of an alert: the routes inside one are tried in order until one takes it that does not continue. */
export function receiversOf({ labels }: Alert, stored: readonly StoredRoute[]): string[] {
  const found = stored.flatMap((route) => taken(labels, route));
  return found.length === 0 ? [DEFAULT_RECEIVER] : [...new Set(found)];
}

function taken(labels: Alert["labels"], route: StoredRoute): string[] {
  const found: string[] = [];
  for (const inner of route.routes ?? []) {
    if (!matches(labels, inner)) continue;
    found.push(...taken(labels, inner));
    if (inner.continue !== true) return found;
  }
  return found.length === 0 ? [route.receiver] : found;
}

function matches(labels: Alert["labels"], { matchers = [] }: StoredRoute): boolean {
  return matchers.every(({ name, matchType = "=", value }) => (labels[name] === value) === (matchType === "="));
}
