import { readFileSync } from "node:fs";
import { join } from "node:path";
import { alertsOf } from "../../apps/monitoring-values.ts";
import { ALERT_CAUSES, causesText } from "../../docs/alert-chapters.ts";
import { stackConfig } from "../support/workload-values.ts";

const names = ["prod", "staging"].flatMap((stack) =>
  alertsOf(stack, stackConfig(stack).objectives).map(({ name }) => name),
);
const text = (name: string) => readFileSync(join(import.meta.dirname, "..", "long", `${name}.test.ts`), "utf8");
const tried = text("alerts") + text("outage-alerts");

describe("the causes of alerts in the rehearsal", () => {
  it("name every alert of the charts, and no other", () => {
    expect(new Set(Object.keys(ALERT_CAUSES))).toEqual(new Set(names));
  });

  it("are each made by a test of test/long/alerts.test.ts or test/long/outage-alerts.test.ts, and no other is", () => {
    const made = Object.entries(ALERT_CAUSES).filter(([, found]) => "cause" in found);
    const named = names.filter((name) => tried.includes(`"${name}"`));
    expect(new Set(named)).toEqual(new Set(made.map(([name]) => name)));
  });

  it("refuse a table with an alert that has none", () => {
    expect(() => causesText(["Unheard"])).toThrow("alert Unheard has neither a cause");
  });
});
