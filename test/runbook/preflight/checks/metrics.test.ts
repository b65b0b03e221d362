import { dashboards, grafana, prometheus, prometheusTargets } from "../../../../runbook/preflight/checks/metrics.ts";
import { configWith, fakeContext, fakeState, look, promotionOf, resource } from "../../../support/preflight.ts";

const PROMETHEUS = "https://prometheus.storm.sparki.tools";
const GRAFANA = "https://grafana.storm.sparki.tools";
const live = fakeState([promotionOf(configWith({}).release)]);
const fix = "look at https://command-center.storm.sparki.tools, ask @alexarno in #platform";

describe("prometheus", () => {
  it("passes when it is ready", async () => {
    expect(await look(prometheus, fakeContext({ web: { [`GET ${PROMETHEUS}/-/ready`]: {} } }))).toMatchObject({
      status: "pass",
    });
  });

  it("fails with its answer when it is not, and says whom to ask", async () => {
    const web = { [`GET ${PROMETHEUS}/-/ready`]: { status: 503 } };
    expect(await look(prometheus, fakeContext({ web }))).toEqual({
      status: "fail",
      reason: `${PROMETHEUS}/-/ready answered 503`,
      fix,
    });
  });

  it("cannot look when it does not answer", async () => {
    await expect(look(prometheus, fakeContext())).rejects.toMatchObject({
      message: `${PROMETHEUS}/-/ready: connect ECONNREFUSED`,
      hint: fix,
    });
  });
});

describe("prometheusTargets", () => {
  const target = (pod: string, health = "up", namespace = "sparki-engine") => ({
    health,
    lastError: health === "up" ? "" : "connection refused",
    labels: { pod, namespace },
  });
  const scraping = (...activeTargets: object[]) => ({
    [`GET ${PROMETHEUS}/api/v1/targets`]: { body: { data: { activeTargets } } },
  });

  it("passes when every pod of ours is scraped; others' are no concern", async () => {
    const web = scraping(target("engine-1"), target("x", "down", "other"));
    expect(await look(prometheusTargets, fakeContext({ web }))).toEqual({
      status: "pass",
      reason: "1 pods are scraped",
    });
  });

  it("is skipped while nothing was promoted, and fails when something was and is not scraped", async () => {
    expect(await look(prometheusTargets, fakeContext({ web: scraping() }))).toMatchObject({ status: "skipped" });
    expect(await look(prometheusTargets, fakeContext({ web: scraping(), state: live }))).toMatchObject({
      status: "fail",
      reason: "no pod of Sparki is scraped",
    });
  });

  it("fails with the pods that are not, and why", async () => {
    const web = scraping(target("engine-1"), target("engine-2", "down"));
    expect(await look(prometheusTargets, fakeContext({ web }))).toMatchObject({
      status: "fail",
      reason: "1 of 2 targets are down: engine-2: connection refused",
    });
  });

  it("cannot look where something else answers", async () => {
    const web = { [`GET ${PROMETHEUS}`]: { body: "<html>login</html>" } };
    await expect(look(prometheusTargets, fakeContext({ web }))).rejects.toThrow("answered what no such service would");
  });
});

describe("grafana", () => {
  it.each([
    ["passes", "ok", { status: "pass" }],
    ["fails", "failing", { status: "fail", reason: "its database is failing", fix }],
  ])("%s when its database is %s", async (_, database, expected) => {
    const web = { [`GET ${GRAFANA}/api/health`]: { body: { database } } };
    expect(await look(grafana, fakeContext({ web }))).toMatchObject(expected);
  });

  it("sends Storm's token, and says when that is refused", async () => {
    const context = fakeContext({
      tokens: { storm: "glsa_1" },
      web: { [`GET ${GRAFANA}`]: { status: 401, body: "no" } },
    });
    await expect(look(grafana, context)).rejects.toThrow(`${GRAFANA}/api/health answered 401: no`);
    expect(context.requests[0]?.headers).toEqual({ authorization: "Bearer glsa_1" });
  });

  it("is skipped where the config has no address of it", async () => {
    const config = configWith({ storm: { prometheusUrl: PROMETHEUS } });
    expect(await look(grafana, fakeContext({ config }))).toEqual({
      status: "skipped",
      reason: "no sparki:storm.grafanaUrl is configured",
    });
  });
});

describe("dashboards", () => {
  const values = { dashboards: { reliability: "{}", database: "{}" } };
  const state = fakeState([resource("kubernetes:helm.sh/v3:Release", "monitoring", { inputs: { values } })]);
  const loaded = (...uids: string[]) => ({
    [`GET ${GRAFANA}/api/search?type=dash-db&tag=sparki&tag=prod`]: { body: uids.map((uid) => ({ uid })) },
  });

  it("passes when each of the chart's is loaded", async () => {
    const web = loaded("sparki-prod-reliability", "sparki-prod-database", "other");
    expect(await look(dashboards, fakeContext({ web, state }))).toEqual({
      status: "pass",
      reason: "2 dashboards are loaded",
    });
  });

  it("fails with those that are not", async () => {
    expect(await look(dashboards, fakeContext({ web: loaded("sparki-prod-reliability"), state }))).toMatchObject({
      status: "fail",
      reason: "Grafana has not loaded sparki-prod-database",
      fix: expect.stringContaining("sidecar"),
    });
  });

  it("is skipped before the monitoring chart's first release", async () => {
    expect(await look(dashboards, fakeContext({ web: loaded() }))).toMatchObject({ status: "skipped" });
  });
});
