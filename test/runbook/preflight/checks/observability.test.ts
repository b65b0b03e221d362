import type { Http } from "../../../../io/http.ts";
import type { Check } from "../../../../runbook/preflight/check.ts";
import {
  alertmanager,
  commandCenter,
  dashboards,
  elasticsearch,
  grafana,
  kibana,
  logsArrive,
  logstash,
  prometheus,
  prometheusTargets,
  sampleAlert,
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

const URL = "https://alertmanager.storm.sparki.tools";
const clock = { now: () => Date.now() / 1000, sleep: async () => {} };

describe("alertmanager", () => {
  it("passes when it is ready, and fails with what it answers else", async () => {
    expect(await look(alertmanager, fakeContext({ web: { [`GET ${URL}/-/ready`]: {} } }))).toMatchObject({
      status: "pass",
    });
    expect(await look(alertmanager, fakeContext({ web: { [`GET ${URL}/-/ready`]: { status: 503 } } }))).toMatchObject({
      status: "fail",
      reason: `${URL}/-/ready answered 503`,
    });
    const page = { [`GET ${URL}/-/ready`]: { body: "<html><title>Sign in</title>" } };
    expect(await look(alertmanager, fakeContext({ web: page }))).toMatchObject({ status: "fail" });
  });
});

type Shown = { labels: Record<string, string>; receivers: { name: string }[] };

type Sent = Omit<Shown, "receivers"> & { endsAt: string };

/** Shows the alerts that it was sent until they end, as Alertmanager does; what it shows can be changed. */
function asked(change: (alerts: Shown[]) => unknown = (alerts) => alerts, now = () => Date.now() / 1000): Http {
  const kept = new Map<string | undefined, Sent>();
  return async (_, { method = "GET", body = "[]" } = {}) => {
    const sent: Sent[] = JSON.parse(body);
    for (const alert of sent) kept.set(alert.labels.severity, alert);
    const firing = [...kept.values()].filter(({ endsAt }) => Date.parse(endsAt) > now() * 1000);
    const shown = method === "GET" ? change(firing.map((alert) => ({ ...alert, receivers: [{ name: "storm" }] }))) : {};
    return { answered: true, status: 200, headers: {}, body: JSON.stringify(shown), seconds: 0 };
  };
}

const routed = fakeState([resource("kubernetes:helm.sh/v3:Release", "monitoring", { inputs: { values: {} } })]);
const withReceivers = (names: Record<string, string>) => (alerts: Shown[]) =>
  alerts.map((alert) => ({ ...alert, receivers: [{ name: names[alert.labels.severity ?? ""] ?? "other" }] }));
const right = withReceivers({
  page: "sparki-monitoring/monitoring/incidents",
  ticket: "sparki-monitoring/monitoring/platform",
});

describe("sampleAlert", () => {
  it("passes when a page and a ticket reach whom they concern, and are resolved", async () => {
    expect(await look(sampleAlert, fakeContext({ http: asked(right), state: routed, clock }))).toEqual({
      status: "pass",
      reason:
        "a page and a ticket were routed to the right receivers; a page goes to Slack only: sparki:onCall.page is empty",
    });
    const config = configWith({ onCall: { page: ["pagerduty", "opsgenie"], ticket: [], region: "us" } });
    expect(await look(sampleAlert, fakeContext({ http: asked(right), state: routed, clock, config }))).toEqual({
      status: "pass",
      reason: "a page and a ticket were routed to the right receivers; a page also goes to pagerduty and opsgenie",
    });
  });

  it("passes before the first deployment when the alerts are taken and resolved, and says that routes are to come", async () => {
    expect(await look(sampleAlert, fakeContext({ http: asked(), clock }))).toEqual({
      status: "pass",
      reason: "accepted and resolved; the deployment creates the routes",
    });
  });

  it("sends others where the first ones were over before anybody could look", async () => {
    const names: string[] = [];
    let now = 1_800_000_000;
    const patient = {
      now: () => now,
      sleep: async (seconds: number) => {
        now += seconds;
      },
    };
    const answer = asked(right, patient.now);
    const http: Http = (url, options) => {
      if (options?.method !== "POST") return answer(url, options);
      const sent: Sent[] = JSON.parse(options.body ?? "");
      names.push(sent[0]?.labels.alertname ?? "");
      // The first ones reach it late.
      const isLate = names.length <= 2;
      const ended = sent.map((alert) => ({ ...alert, endsAt: new Date(0).toISOString() }));
      return answer(url, { ...options, body: JSON.stringify(isLate ? ended : sent) });
    };
    expect(await look(sampleAlert, fakeContext({ http, state: routed, clock: patient }))).toMatchObject({
      status: "pass",
    });
    expect(names).toEqual([
      ...["SparkiPreflight", "SparkiPreflight"],
      ...["SparkiPreflightSecond", "SparkiPreflightSecond"],
    ]);
  });

  it("leaves the alerts resolved, and sends them to end by themselves within seconds", async () => {
    const sent: { endsAt: string }[][] = [];
    const http: Http = (url, options) => {
      if (options?.method === "POST") sent.push(JSON.parse(options.body ?? ""));
      return answer(url, options);
    };
    const answer = asked(right);
    await look(sampleAlert, fakeContext({ http, state: routed, clock }));
    const seconds = sent.map(([first]) => (Date.parse(first?.endsAt ?? "") - Date.now()) / 1000);
    expect(seconds[0]).toBeLessThanOrEqual(5);
    expect(seconds[1]).toBeLessThanOrEqual(0);
  });

  it.each([
    [
      "a page goes to the wrong people",
      withReceivers({ page: "a/b/platform", ticket: "a/b/platform" }),
      "a page goes to a/b/platform; expected incidents",
    ],
    [
      "a ticket is routed to no receiver",
      (alerts: Shown[]) =>
        right(alerts).map((alert) => (alert.labels.severity === "ticket" ? { ...alert, receivers: [] } : alert)),
      "a ticket is routed to no receiver",
    ],
  ])("fails when %s, and says where the routes are", async (_, change, reason) => {
    expect(await look(sampleAlert, fakeContext({ http: asked(change), state: routed, clock }))).toEqual({
      status: "fail",
      reason,
      fix: expect.stringContaining("AlertmanagerConfig in sparki-monitoring"),
    });
  });

  it("fails when it never shows them, and when it never resolves them", async () => {
    let now = Date.now() / 1000;
    const patient = {
      now: () => now,
      sleep: async (seconds: number) => {
        now += seconds;
      },
    };
    const never = fakeContext({ http: asked(() => []), state: routed, clock: patient });
    expect(await look(sampleAlert, never)).toMatchObject({
      status: "fail",
      reason: "it shows 0 of 2 alerts that were sent",
    });
    const kept = right([
      { labels: { severity: "page" }, receivers: [] },
      { labels: { severity: "ticket" }, receivers: [] },
    ]);
    const always = fakeContext({ http: asked(() => kept), state: routed, clock: patient });
    expect(await look(sampleAlert, always)).toMatchObject({ status: "fail", reason: "the alerts are not resolved" });
  });

  it("cannot look when it refuses the alerts, and is skipped where the config has no address", async () => {
    const refusing = fakeContext({ web: { [`POST ${URL}`]: { status: 400, body: "bad" } } });
    await expect(look(sampleAlert, refusing)).rejects.toThrow("answered 400: bad");
    const config = configWith({ storm: { prometheusUrl: "https://p.test" } });
    expect(await look(sampleAlert, fakeContext({ config }))).toMatchObject({ status: "skipped" });
  });
});

const at = (check: Check, request: string, answer: object) =>
  look(check, fakeContext({ web: { [request.replace(" ", " https://")]: answer } }));
const STORM = "storm.sparki.tools";

describe.each([
  ["elasticsearch", elasticsearch, `GET elasticsearch.${STORM}/_cluster/health`, "the cluster is "],
  ["logstash", logstash, `GET logstash.${STORM}/`, "it is "],
] as const)("%s", (_, check, request, words) => {
  it("passes when it is green", async () => {
    expect(await at(check, request, { body: { status: "green" } })).toMatchObject({ status: "pass" });
  });

  it("warns when it is yellow, and fails when it is red", async () => {
    expect(await at(check, request, { body: { status: "yellow" } })).toMatchObject({ status: "warn" });
    expect(await at(check, request, { body: { status: "red" } })).toMatchObject({
      status: "fail",
      reason: `${words}red`,
    });
  });

  it("cannot look when it answers an error", async () => {
    await expect(at(check, request, { status: 502 })).rejects.toThrow("answered 502");
  });
});

describe("logsArrive", () => {
  const newest = (...times: string[]) => ({
    body: { hits: { hits: times.map((time) => ({ _source: { "@timestamp": time } })) } },
  });
  const request = `POST elasticsearch.${STORM}/_search`;

  it("passes with the age of the newest line", async () => {
    expect(await at(logsArrive, request, newest("2026-11-23T11:58:30Z"))).toEqual({
      status: "pass",
      reason: "the newest line is 1.5 minutes old",
    });
  });

  it("takes a line from a clock ahead of ours as new", async () => {
    const { reason } = await at(logsArrive, request, newest("2026-11-23T12:00:30Z"));
    expect(reason).toBe("the newest line is 0.0 minutes old");
  });

  it.each([
    [
      "the newest line is old",
      newest("2026-11-23T11:00:00Z"),
      "the newest line is 60 minutes old; expected at most 15",
    ],
    ["there is no line", newest(), "no log line was found"],
  ])("fails when %s", async (_, answer, reason) => {
    expect(await at(logsArrive, request, answer)).toMatchObject({ status: "fail", reason });
  });
});

describe("kibana", () => {
  const overall = (status: object) =>
    at(kibana, `GET kibana.${STORM}/api/status`, { body: { status: { overall: status } } });

  it.each([[{ level: "available" }], [{ state: "green" }]])("passes for %j", async (status) => {
    expect(await overall(status)).toMatchObject({ status: "pass" });
  });

  it.each([
    [{ level: "degraded" }, "it is degraded"],
    [{ state: "red" }, "it is red"],
  ])("fails for %j", async (status, reason) => {
    expect(await overall(status)).toMatchObject({ status: "fail", reason });
  });
});

describe("commandCenter", () => {
  it("passes when it answers, and fails with what it answers else", async () => {
    const request = `GET command-center.${STORM}/health`;
    expect(await at(commandCenter, request, {})).toMatchObject({ status: "pass" });
    expect(await at(commandCenter, request, { status: 500 })).toMatchObject({
      status: "fail",
      reason: `https://command-center.${STORM}/health answered 500`,
    });
  });
});
