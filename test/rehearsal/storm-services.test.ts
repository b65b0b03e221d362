import { STORM_SERVICES, stormRoutes } from "../../rehearsal/storm-services.ts";

const routes = stormRoutes(() => undefined);
const ask = async (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
  routes[`${method} /storm/*`]?.(body, `/storm/${path}`);
const alert = (endsAt: number, labels = {}) => ({
  labels: { alertname: "Sample", severity: "page", ...labels },
  endsAt: new Date(Date.now() + endsAt * 1000).toISOString(),
});

describe("stormRoutes", () => {
  it.each([
    ["GET", "grafana/api/health", { database: "ok" }],
    ["POST", "jaeger/v1/traces", { partialSuccess: {} }],
    ["GET", "jaeger/api/services", { data: [] }],
    ["GET", "elasticsearch/_cluster/health", { status: "green" }],
    ["GET", "logstash/", { status: "green" }],
    ["GET", "kibana/api/status", { status: { overall: { level: "available" } } }],
    ["GET", "command-center/health", { status: "ok" }],
    ["GET", "alertmanager/-/ready", {}],
  ] as const)("answers %s %s as a healthy service does", async (method, path, expected) => {
    expect(await ask(method, path)).toEqual(expected);
  });

  it("finds a newest log line, and none that a query is about", async () => {
    expect(await ask("POST", "elasticsearch/_search", { size: 1 })).toMatchObject({ hits: { hits: [{}] } });
    expect(await ask("POST", "elasticsearch/_search", { query: {} })).toEqual({ hits: { hits: [] } });
  });

  it("shows an alert with its receiver until it ends, to who asks for its labels", async () => {
    await ask("POST", "alertmanager/api/v2/alerts", [alert(60), alert(60, { alertname: "Other" })]);
    const path = `alertmanager/api/v2/alerts?active=true&filter=${encodeURIComponent('alertname="Sample"')}`;
    expect(await ask("GET", path)).toEqual([expect.objectContaining({ receivers: [{ name: "storm" }] })]);
    await ask("POST", "alertmanager/api/v2/alerts", [alert(0)]);
    expect(await ask("GET", path)).toEqual([]);
  });

  it("keeps a silence, makes it longer by its id, and shows it as over once it is lifted", async () => {
    const silence = { matchers: [], endsAt: "2026-11-29T20:00:00Z" };
    const made: { silenceID: string } = Object(await ask("POST", "alertmanager/api/v2/silences", silence));
    const longer = { ...silence, id: made.silenceID, endsAt: "2026-11-29T20:10:00Z" };
    expect(await ask("POST", "alertmanager/api/v2/silences", longer)).toEqual(made);
    expect(await ask("GET", "alertmanager/api/v2/silences")).toEqual([{ ...longer, status: { state: "active" } }]);
    await ask("DELETE", `alertmanager/api/v2/silence/${made.silenceID}`);
    expect(await ask("GET", "alertmanager/api/v2/silences")).toEqual([{ ...longer, status: { state: "expired" } }]);
    await expect(ask("DELETE", "alertmanager/api/v2/silence/nobody")).rejects.toThrow("no silence");
  });

  it("has no dashboards while there is no cluster, and refuses what no service has", async () => {
    expect(await ask("GET", "grafana/api/search?tag=sparki")).toEqual([]);
    await expect(ask("GET", "grafana/api/nothing")).rejects.toThrow("no GET /storm/grafana/api/nothing");
  });

  it("serves every service that the config can name beside Prometheus", async () => {
    expect(Object.keys(STORM_SERVICES)).toHaveLength(8);
  });
});
