import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { AlertingRule } from "../../apps/monitoring/rules.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { type SilenceOptions, whileSilenced } from "../../io/alert-silence.ts";
import { systemClock } from "../../io/clock.ts";
import type { Http } from "../../io/http.ts";
import { request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { pacedDuration } from "../../rehearsal/alert-pace.ts";
import { Processes, type ProcessHandle } from "../../rehearsal/processes.ts";
import { sampleAlert } from "../../runbook/preflight/checks/observability.ts";
import {
  type Alertmanager,
  type FiredAlert,
  freePort,
  type Services,
  serveServices,
  startAlertmanager,
  type Told,
  testConfig,
  until,
} from "../support/alertmanager.ts";
import { only } from "../support/chart.ts";
import { monitoringArgs, onCallArgs, renderMonitoring } from "../support/monitoring.ts";
import { configWith, fakeContext, fakeState, look, resource } from "../support/preflight.ts";
import { toolPath } from "../support/tool.ts";

const KEYS = { pagerduty: "0123456789abcdef0123456789abcdef", opsgenie: "12345678-abcd-abcd-abcd-1234567890ab" };

/** No shorter than what a rehearsal, or production, waits before it tells anybody. */
const inRehearsal = (text: string) => pacedDuration(text, 0.002);

let run: string;
let processes: Processes;
let services: Services;
let alertmanager: Alertmanager;

const config = (wait?: (text: string) => string) => {
  const { addresses, ...onCall } = onCallArgs({ page: ["pagerduty", "opsgenie"], ticket: ["opsgenie"] });
  const rendered = renderMonitoring("prod", { onCall: { ...onCall, addresses: { ...addresses } } });
  const secrets = {
    "slack/address": `${services.url}slack`,
    "on-call/pagerduty": KEYS.pagerduty,
    "on-call/opsgenie": KEYS.opsgenie,
    "on-call/heartbeat": `${services.url}heartbeat`,
  };
  return testConfig(only(rendered, "AlertmanagerConfig"), { services: services.url, secrets, ...(wait && { wait }) });
};

beforeAll(async () => {
  run = mkdtempSync(join(tmpdir(), "sparki-alertmanager-"));
  processes = new Processes(run);
  services = await serveServices(KEYS);
  alertmanager = await startAlertmanager(processes, config());
});

afterAll(async () => {
  await processes.stopAll();
  await services.close();
  rmSync(run, { recursive: true, force: true });
});

/** The program's own rules, with the heartbeat. */
const rules = monitoringValues({ ...monitoringArgs("prod"), onCall: onCallArgs({ page: [], ticket: [] }) })
  .groups.flatMap((group) => group.rules)
  .filter((rule): rule is AlertingRule => "alert" in rule);

/** An alert as Prometheus sends it when that rule fires, under a name of the test's own where several tests fire it. */
function fired(rule: string, alertname = rule, more: Readonly<Record<string, string>> = {}): FiredAlert {
  const found = rules.find(({ alert }) => alert === rule);
  if (found === undefined) throw new Error(`no rule ${rule}`);
  const service = more.service ?? "sparki-engine";
  return {
    labels: { ...found.labels, service, ...more, alertname },
    annotations: { ...found.annotations, summary: more.pod ?? found.annotations.summary ?? "" },
  };
}

const over = (alert: FiredAlert): FiredAlert => ({ ...alert, isOver: true });

/** Who was told of an alert, in alphabetical order: Slack's channels by their name, the others by theirs. */
function toldOf(name: string): string[] {
  const naming = services.told.filter(({ body }) => JSON.stringify(body).includes(name));
  const aliases = naming.flatMap(({ body }) => (typeof body.alias === "string" ? [`/${body.alias}/close?`] : []));
  const closing = services.told.filter(({ path }) => aliases.some((alias) => path.includes(alias)));
  return [...naming, ...closing].map(receiverOf).sort();
}

function receiverOf({ service, path, body }: Told): string {
  const isResolved = JSON.stringify(body).includes("[RESOLVED]");
  if (service === "slack") return `${body.channel}${isResolved ? " resolved" : ""}`;
  if (service === "pagerduty") return `pagerduty ${body.event_action}`;
  return path.includes("/close?") ? "opsgenie close" : service;
}

const asResolved = (receiver: string): string => {
  if (receiver === "pagerduty trigger") return "pagerduty resolve";
  return receiver === "opsgenie" ? "opsgenie close" : `${receiver} resolved`;
};

const isTold = (name: string, receivers: readonly string[]) =>
  until(`${name} to be told`, () => toldOf(name).length >= receivers.length);

describe("preflight's sample alerts", () => {
  it("are routed by the real Alertmanager, which then tells nobody of them", async () => {
    const patient = await startAlertmanager(processes, config(inRehearsal), "patient-alertmanager");
    const network = openNetwork({});
    const context = fakeContext({
      config: configWith({ storm: { prometheusUrl: patient.url, alertmanagerUrl: patient.url } }),
      state: fakeState([resource("kubernetes:helm.sh/v3:Release", "monitoring", { inputs: { values: {} } })]),
      http: (url, options) => request(network, url, options),
      clock: systemClock,
    });
    expect(await look(sampleAlert, context)).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("a page and a ticket were routed to the right receivers"),
    });
    // An alert that came after them waits as long, and is told.
    const now = new Date().toISOString();
    await patient.send({ ...fired("EngineMetricsMissing", "CameAfterwards"), startsAt: now });
    await isTold("CameAfterwards", ["#incidents", "opsgenie", "pagerduty trigger"]);
    expect(toldOf("SparkiPreflight")).toEqual([]);
    await network.close();
  });
});

describe("Alertmanager with the program's routes", () => {
  it.each([
    ["a page about the application", "ErrorsBudgetBurnFast", ["#incidents", "opsgenie", "pagerduty trigger"]],
    ["a page about the monitoring", "EngineMetricsMissing", ["#incidents", "opsgenie", "pagerduty trigger"]],
    ["a ticket about the application", "ErrorsBudgetBurnSlow", ["#platform", "opsgenie"]],
    ["a ticket about the database", "DatabaseFailing", ["#database", "#platform", "opsgenie"]],
    ["a ticket about the cache", "CacheFailing", ["#infrastructure", "#platform", "opsgenie"]],
  ])("tells of %s exactly whom it concerns, and then that it is over", async (_, rule, expected) => {
    const name = `Severity${rule}`;
    // Of a service of its own: another test's page about the same objective would inhibit it.
    const alert = fired(rule, name, { service: name.toLowerCase() });
    await alertmanager.send(alert);
    await isTold(name, expected);
    const channels = expected.filter((each) => each.startsWith("#"));
    expect((await alertmanager.shown(name))?.receivers).toHaveLength(channels.length);
    await alertmanager.send(over(alert));
    const all = [...expected, ...expected.map(asResolved)].sort();
    await isTold(name, all);
    expect(toldOf(name)).toEqual(all);
  });

  it("closes in PagerDuty and Opsgenie what it opened there", async () => {
    const alert = fired("RequestsStopped", "OpenedAndClosed");
    await alertmanager.send(alert);
    await isTold("OpenedAndClosed", ["#incidents", "opsgenie", "pagerduty trigger"]);
    await alertmanager.send(over(alert));
    await until("it to be closed", () => toldOf("OpenedAndClosed").includes("pagerduty resolve"));
    const events = services.told.filter(({ service, body }) => {
      return service === "pagerduty" && JSON.stringify(body).includes("OpenedAndClosed");
    });
    expect(events.map(({ body }) => body.event_action)).toEqual(["trigger", "resolve"]);
    expect(new Set(events.map(({ body }) => body.dedup_key)).size).toBe(1);
    expect(events[0]?.body).toMatchObject({
      client_url: "https://github.com/alexarno/sparki-deploy/blob/main/docs/alerts.md#requestsstopped",
      payload: { severity: "critical", component: "application", group: "sparki-engine" },
    });
  });

  it("tells one message of all pods about which the same alert fires", async () => {
    const names = ["pod-one", "pod-two", "pod-three"];
    await alertmanager.send(...names.map((pod) => fired("DatabaseFailing", "Grouped", { pod })));
    const messages = () =>
      services.told.filter(({ service, body }) => service === "opsgenie" && /Grouped/.test(`${body.message}`));
    // It tells of the first at once, and with the next message of those that reached the group afterwards.
    await until("one message of all", () =>
      messages().some(({ body }) => names.every((name) => `${body.description}`.includes(name))),
    );
    expect(new Set(messages().map(({ body }) => body.alias)).size).toBe(1);
    expect(new Set(toldOf("Grouped"))).toEqual(new Set(["#database", "#platform", "opsgenie"]));
  });

  it("tells of a group only what still fires, and calls nobody once all of it is over", async () => {
    // https://github.com/prometheus/alertmanager/issues/1986
    const [first, second] = ["pod-over", "pod-firing"].map((pod) => fired("DatabaseFailing", "PartlyOver", { pod }));
    if (first === undefined || second === undefined) throw new Error("no alerts");
    await alertmanager.send(first, second);
    const texts = () =>
      services.told.flatMap(({ service, body }) =>
        service === "slack" && JSON.stringify(body).includes("PartlyOver") ? [JSON.stringify(body)] : [],
      );
    await until("both to be told", () => texts().some((text) => /pod-over/.test(text) && /pod-firing/.test(text)));
    const before = texts().length;
    await alertmanager.send(over(first));
    await until("one to be over", () =>
      texts()
        .slice(before)
        .some((text) => text.includes("[FIRING]")),
    );
    const partly = texts()
      .slice(before)
      .filter((text) => text.includes("[FIRING]"));
    expect(partly.at(-1)).toContain("pod-firing");
    expect(partly.at(-1)).not.toContain("pod-over");
    await alertmanager.send(over(second));
    await until("all to be over", () => texts().some((text) => text.includes("[RESOLVED]")));
    const [firing, ended] = [texts()[0], texts().find((text) => text.includes("[RESOLVED]"))];
    expect(firing).toContain("@");
    expect(ended).toContain("pod-firing");
    expect(ended).not.toContain("@");
  });

  it("holds back the ticket about an objective while a page about it fires, and no other", async () => {
    const [page, ticket] = [
      fired("ErrorsBudgetBurnFast", "InhibitingPage"),
      fired("ErrorsBudgetBurnSlow", "HeldTicket"),
    ];
    const [objective, service] = ["errors", "inhibited"];
    const about = (alert: FiredAlert): FiredAlert => ({ ...alert, labels: { ...alert.labels, objective, service } });
    const [early, other] = [
      fired("ErrorsBudgetBurnSlow", "EarlyTicket"),
      fired("DatabaseFailing", "OtherTicket", { service }),
    ];
    // Alertmanager hands an alert to its routes and to its inhibition rules at the same time, and these tests wait for neither:
    // a ticket that comes with the page may be told before the page is known to inhibit it. An early one shows when it is.
    await alertmanager.send(about(page), about(early));
    await isTold("InhibitingPage", ["#incidents", "opsgenie", "pagerduty trigger"]);
    const inhibited = async (name: string) => (await alertmanager.shown(name))?.status.inhibitedBy.length === 1;
    await until("the page to inhibit", () => inhibited("EarlyTicket"));
    await alertmanager.send(about(ticket), other);
    await isTold("OtherTicket", ["#database", "#platform", "opsgenie"]);
    await until("the ticket to be held back", () => inhibited("HeldTicket"));
    expect((await alertmanager.shown("HeldTicket"))?.status.state).toBe("suppressed");
    expect(toldOf("HeldTicket")).toEqual([]);
    await alertmanager.send(over(about(page)));
    await isTold("HeldTicket", ["#platform", "opsgenie"]);
  });

  it("gives every message its secrets, and shows none in what it writes", () => {
    expect(services.refused).toEqual([]);
    expect(services.told.length).toBeGreaterThan(20);
  });
});

/** Asks the running Alertmanager as `sparki deploy` does. */
const http: Http = async (url, { method = "GET", headers, body } = {}) => {
  const answer = await fetch(url, { method, headers: { ...headers }, ...(body !== undefined && { body }) });
  return { answered: true, status: answer.status, headers: {}, body: await answer.text(), seconds: 0 };
};

describe("whileSilenced, with the real Alertmanager", () => {
  const lines: string[] = [];
  const options = (): SilenceOptions => ({
    url: alertmanager.url,
    http,
    stack: "prod",
    clock: {
      now: () => Date.now() / 1000,
      // No test takes so long that a silence is made longer; what is left of it does not keep Jest.
      sleep: (seconds, signal) => delay(seconds * 1000, undefined, { ref: false, ...(signal && { signal }) }),
    },
    line: (text) => lines.push(text),
  });
  const caused = (name: string, stack = "prod") =>
    fired("DatabaseFailing", name, { caused_by: "deployment", service: name.toLowerCase(), stack });

  it("keeps quiet about what the deployment causes and about nothing else, until it is over", async () => {
    await whileSilenced(options(), "deployment of 2026.11.2", async () => {
      const apart = fired("DatabaseFailing", "NotCaused", { service: "notcaused" });
      await alertmanager.send(caused("CausedHere"), caused("CausedElsewhere", "staging"), apart);
      await isTold("NotCaused", ["#database", "#platform", "opsgenie"]);
      await isTold("CausedElsewhere", ["#database", "#platform", "opsgenie"]);
      expect((await alertmanager.shown("CausedHere"))?.status).toMatchObject({
        state: "suppressed",
        silencedBy: [expect.any(String)],
      });
      expect(toldOf("CausedHere")).toEqual([]);
    });
    await isTold("CausedHere", ["#database", "#platform", "opsgenie"]);
    expect(lines).toEqual([]);
  });

  it("is made again where Alertmanager does not know it any more, and lifted", async () => {
    let isForgotten = true;
    const forgetful: Http = (url, request = {}) => {
      const body = request.body?.replace(/"id":"[^"]*"/, '"id":"0b7c1bd5-0b0e-4b0e-8b0e-0123456789ab"');
      const asked =
        isForgotten && body !== request.body ? { ...request, ...(body !== undefined && { body }) } : request;
      if (asked !== request) isForgotten = false;
      return http(url, asked);
    };
    let renewals = 0;
    const clock: SilenceOptions["clock"] = {
      now: () => Date.now() / 1000,
      // The first renewal comes at once, and no other.
      sleep: (_, signal) =>
        renewals++ === 0 ? delay(0) : delay(60_000, undefined, { ref: false, ...(signal && { signal }) }),
    };
    const why = "deployment of 2026.11.4";
    const active = async () => {
      const answer = await fetch(`${alertmanager.url}/api/v2/silences`);
      const all = (await answer.json()) as { id: string; comment: string; status: { state: string } }[];
      return all.filter(({ comment, status }) => comment === why && status.state === "active").map(({ id }) => id);
    };
    await whileSilenced({ ...options(), http: forgetful, clock }, why, async () => {
      await until("the silence to be made again", async () => !isForgotten && (await active()).length === 2);
    });
    // The first one is left here only, where it was not really forgotten.
    const left = await active();
    expect(left).toHaveLength(1);
    await http(`${alertmanager.url}/api/v2/silence/${left[0]}`, { method: "DELETE" });
    expect(lines).toEqual([]);
  });

  it("ends by itself when the deployment was killed", async () => {
    // Of a deployment whose command is gone: its silence was made half an hour ago, but for two seconds.
    const killed = { ...options(), clock: { ...options().clock, now: () => Date.now() / 1000 - 30 * 60 + 2 } };
    const gone = new Promise<never>(() => {});
    void whileSilenced(killed, "deployment of 2026.11.3", () => gone);
    const silences = async () => (await fetch(`${alertmanager.url}/api/v2/silences`)).text();
    await until("its silence", async () => (await silences()).includes("2026.11.3"));
    await alertmanager.send(caused("CausedByKilled"));
    await isTold("CausedByKilled", ["#database", "#platform", "opsgenie"]);
  });
});

describe("the dead man's switch", () => {
  const beats = () => services.told.filter(({ service }) => service === "heartbeat").length;
  const heartbeat = rules.find(({ labels }) => labels.severity === "heartbeat");
  let prometheus: ProcessHandle;

  beforeAll(async () => {
    prometheus = await startPrometheus();
  });

  it("asks the heartbeat again and again while Prometheus evaluates its rules, and tells nobody else", async () => {
    await until("three beats", () => beats() >= 3);
    expect(toldOf("Watchdog").filter((each) => each !== "heartbeat")).toEqual([]);
  });

  it("falls silent when Prometheus is gone, though Alertmanager goes on, and beats again when it is back", async () => {
    await prometheus.stop();
    await until("the heartbeat to be over", async () => !(await alertmanager.grouped()).includes("Watchdog"));
    const before = beats();
    await alertmanager.send(fired("EngineMetricsMissing", "StillTelling", { service: "still" }));
    await isTold("StillTelling", ["#incidents", "opsgenie", "pagerduty trigger"]);
    expect(beats()).toBe(before);
    await startPrometheus();
    await until("another beat", () => beats() > before);
  });

  /** The real Prometheus with the program's rule of the heartbeat, as often as a test can wait for it. */
  async function startPrometheus(): Promise<ProcessHandle> {
    if (heartbeat === undefined) throw new Error("no rule of the heartbeat");
    const [file, rulesFile] = ["prometheus.yaml", "heartbeat.yaml"].map((name) => join(run, name));
    const groups = [{ name: "heartbeat", interval: "200ms", rules: [heartbeat] }];
    writeFileSync(`${rulesFile}`, JSON.stringify({ groups }));
    const alerting = { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager.url).host] }] }] };
    writeFileSync(`${file}`, JSON.stringify({ rule_files: [rulesFile], alerting }));
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(run, "data")}`,
      `--web.listen-address=127.0.0.1:${await freePort()}`,
      // How long Alertmanager takes an alert for firing follows from it: four times as long.
      "--rules.alert.resend-delay=500ms",
    ];
    return processes.start({ name: "prometheus", command: toolPath("prometheus"), args });
  }
});
