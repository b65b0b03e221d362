import { Receivers, type ToldRequest } from "../../rehearsal/alerting.ts";

const KEYS = { pagerduty: "the-key", opsgenie: "the-other" };
const event = (changes: object = {}): ToldRequest => ({
  path: "/v2/enqueue",
  authorization: undefined,
  body: {
    routing_key: "the-key",
    event_action: "trigger",
    dedup_key: "one",
    payload: { summary: "CacheFailing (prod): it fails", source: "Alertmanager", severity: "critical" },
    ...changes,
  },
});
const opsgenie = (path: string, body: object, authorization = "GenieKey the-other"): ToldRequest => ({
  path,
  authorization,
  body: { ...body },
});
const slack = (body: object): ToldRequest => ({ path: "/slack", authorization: undefined, body: { ...body } });

function receivers(): Receivers {
  const all = new Receivers();
  all.know(KEYS);
  return all;
}

describe("Receivers", () => {
  it.each<[string, ToldRequest, object]>([
    ["Slack", slack({ channel: "#one", attachments: [{ title: "[FIRING] CacheFailing: a (prod)" }] }), { to: "#one" }],
    ["PagerDuty", event(), { to: "critical" }],
    ["Opsgenie", opsgenie("/v2/alerts", { message: "CacheFailing (prod)", priority: "P1" }), { to: "P1" }],
  ])("keep what %s was told, of which alert", (_, request, expected) => {
    const all = receivers();
    all.take(request);
    expect(all.told).toEqual([expect.objectContaining({ alert: "CacheFailing", status: "firing", ...expected })]);
  });

  it("know which alert is over", () => {
    const all = receivers();
    all.take(slack({ channel: "#one", attachments: [{ title: "[RESOLVED] CacheFailing: a (prod)" }] }));
    all.take(event({ event_action: "resolve" }));
    all.take(opsgenie("/v2/alerts", { message: "CacheFailing (prod)", priority: "P3", alias: "abc" }));
    all.take(opsgenie("/v2/alerts/abc/close?identifierType=alias", { source: "x" }));
    const over = all.told.filter(({ status }) => status === "resolved");
    expect(over.map(({ service, to, alert }) => [service, to, alert])).toEqual([
      ["slack", "#one", "CacheFailing"],
      ["pagerduty", "critical", "CacheFailing"],
      ["opsgenie", "P3", "CacheFailing"],
    ]);
  });

  it.each<[string, ToldRequest, string]>([
    ["another key", event({ routing_key: "wrong" }), "routing_key is invalid"],
    ["another action", event({ event_action: "shout" }), "event_action is invalid"],
    ["no summary", event({ payload: { source: "a", severity: "critical" } }), "payload.summary and payload.source"],
    ["another severity", event({ payload: { summary: "a", source: "a", severity: "P1" } }), "severity is invalid"],
    ["no key to close it by", event({ dedup_key: undefined }), "dedup_key is invalid"],
    ["another key of Opsgenie", opsgenie("/v2/alerts", { message: "a", priority: "P1" }, "Bearer a"), "authenticate"],
    ["no message", opsgenie("/v2/alerts", { priority: "P1" }), "message can not be empty"],
    ["another priority", opsgenie("/v2/alerts", { message: "a", priority: "high" }), "priority is invalid"],
    ["no channel", slack({ attachments: [{}] }), "channel_not_found"],
    ["no text", slack({ channel: "#one", attachments: [] }), "no_text"],
  ])("refuse %s, as the service does, and keep why", (_, request, problem) => {
    const all = receivers();
    expect(() => all.take(request)).toThrow(problem);
    expect(all.told).toEqual([]);
    expect(all.refused).toEqual([expect.stringContaining(problem)]);
  });

  it("take no event before the cluster has a key", () => {
    expect(() => new Receivers().take(event({ routing_key: undefined }))).toThrow("routing_key is invalid");
  });

  it("count heartbeats, and keep none of them", () => {
    const all = receivers();
    for (let beat = 0; beat < 3; beat++) all.take({ path: "/heartbeat", authorization: undefined, body: {} });
    expect({ told: all.told, heartbeats: all.heartbeats }).toEqual({ told: [], heartbeats: 3 });
  });
});
