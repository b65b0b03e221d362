import {
  dashboards,
  grafana,
  prometheus,
  prometheusTargets,
} from "../../../../runbook/preflight/checks/observability.ts";
import { podNamed } from "../../../support/diagnosis.ts";
import {
  configWith,
  fakeCluster,
  fakeContext,
  fakeState,
  look,
  NOW,
  promotionOf,
  resource,
} from "../../../support/preflight.ts";

const PROMETHEUS = "https://prometheus.storm.sparki.tools";
const GRAFANA = "https://grafana.storm.sparki.tools";
const live = fakeState([promotionOf(configWith({}).release)]);
const fix = "look at https://command-center.storm.sparki.tools, ask @alexarno in #platform";

describe("prometheus", () => {
  const telling = (time: number) => ({
    [`GET ${PROMETHEUS}/-/ready`]: {},
    [`GET ${PROMETHEUS}/api/v1/query?query=time()`]: {
      body: { status: "success", data: { resultType: "scalar", result: [time, String(time)] } },
    },
  });

  it.each([0, 29, -29])("passes when it is ready, and its clock agrees (%d s)", async (apart) => {
    expect(await look(prometheus, fakeContext({ web: telling(NOW + apart) }))).toMatchObject({ status: "pass" });
  });

  it.each([
    [-95, "this machine's clock is 95 s ahead of that of"],
    [61.2, "this machine's clock is 61 s behind that of"],
  ])("fails where its clock is %d s apart, for gates would count another time", async (apart, reason) => {
    expect(await look(prometheus, fakeContext({ web: telling(NOW + apart) }))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: expect.stringContaining("timedatectl"),
    });
  });

  it("cannot tell whose clock is right where it does not answer a query", async () => {
    const web = { ...telling(NOW), [`GET ${PROMETHEUS}/api/v1/query?query=time()`]: { status: 422, body: "no query" } };
    await expect(look(prometheus, fakeContext({ web }))).rejects.toMatchObject({
      message: expect.stringContaining("/api/v1/query?query=time() answered 422"),
    });
  });

  it("never takes a page to log in for its word", async () => {
    const web = { [`GET ${PROMETHEUS}/-/ready`]: { body: "<!doctype html><title>Sign in</title>" } };
    expect(await look(prometheus, fakeContext({ web }))).toMatchObject({
      status: "fail",
      reason: `${PROMETHEUS}/-/ready answered 200: a page "Sign in", as from a login page or a proxy`,
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
  const target = (pod: string, changes: { health?: string; stack?: string } = {}) => {
    const { health = "up", stack = "prod" } = changes;
    const namespace = pod.startsWith("engine") ? "sparki-engine" : pod.startsWith("web") ? "sparki-web" : "other";
    return { health, lastError: health === "up" ? "" : "connection refused", labels: { pod, namespace, stack } };
  };
  const BOTH = [target("engine-fleet-1"), target("web-fleet-1")];
  const scraping = (...activeTargets: object[]) => ({
    [`GET ${PROMETHEUS}/api/v1/targets`]: { body: { data: { activeTargets } } },
  });
  const running = (...names: string[]) => ({
    ...fakeCluster(),
    pods: async (namespace: string) =>
      names
        .map((name) => podNamed(name, { namespace }))
        .filter(({ name }) => namespace === `sparki-${name.split("-")[0]}`),
  });
  const lookAt = (targets: readonly object[], ...pods: string[]) =>
    look(prometheusTargets, fakeContext({ web: scraping(...targets), state: live, cluster: running(...pods) }));

  it("passes when every pod of the stack is scraped; others' are no concern, nor are Jobs", async () => {
    const others = [target("x", { health: "down" }), target("engine-fleet-9", { health: "down", stack: "staging" })];
    expect(await lookAt([...BOTH, ...others], "engine-fleet-1", "web-fleet-1", "engine-migrate-1")).toEqual({
      status: "pass",
      reason: "2 pods are scraped",
    });
  });

  it("fails where two jobs scrape one pod, and names both (W03)", async () => {
    const [engine, web] = BOTH;
    const by = (job: string) => ({ ...engine, labels: { ...engine?.labels, job, instance: "10.0.0.1:8080" } });
    const targets = [by("podMonitor/engine"), by("kubernetes-pods"), web ?? {}];
    expect(await lookAt(targets, "engine-fleet-1", "web-fleet-1")).toMatchObject({
      status: "fail",
      reason:
        "scraped more than once: sparki-engine/engine-fleet-1 by job podMonitor/engine at 10.0.0.1:8080 and job kubernetes-pods at 10.0.0.1:8080",
      fix: expect.stringContaining("remove one of these jobs"),
    });
  });

  it.each([
    ["nothing was deployed", []],
    ["a first deployment stopped on its way", [target("engine-one-box-1", { health: "down" })]],
  ])("is skipped while %s", async (_, targets) => {
    expect(await look(prometheusTargets, fakeContext({ web: scraping(...targets) }))).toMatchObject({
      status: "skipped",
    });
  });

  it.each([
    ["nothing is scraped", [], "no pod of sparki-engine and sparki-web is scraped for prod"],
    ["the web UI is not", [target("engine-fleet-1")], "no pod of sparki-web is scraped for prod"],
    [
      "only another stack is",
      [target("engine-fleet-1", { stack: "staging" }), target("web-fleet-1", { stack: "staging" })],
      "no pod of sparki-engine and sparki-web is scraped for prod",
    ],
    ["one of the cluster's pods is not", BOTH, "not scraped: engine-one-box-7"],
    [
      "one does not answer",
      [...BOTH, target("engine-one-box-7", { health: "down" })],
      "1 of 3 targets are down: engine-one-box-7: connection refused",
    ],
  ])("fails when %s", async (_, targets, reason) => {
    expect(await lookAt(targets, "engine-fleet-1", "web-fleet-1", "engine-one-box-7")).toMatchObject({
      status: "fail",
      reason,
    });
  });

  it("does not count a target whose pod begins or ends, as in a rollout that goes on by itself", async () => {
    const targets = [...BOTH, target("engine-fleet-9", { health: "down" })];
    expect(await lookAt(targets, "engine-fleet-1", "web-fleet-1")).toMatchObject({ status: "pass" });
  });

  it("counts every target where the cluster does not tell of its pods", async () => {
    const context = fakeContext({ web: scraping(...BOTH, target("engine-fleet-9", { health: "down" })), state: live });
    expect(await look(prometheusTargets, context)).toMatchObject({ status: "fail" });
  });

  it("passes once a pod that has just begun is scraped", async () => {
    const cluster = running("engine-fleet-1", "engine-fleet-9", "web-fleet-1");
    const [before, after] = [BOTH, [...BOTH, target("engine-fleet-9")]].map((targets) =>
      fakeContext({ web: scraping(...targets), state: live, cluster }),
    );
    if (before === undefined || after === undefined) throw new Error("two contexts");
    let asked = 0;
    const http: typeof before.http = (...request) => (++asked < 3 ? before : after).http(...request);
    expect(await look(prometheusTargets, { ...before, http })).toMatchObject({ status: "pass" });
    expect(asked).toBe(3);
  });

  it("cannot look where something else answers", async () => {
    const web = { [`GET ${PROMETHEUS}`]: { body: "<html>login</html>" } };
    await expect(look(prometheusTargets, fakeContext({ web, state: live }))).rejects.toThrow(
      "answered with something that such a service would not send",
    );
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
