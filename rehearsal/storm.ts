import { pacedGroups } from "./alert-pace.ts";
import type { RuleFiles, RunningPrometheus } from "./backing/prometheus-alertmanager.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { KubernetesObject } from "./cluster/objects.ts";
import { follow } from "./cluster/watch.ts";
import { NotFound, type Route } from "./control.ts";
import type { ClusterAccess, ClusterService } from "./services.ts";

/** `monitoring.coreos.com/v1` PrometheusRule. */
interface PrometheusRule extends KubernetesObject {
  readonly spec?: { readonly groups?: readonly unknown[] };
}

const RULES = "/apis/monitoring.coreos.com/v1/prometheusrules";

/**
 * Stands in for the Prometheus operator until the signal aborts: hands over all PrometheusRules of the cluster, a file
 * each, at every change. Resolves once the first ones were handed over.
 */
export async function followRules(
  access: ClusterAccess,
  signal: AbortSignal,
  handOver: (rules: RuleFiles) => Promise<void>,
): Promise<void> {
  const api = new KubernetesApi(access);
  signal.addEventListener("abort", () => void api.close());
  const rules = new Map<string, readonly unknown[]>();
  let last = Promise.resolve();
  const changed = () => {
    // Rules that Prometheus does not take are seen where they are looked for: it continues with those from before.
    last = last.then(() => handOver(rules)).catch(() => undefined);
  };
  const onChange = (rule: PrometheusRule) => {
    rules.set(fileOf(rule), rule.spec?.groups ?? []);
    changed();
  };
  const onDelete = (rule: PrometheusRule) => {
    rules.delete(fileOf(rule));
    changed();
  };
  await follow(api, { path: RULES, onChange, onDelete }, signal);
  await last;
}

function fileOf({ metadata }: PrometheusRule): string {
  return `${metadata.namespace}-${metadata.name}`;
}

/** What else is done for each cluster that is watched, until the signal aborts. */
type Following = (access: ClusterAccess, signal: AbortSignal) => Promise<void>;

interface Watching {
  /** @default nothing else */
  readonly also?: Following;
  /** Real seconds of a modelled second. @default 1 */
  readonly timeScale?: number;
}

type Start = (access: ClusterAccess | undefined) => Promise<RunningPrometheus>;

/**
 * Storm's Prometheus: there before any cluster, it watches one from when that exists, evaluates the rules that the cluster
 * holds, and can be stopped and started.
 */
export class Storm {
  readonly #start: Start;
  #running: Promise<RunningPrometheus> | undefined;
  #access: ClusterAccess | undefined;
  #rules: RuleFiles = new Map();
  readonly #options: Watching;
  #following: AbortController | undefined;

  constructor(start: Start, options: Watching = {}) {
    this.#start = start;
    this.#options = options;
  }

  /** The cluster service, with Storm watching each cluster that it starts. */
  watching(clusters: ClusterService): ClusterService {
    return {
      start: async (cluster) => {
        const access = await clusters.start(cluster);
        this.#access = access;
        await (await this.#prometheus()).watch(access);
        await this.#follow(access);
        return access;
      },
      upgrade: (name, version) => clusters.upgrade(name, version),
      admit: (name) => clusters.admit(name),
      stop: async (name) => {
        this.close();
        this.#access = undefined;
        // Else it would go on where it was in this one when it watches the next.
        await (await this.#running)?.watch(undefined);
        await clusters.stop(name);
      },
    };
  }

  /** How to reach the watched cluster; undefined while there is none. */
  get access(): ClusterAccess | undefined {
    return this.#access;
  }

  /** Looks at the cluster no more. */
  close(): void {
    this.#following?.abort();
  }

  async suspend(): Promise<void> {
    const running = await this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Starts it when it does not run; what it had scraped before is still there. */
  async resume(): Promise<void> {
    await this.#prometheus();
  }

  /** The names of the pods that it scrapes now; none while it does not run. */
  async scraped(): Promise<ReadonlySet<string>> {
    return (await (await this.#running)?.scraped()) ?? new Set();
  }

  #prometheus(): Promise<RunningPrometheus> {
    this.#running ??= this.#started();
    return this.#running;
  }

  async #started(): Promise<RunningPrometheus> {
    const prometheus = await this.#start(this.#access);
    await prometheus.evaluate(this.#rules);
    return prometheus;
  }

  async #follow(access: ClusterAccess): Promise<void> {
    this.close();
    this.#following = new AbortController();
    const { signal } = this.#following;
    const { also, timeScale = 1 } = this.#options;
    const handOver = async (rules: RuleFiles) => {
      this.#rules = new Map([...rules].map(([file, groups]) => [file, pacedGroups(groups, timeScale)]));
      await (await this.#running)?.evaluate(this.#rules);
    };
    await Promise.all([followRules(access, signal, handOver), also?.(access, signal)]);
  }
}

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
