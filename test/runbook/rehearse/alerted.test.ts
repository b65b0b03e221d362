import { alertedSchema, alertedText } from "../../../runbook/rehearse/rehearsal-report.ts";

const told = (service: "slack" | "pagerduty", to: string, status: "firing" | "resolved" = "firing") => ({
  ...{ at: "2026-11-30T00:00:00.000Z", service, to, alert: "CacheFailing", status },
});
const none = { told: [], refused: [], heartbeats: 3, problem: null };

describe("alertedText", () => {
  it("names each alert once, with everybody who was told that it fires", () => {
    const all = [
      told("slack", "#one"),
      told("slack", "#one"),
      told("pagerduty", "critical"),
      told("slack", "#two", "resolved"),
    ];
    expect(alertedText({ ...none, told: all })).toBe("CacheFailing told #one, pagerduty (critical)");
  });

  it("says that none fired, and what was refused or not used", () => {
    expect(alertedText(none)).toBe("none fired");
    const wrong = { ...none, refused: ["/v2/enqueue: routing_key is invalid"], problem: "no secret" };
    expect(alertedText(wrong)).toBe("refused /v2/enqueue: routing_key is invalid; no secret");
  });
});

describe("alertedSchema", () => {
  it("takes what the rehearsal's control API tells, and nothing else", () => {
    expect(alertedSchema.parse({ ...none, told: [told("slack", "#one")] }).told).toHaveLength(1);
    expect(alertedSchema.safeParse({ ...none, more: 1 }).success).toBe(false);
  });
});
