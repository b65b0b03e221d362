import { KubernetesApi } from "./cluster/api.ts";
import { NotFound, type Route } from "./control.ts";
import type { ClusterAccess } from "./services.ts";

const NAMESPACE = "sparki-monitoring";

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** The cluster that Storm watches; undefined while there is none. */
type Access = () => ClusterAccess | undefined;

/**
 * Storm's services beside Prometheus, below `/storm/<service>`: stand-ins that answer as healthy ones do, but for
 * Alertmanager, which is asked itself. Grafana shows the dashboards that the cluster holds.
 */
export function stormRoutes(
  access: Access,
  alertmanager: (method: "GET" | "POST" | "DELETE") => Route,
): Readonly<Record<string, Route>> {
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
  };
  const dispatch =
    (method: "GET" | "POST" | "DELETE"): Route =>
    async (body, path, headers) => {
      if (path.startsWith("/storm/alertmanager/")) return alertmanager(method)(body, path, headers);
      const answer = answers[`${method} ${path.replace(/^\/storm/, "").replace(/\?.*$/, "")}`];
      if (answer === undefined) throw new NotFound(`Storm's stand-in has no ${method} ${path}`);
      return answer(body, path, headers);
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
