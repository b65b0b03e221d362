import type { RunningPrometheus } from "../../rehearsal/backing/prometheus-alertmanager.ts";
import type { ClusterService } from "../../rehearsal/services.ts";
import { STORM_SERVICES, Storm, stormRoutes } from "../../rehearsal/storm.ts";

const routes = stormRoutes(
  () => undefined,
  (method) => async (body, path) => ({ method, path, body }),
);
const ask = async (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
  routes[`${method} /storm/*`]?.(body, `/storm/${path}`);

describe("stormRoutes", () => {
  it.each([
    ["GET", "grafana/api/health", { database: "ok" }],
    ["POST", "jaeger/v1/traces", { partialSuccess: {} }],
    ["GET", "jaeger/api/services", { data: [] }],
    ["GET", "elasticsearch/_cluster/health", { status: "green" }],
    ["GET", "logstash/", { status: "green" }],
    ["GET", "kibana/api/status", { status: { overall: { level: "available" } } }],
    ["GET", "command-center/health", { status: "ok" }],
  ] as const)("answers %s %s as a healthy service does", async (method, path, expected) => {
    expect(await ask(method, path)).toEqual(expected);
  });

  it("finds a newest log line, and none that a query is about", async () => {
    expect(await ask("POST", "elasticsearch/_search", { size: 1 })).toMatchObject({ hits: { hits: [{}] } });
    expect(await ask("POST", "elasticsearch/_search", { query: {} })).toEqual({ hits: { hits: [] } });
  });

  it.each(["GET", "POST", "DELETE"] as const)("asks Alertmanager itself whatever is %s there", async (method) => {
    expect(await ask(method, "alertmanager/api/v2/silences?filter=a", { matchers: [] })).toEqual({
      method,
      path: "/storm/alertmanager/api/v2/silences?filter=a",
      body: { matchers: [] },
    });
  });

  it("has no dashboards while there is no cluster, and refuses what no service has", async () => {
    expect(await ask("GET", "grafana/api/search?tag=sparki")).toEqual([]);
    await expect(ask("GET", "grafana/api/nothing")).rejects.toThrow("no GET /storm/grafana/api/nothing");
  });

  it("serves every service that the config can name beside Prometheus", async () => {
    expect(Object.keys(STORM_SERVICES)).toHaveLength(8);
  });
});

describe("Storm over a cluster that is deleted", () => {
  it("forgets it before it ends: it would watch the next one from where it was in this one", async () => {
    const calls: string[] = [];
    const prometheus: RunningPrometheus = {
      url: "http://127.0.0.1",
      watch: async (access) => void calls.push(`watch ${access?.endpoint ?? "nothing"}`),
      evaluate: async () => undefined,
      scraped: async () => new Set(),
      stop: async () => undefined,
    };
    const clusters: ClusterService = {
      start: () => Promise.reject(new Error("not to be started")),
      upgrade: async () => undefined,
      admit: async () => undefined,
      stop: async (name) => void calls.push(`stop ${name}`),
    };
    const storm = new Storm(async () => prometheus);
    await storm.resume();
    await storm.watching(clusters).stop("sparki-test");
    expect(calls).toEqual(["watch nothing", "stop sparki-test"]);
    expect(storm.access).toBeUndefined();
  });

  it("needs no Prometheus for that", async () => {
    const stopped: string[] = [];
    const clusters = { stop: async (name: string) => void stopped.push(name) };
    const storm = new Storm(() => Promise.reject(new Error("not to be started")));
    const unused = { start: () => Promise.reject(new Error()), upgrade: async () => {}, admit: async () => {} };
    await storm.watching({ ...unused, ...clusters }).stop("sparki-test");
    expect(stopped).toEqual(["sparki-test"]);
  });
});
