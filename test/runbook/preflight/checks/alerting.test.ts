import type { Http } from "../../../../io/http.ts";
import { alertmanager, sampleAlert } from "../../../../runbook/preflight/checks/observability.ts";
import { configWith, fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

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
