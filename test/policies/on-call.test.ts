import { chartsDeclared } from "../../policies/charts-declared.ts";
import { declaredOnly } from "../../policies/declared-only.ts";
import type { AlertSecret } from "../../policies/policy.ts";
import { HostileCharts } from "../support/hostile-chart.ts";
import { configuredMonitoring, onCallArgs } from "../support/monitoring.ts";
import { judge, situation, thing } from "../support/policy-fixtures.ts";
import { monitoringRelease } from "../support/policy-releases.ts";

const CONFIG = "templates/alertmanager-config.yaml";
const WAKING = onCallArgs({ page: ["pagerduty", "opsgenie"], ticket: ["opsgenie"] });

type Waking = Parameters<typeof onCallArgs>[0];
const NOBODY: Waking = { page: [], ticket: [] };

/** The chart's folder with its release's values, in which somebody is on call; the config says whom, as they do. */
function judged(
  folder: string,
  onCall: ReturnType<typeof onCallArgs> | undefined,
  slack: boolean,
  { page, ticket }: Waking = onCall ?? NOBODY,
): string[] {
  const { slack: reference, ...values } = configuredMonitoring("prod", onCall);
  const more = { ...(slack && { slack: reference }), ...(onCall && { onCall }) };
  const release = monitoringRelease(folder, JSON.parse(JSON.stringify({ ...values, ...more })));
  const given = situation({ onCall: { page: [...page], ticket: [...ticket], region: "us" } });
  return judge([chartsDeclared], [release], given).map(({ property }) => property ?? "");
}

describe("who is on call, in the chart of monitoring", () => {
  const charts = new HostileCharts();
  afterAll(() => charts.remove());
  const unchanged = () => charts.make("monitoring");

  it.each([
    ["Slack, PagerDuty, Opsgenie and a heartbeat", WAKING, true],
    ["PagerDuty alone", { ...onCallArgs({ page: ["pagerduty"], ticket: [] }), heartbeat: false }, false],
    ["a heartbeat alone", onCallArgs({ page: [], ticket: [] }), false],
    ["nobody", undefined, false],
  ])("passes with %s", (_, onCall, slack) => expect(judged(unchanged(), onCall, slack)).toEqual([]));

  it.each([
    ["events that go elsewhere", "url: {{ $onCall.addresses.pagerduty }}", "url: https://evil.example/v2/enqueue"],
    [
      "alerts of Opsgenie's that go elsewhere",
      "apiURL: {{ $onCall.addresses.opsgenie }}",
      "apiURL: https://evil.example/",
    ],
    ["a key of another Secret", "routingKey: {name: {{ $onCall.secretName }}", "routingKey: {name: other"],
    ["a pager that a page does not reach", '{{- if has "pagerduty" $services }}', '{{- if has "nobody" $services }}'],
    ["a heartbeat that beats once more when it ends", "sendResolved: false", "sendResolved: true"],
    [
      "a webhook by its address",
      "urlSecret: {name: {{ $onCall.secretName }}, key: heartbeat}",
      "url: https://evil.example",
    ],
    ["receivers without the stack's Slack", "{{- if $.Values.slack }}", "{{- if false }}"],
  ])("is refused for %s", (_, from, to) => {
    const folder = charts.make("monitoring", { file: CONFIG, replace: [from, to] });
    expect(judged(folder, WAKING, true).join("\n")).toContain("AlertmanagerConfig monitoring: spec.receivers");
  });
});

describe("alerts that the stack has secrets for", () => {
  const values = { ...configuredMonitoring("prod") };
  const said = (changes: object, alertSecrets: readonly AlertSecret[], waking = NOBODY) => {
    const { slack, ...others } = values;
    const release = monitoringRelease(
      "./apps/charts/monitoring",
      JSON.parse(JSON.stringify({ ...others, ...changes })),
    );
    const given = situation({ onCall: { page: [...waking.page], ticket: [...waking.ticket], region: "us" } });
    return judge([chartsDeclared], [release], { ...given, alertSecrets }).map(({ property }) => property ?? "");
  };
  const slack = { slack: values.slack };

  it.each<[string, object, readonly AlertSecret[]]>([
    ["a bot's token", slack, ["slackToken"]],
    ["a webhook", slack, ["slackWebhook"]],
    ["nothing", {}, []],
  ])("pass with %s", (_, changes, secrets) => expect(said(changes, secrets)).toEqual([]));

  it.each<[string, object, readonly AlertSecret[], string]>([
    ["no way to Slack's bot", {}, ["slackToken"], "AlertmanagerConfig"],
    ["no way to Slack's webhook", {}, ["slackWebhook"], "AlertmanagerConfig"],
    ["somebody on call in the place of Slack", { onCall: onCallArgs(NOBODY) }, ["slackToken"], "receivers"],
    ["no heartbeat", slack, ["slackToken", "heartbeatUrl"], "Watchdog"],
    ["nobody who hears the heartbeat's end", {}, ["heartbeatUrl"], "AlertmanagerConfig"],
  ])("are refused with %s", (_, changes, secrets, says) => {
    expect(said(changes, secrets).join("\n")).toContain(says);
  });

  it("are refused where the config wakes somebody whom the values leave out", () => {
    expect(said({}, [], { page: ["pagerduty"], ticket: [] }).join("\n")).toContain("AlertmanagerConfig");
    const none = { onCall: onCallArgs(NOBODY) };
    expect(said({ ...slack, ...none }, [], { page: ["pagerduty"], ticket: [] }).join("\n")).toContain("receivers");
  });
});

describe("the Secret of who is on call", () => {
  const told = (data: Readonly<Record<string, string>>, namespace = "sparki-monitoring") => {
    const inBase64 = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const secret = thing("kubernetes:core/v1:Secret", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "on-call", namespace },
      data: Object.fromEntries(inBase64),
    }).named("monitoring-on-call");
    return judge([declaredOnly], [secret]).map(({ property }) => property?.replace(/ .*/, ""));
  };
  const KEY = "0123456789abcdef";

  it.each([
    ["both services and a heartbeat", { pagerduty: KEY, opsgenie: KEY, heartbeat: "https://hc.example.com/ping/a-b" }],
    ["one of them", { pagerduty: KEY }],
    ["what a rehearsal puts in their place", { pagerduty: "rehearsed-sparki-pagerdutyKey", heartbeat: "rehearsed-x" }],
  ])("passes with %s", (_, data) => expect(told(data)).toEqual([]));

  it.each([
    ["an address in place of a key", { pagerduty: "https://evil.example" }],
    ["a key with a line after it", { pagerduty: `${KEY}\nrouting_key: x` }],
    ["a heartbeat without TLS", { heartbeat: "http://hc.example.com/ping" }],
    ["a heartbeat with a user in its address", { heartbeat: "https://hc.example.com@evil.example/" }],
    ["a key that nobody declared", { pagerduty: KEY, other: KEY }],
  ])("is refused for %s", (_, data) => expect(told(data)).toEqual(["properties", expect.stringMatching(/^data/)]));

  it("is refused in another namespace", () => {
    expect(told({ pagerduty: KEY }, "kube-system")).toEqual(["properties", expect.stringMatching(/^metadata/)]);
  });
});
