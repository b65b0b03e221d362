import fc from "fast-check";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { pacedDuration, pacedExpression, pacedGroups, pacedSeconds } from "../../rehearsal/alert-pace.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { checkRules } from "../support/promtool.ts";

describe("pacedSeconds", () => {
  it("leaves time as it is where it is not compressed", () => {
    expect(pacedSeconds(300, 1)).toBe(300);
  });

  it("never makes a wait longer, nor shorter than what is real needs, and keeps the order of waits", () => {
    const seconds = fc.integer({ min: 1, max: 2_592_000 });
    const scale = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(seconds, seconds, scale, (one, other, timeScale) => {
        const [paced, pacedOther] = [pacedSeconds(one, timeScale), pacedSeconds(other, timeScale)];
        expect(paced).toBeLessThanOrEqual(one);
        expect(paced).toBeGreaterThanOrEqual(Math.min(one, 6));
        if (one <= other) expect(paced).toBeLessThanOrEqual(pacedOther);
      }),
    );
  });
});

describe("pacedDuration", () => {
  it.each([
    ["1h", 0.01, "36000ms"],
    ["5m", 0.01, "6000ms"],
    ["1h30m", 0.01, "54000ms"],
    ["3s", 0.01, "3000ms"],
    ["3d", 0.01, "2592000ms"],
    ["5m", 1, "300000ms"],
  ])("makes %s at %d %s", (text, timeScale, paced) => expect(pacedDuration(text, timeScale)).toBe(paced));

  it("refuses what is no duration", () => {
    expect(() => pacedDuration("soon", 0.01)).toThrow("soon is no duration");
  });
});

describe("pacedExpression", () => {
  it.each([
    ["rate(a[1h])", "rate(a[36000ms])"],
    ["rate(a[10m] offset 1h) > 1", "rate(a[6000ms] offset 36000ms) > 1"],
    ["max_over_time(a[1h:30m])", "max_over_time(a[36000ms:18000ms])"],
    ['a{window="[1h]",b=~"5m|1h"} > 300', 'a{window="[1h]",b=~"5m|1h"} > 300'],
    ["sparki:slo_bad:ratio_rate1h > 14.4 * 0.001", "sparki:slo_bad:ratio_rate1h > 14.4 * 0.001"],
    ["time() - a > 7344000", "time() - a > 7344000"],
  ])("of %s is %s", (expression, paced) => expect(pacedExpression(expression, 0.01)).toBe(paced));
});

describe("pacedGroups", () => {
  const { groups } = monitoringValues(monitoringArgs("prod"));

  it("makes rules of the program's that Prometheus takes, with nothing changed but durations", () => {
    const paced = JSON.parse(JSON.stringify(pacedGroups(groups, 0.01)));
    expect(checkRules(paced)).toBe("");
    const without = (text: string) => text.replaceAll(/\d+(ms|[smhd])\b/g, "");
    for (const [index, group] of groups.entries())
      for (const [place, rule] of group.rules.entries())
        expect(without(paced[index].rules[place].expr)).toBe(without(rule.expr));
  });

  it("are the same rules where time is not compressed", () => {
    expect(pacedGroups(groups, 1)).toEqual(groups);
  });
});
