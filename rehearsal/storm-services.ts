import { randomUUID } from "node:crypto";
import { KubernetesApi } from "./cluster/api.ts";
import { NotFound, type Route } from "./control.ts";
import type { ClusterAccess } from "./services.ts";

const NAMESPACE = "sparki-monitoring";

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

interface AlertmanagerConfig {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly route: StoredRoute };
}

/** The cluster that Storm watches; undefined while there is none. */
type Access = () => ClusterAccess | undefined;

/**
 * Storm's services beside Prometheus, below `/storm/<service>`: stand-ins that answer as healthy ones do. Grafana shows
 * the dashboards that the cluster holds, and Alertmanager routes by the cluster's own settings.
 */
export function stormRoutes(access: Access): Readonly<Record<string, Route>> {
  const alerts = new Map<string, Alert>();
  const silences = new Map<string, object>();
  const answers: Readonly<Record<string, Route>> = {
    "GET /grafana/api/health": async () => ({ database: "ok" }),
    "GET /grafana/api/search": async (_, path) => dashboards(access, parametersOf(path).getAll("tag")),
    "POST /jaeger/v1/traces": async () => ({ partialSuccess: {} }),
    // Nobody sends it spans.
    "GET /jaeger/api/services": async () => ({ data: [] }),
    "GET /elasticsearch/_cluster/health": async () => ({ status: "green" }),
    "POST /elasticsearch/_search": async (body) => searched(body),
    "GET /logstash/": async () => ({ status: "green" }),
    "GET /kibana/api/status": async () => ({ status: { overall: { level: "available" } } }),
    "GET /command-center/health": async () => ({ status: "ok" }),
    "GET /alertmanager/-/ready": async () => ({}),
    "POST /alertmanager/api/v2/alerts": async (body) => keep(alerts, body),
    "POST /alertmanager/api/v2/silences": async (body) => keepSilence(silences, body),
    "GET /alertmanager/api/v2/silences": async () => [...silences.values()],
    "GET /alertmanager/api/v2/alerts": async (_, path) => firing([...alerts.values()], path, await routes(access)),
  };
  const dispatch =
    (method: "GET" | "POST" | "DELETE"): Route =>
    async (body, path) => {
      const [, silence] = SILENCE.exec(path) ?? [];
      if (method === "DELETE" && silence !== undefined) return lift(silences, silence);
      const answer = answers[`${method} ${path.replace(/^\/storm/, "").replace(/\?.*$/, "")}`];
      if (answer === undefined) throw new NotFound(`Storm's stand-in has no ${method} ${path}`);
      return answer(body, path);
    };
  return {
    "GET /storm/*": dispatch("GET"),
    "POST /storm/*": dispatch("POST"),
    "DELETE /storm/*": dispatch("DELETE"),
  };
}

/** Services by the key of their address in the config. */
export const STORM_SERVICES = {
  grafanaUrl: "grafana",
  jaegerUrl: "jaeger",
  jaegerQueryUrl: "jaeger",
  elasticsearchUrl: "elasticsearch",
  logstashUrl: "logstash",
  kibanaUrl: "kibana",
  alertmanagerUrl: "alertmanager",
  commandCenterUrl: "command-center",
} as const;

/** It has a newest line, and none that a query would find. */
function searched(body: unknown): unknown {
  const isQuery = typeof body === "object" && body !== null && "query" in body;
  return { hits: { hits: isQuery ? [] : [{ _source: { "@timestamp": new Date() } }] } };
}

function parametersOf(path: string): URLSearchParams {
  return new URL(path, "http://storm").searchParams;
}

async function dashboards(access: Access, tags: readonly string[]): Promise<unknown[]> {
  const query = { labelSelector: "grafana_dashboard=1" };
  const found = await listed<ConfigMap>(access, `/api/v1/namespaces/${NAMESPACE}/configmaps`, query);
  const models = found.flatMap(({ data = {} }) => Object.values(data)).map((text) => JSON.parse(text));
  return models.filter((model) => tags.every((tag) => model.tags?.includes(tag)));
}

/** The operator's own routes come first and are named after where they come from. */
async function routes(access: Access): Promise<StoredRoute[]> {
  const path = `/apis/monitoring.coreos.com/v1alpha1/namespaces/${NAMESPACE}/alertmanagerconfigs`;
  const found = await listed<AlertmanagerConfig>(access, path, {});
  return found.map(({ metadata, spec }) => named(spec.route, `${metadata.namespace}/${metadata.name}/`));
}

function named(route: StoredRoute, prefix: string): StoredRoute {
  return {
    ...route,
    receiver: `${prefix}${route.receiver}`,
    routes: (route.routes ?? []).map((inner) => named(inner, prefix)),
  };
}

async function listed<T>(access: Access, path: string, query: Record<string, string>): Promise<readonly T[]> {
  const cluster = access();
  if (cluster === undefined) return [];
  const api = new KubernetesApi(cluster);
  try {
    return (await api.list<T>(path, query)).items;
  } catch {
    // A cluster without the definition, or one that is going away, holds none.
    return [];
  } finally {
    await api.close();
  }
}

function keep(alerts: Map<string, Alert>, body: unknown): void {
  if (!Array.isArray(body)) throw new Error("expected a list of alerts");
  for (const alert of body) alerts.set(JSON.stringify(Object.entries(alert.labels).sort()), alert);
}

const SILENCE = /^\/storm\/alertmanager\/api\/v2\/silence\/([\w-]+)$/;

/** A silence that is sent again with its id is made longer, or shorter, as Alertmanager does. */
function keepSilence(silences: Map<string, object>, body: unknown): unknown {
  const known: unknown = Object(body).id;
  const silenceID = typeof known === "string" ? known : randomUUID();
  silences.set(silenceID, { ...Object(body), id: silenceID, status: { state: "active" } });
  return { silenceID };
}

/** One that is lifted stays to be seen, as over. */
function lift(silences: Map<string, object>, id: string): unknown {
  const silence = silences.get(id);
  if (silence === undefined) throw new NotFound(`Alertmanager has no silence ${id}`);
  silences.set(id, { ...silence, status: { state: "expired" } });
  return {};
}

function firing(alerts: readonly Alert[], path: string, stored: readonly StoredRoute[]): unknown[] {
  const wanted = parametersOf(path)
    .getAll("filter")
    .map((filter) => /^(\w+)="(.*)"$/.exec(filter));
  return alerts
    .filter(({ endsAt }) => Date.parse(endsAt) > Date.now())
    .filter(({ labels }) => wanted.every((match) => match !== null && labels[match[1] ?? ""] === match[2]))
    .map((alert) => ({ ...alert, receivers: receiversOf(alert, stored).map((name) => ({ name })) }));
}

/** An alert as Alertmanager's API takes it. */
interface Alert {
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
