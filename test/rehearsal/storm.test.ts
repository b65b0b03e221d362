import { STORM_SERVICES, stormRoutes } from "../../rehearsal/storm.ts";

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
