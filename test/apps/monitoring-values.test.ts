import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Component, Severity } from "../../apps/monitoring/alerts.ts";
import { BURN_PAIRS, burnAlerts } from "../../apps/monitoring/alerts.ts";
import { alertPages, alertRouting } from "../../apps/monitoring/routing.ts";
import { alertsOf, monitoringValues } from "../../apps/monitoring-values.ts";
import { accountAlarmsText, causesText } from "../../docs/alert-chapters.ts";
import type { Objective } from "../../gates/objective.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { stackConfig } from "../support/workload-values.ts";

const args = monitoringArgs("prod");

describe("monitoringValues", () => {
  it("gives the same text for the same objectives", () => {
    expect(JSON.stringify(monitoringValues(args))).toBe(JSON.stringify(monitoringValues(monitoringArgs("prod"))));
  });

  it("changes every rule, alert and dashboard of an objective with it, and nothing else", () => {
    const stricter = args.objectives.map((objective) => ({ ...objective, maxRatio: objective.maxRatio / 2 }));
    const [before, after] = [args.objectives, stricter].map((objectives) => monitoringValues({ ...args, objectives }));
    expect(after?.dashboards.reliability).not.toBe(before?.dashboards.reliability);
    expect(after?.dashboards.database).toBe(before?.dashboards.database);
    for (const { maxRatio } of stricter) expect(JSON.stringify(after?.groups)).toContain(`> 1 * ${maxRatio} and`);
  });

  it("has rules for an objective that a stack adds", () => {
    const added: Objective = { name: "slower than 2.5 s", kind: { type: "slowerThan", seconds: 2.5 }, maxRatio: 0.02 };
    const { groups } = monitoringValues({ ...args, objectives: [...args.objectives, added] });
    expect(groups.map(({ name }) => name)).toContain("sparki-slo-slower-than-2-5s");
    const bad = groups
      .flatMap(({ rules }) => rules)
      .filter((rule) => "record" in rule && rule.record === "sparki:slo_bad:increase5m");
    expect(bad.map(({ expr }) => expr).filter((expr) => expr.includes('le=~"2\\\\.5"'))).toHaveLength(1);
  });

  it("links every alert to a heading of docs/alerts.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/alerts.md"), "utf8");
    const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading.toLowerCase());
    for (const stack of ["prod", "staging"]) {
      const rules = monitoringValues(monitoringArgs(stack)).groups.flatMap((group) => group.rules);
      const links = rules.flatMap((rule) => ("alert" in rule ? [rule.annotations.runbook_url] : []));
      expect(links.length).toBeGreaterThan(10);
      for (const link of links) {
        const [file, anchor = ""] = link?.split("#") ?? [];
        expect(file).toBe("https://github.com/alexarno/sparki-deploy/blob/main/docs/alerts.md");
        expect(anchors).toContain(anchor);
      }
    }
  });
});

describe("docs/alerts.md", () => {
  it("is what `node docs/generate.ts alerts` makes of the objectives and contacts in Pulumi.prod.yaml", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/alerts.md"), "utf8");
    const { objectives, contacts } = stackConfig("prod");
    const alerts = alertsOf("prod", objectives);
    const pages = alertPages(alerts, contacts, causesText(alerts.map(({ name }) => name)));
    expect(page).toBe(`${pages}\n${accountAlarmsText()}`);
  });

  it("says of every alert what it means, when it fires, where to look and what to do", () => {
    for (const { page, summary } of alertsOf("prod", args.objectives)) {
      expect([summary, page.meaning, page.timing].every((text) => text.length > 20)).toBe(true);
      expect(page.look.length).toBeGreaterThanOrEqual(3);
      expect(page.act.length).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("burnAlerts", () => {
  it("pairs windows and factors as the SRE workbook does", () => {
    expect(BURN_PAIRS.map(({ long, short, factor, severity }) => [long, short, factor, severity])).toEqual([
      ["1h", "5m", 14.4, "page"],
      ["6h", "30m", 6, "page"],
      ["3d", "6h", 1, "ticket"],
    ]);
  });

  it.each([
    ["ErrorsBudgetBurnFast", "2 %"],
    ["ErrorsBudgetBurnMedium", "5 %"],
    ["ErrorsBudgetBurnSlow", "10 %"],
  ])("%s says that %s of the budget is gone when it fires", (name, spent) => {
    const alert = alertsOf("prod", args.objectives).find((candidate) => candidate.name === name);
    expect(alert?.page.meaning).toContain(`at this rate ${spent} of that budget is gone when the alert fires`);
  });

  it("leaves out exactly the pairs that not even failing every request could reach", () => {
    const maxRatio = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
    fc.assert(
      fc.property(maxRatio, (ratio) => {
        const speeds = burnAlerts("prod", { name: "errors", kind: { type: "errors" }, maxRatio: ratio }).map(
          ({ name }) => name,
        );
        const possible = [...(14.4 * ratio < 1 ? ["Fast"] : []), ...(6 * ratio < 1 ? ["Medium"] : []), "Slow"];
        expect(speeds).toEqual(possible.map((speed) => `ErrorsBudgetBurn${speed}`));
      }),
    );
  });
});

describe("alertRouting", () => {
  const { receivers, routes } = alertRouting(args.channels);

  /** The channels that Alertmanager would tell, as it walks the routes. */
  function told(labels: Readonly<Record<string, string>>): string[] {
    const names: string[] = [];
    for (const route of routes) {
      if (labels[route.label] !== route.value) continue;
      names.push(route.receiver);
      if (!route.continue) break;
    }
    const reached = names.length > 0 ? names : receivers.slice(0, 1).map(({ name }) => name);
    return reached.map(
      (name) => receivers.find((receiver) => receiver.name === name)?.channel ?? `no receiver ${name}`,
    );
  }

  const CASES: readonly (readonly [Severity, Component, readonly string[]])[] = [
    ["page", "application", ["#incidents"]],
    ["ticket", "application", ["#platform"]],
    ["page", "monitoring", ["#incidents"]],
    ["page", "database", ["#database", "#incidents"]],
    ["ticket", "database", ["#database", "#platform"]],
    ["ticket", "cache", ["#infrastructure", "#platform"]],
  ];

  it.each(CASES)("tells a %s about the %s in %j", (severity, component, channels) => {
    expect(told({ severity, component })).toEqual(channels);
  });

  it("lets nothing get lost: what no route takes goes to the platform team", () => {
    expect(told({ severity: "unheard of" })).toEqual(["#platform"]);
  });

  it("repeats a page every hour, a ticket twice a day", () => {
    const repeats = Object.fromEntries(routes.map(({ value, repeatInterval }) => [value, repeatInterval]));
    expect(repeats).toMatchObject({ page: "1h", ticket: "12h" });
  });
});
