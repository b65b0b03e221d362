import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDashboard, databaseDashboard, reliabilityDashboard } from "../../../apps/monitoring/dashboards.ts";
import { sloRuleGroups } from "../../../apps/monitoring/rules.ts";
import { alertsOf } from "../../../apps/monitoring-values.ts";
import { RUNBOOK_OBJECTIVES } from "../../../gates/objective.ts";
import { CONTRACT, contractPage, limitsIn, TIME_LIMITS } from "../../../runbook/conformance/contract.ts";
import { ENTERED, SERVICES } from "../../../stacks/services.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const required = CONTRACT.map((point) => point.required).join("\n");
const missing = (words: Iterable<string>) => [...new Set(words)].filter((word) => !required.includes(word));
/** What the pattern's group finds in the deployments' templates of both charts. */
const inCharts = (pattern: RegExp) =>
  ENTERED.flatMap((service) =>
    [...read(`apps/charts/${service}/templates/deployment.yaml`).matchAll(pattern)].map(([, found = ""]) => found),
  );

describe("docs/contract.md", () => {
  const page = read("docs/contract.md");

  it("is what the contract says (after a change: node docs/generate.ts contract)", () => {
    expect(page).toBe(contractPage());
  });

  it("has a line for each point, and no other", () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, id]) => id);
    expect(rows).toEqual(CONTRACT.map(({ id }) => id));
  });
});

describe("CONTRACT", () => {
  it("names each point once", () => {
    expect(new Set(CONTRACT.map(({ id }) => id)).size).toBe(CONTRACT.length);
  });

  it("has every variable, mount and file that the charts give, and no other variable", () => {
    const variables = inCharts(/- \{name: ([A-Z_]+), value:/g);
    expect(missing([...variables, ...inCharts(/mountPath: ([\w/]+)/g)])).toEqual([]);
    expect(
      [...required.matchAll(/\b(?:DATABASE|CACHE)_[A-Z]+\b/g)].filter(([name]) => !variables.includes(name)),
    ).toEqual([]);
    const files = [...read("apps/charts/engine/templates/secrets.yaml").matchAll(/objectAlias: ([\w-]+)/g)];
    expect(files).toHaveLength(3);
    expect(missing(files.map(([, file = ""]) => `/${file}`))).toEqual([]);
  });

  it("has the commands of the engine's jobs, with the variables that they get", () => {
    const jobs = read("apps/database-jobs.ts");
    const commands = [...jobs.matchAll(/command: \[("\/app\/.*?)\], env/g)].map(
      ([, words]) => `\`${words?.replaceAll(/[",]+/g, "")}\``,
    );
    expect(commands).toHaveLength(2);
    expect(missing(commands)).toEqual([]);
  });

  it("gives probes and scrapes the time that they have", () => {
    const probes = ["startup", "readiness"].map((kind) =>
      inCharts(new RegExp(`${kind}Probe:\\n.*\\n.*\\n\\s+timeoutSeconds: (\\d+)`, "g")).map(Number),
    );
    expect(probes).toEqual([ENTERED.map(() => TIME_LIMITS.health), ENTERED.map(() => TIME_LIMITS.ready)]);
    const scrapes = read("apps/charts/monitoring/templates/pod-monitors.yaml");
    expect(scrapes).toContain(`scrapeTimeout: ${TIME_LIMITS.metrics}s`);
  });

  it("has the paths that gates ask for", () => {
    expect(missing(ENTERED.flatMap((name) => [...SERVICES[name].entrance.traffic]))).toEqual([]);
  });

  it("has every metric and label that rules, alerts, dashboards and diagnosis read, and no other metric", () => {
    const asked = [
      ...alertsOf("prod", RUNBOOK_OBJECTIVES).map(({ expr }) => expr),
      ...sloRuleGroups("prod", RUNBOOK_OBJECTIVES).flatMap(({ rules }) => rules.map(({ expr }) => expr)),
      ...[databaseDashboard("prod"), cacheDashboard("prod"), reliabilityDashboard("prod", RUNBOOK_OBJECTIVES)].flatMap(
        ({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
      ),
      ...globSync("runbook/diagnosis/*.ts", { cwd: ROOT }).map(read),
    ].join("\n");
    const METRIC = /(?<!:)\b(?:http|database|cache)_[a-z_]+?(?=(?:_bucket|_count)?[^a-z_])/g;
    const names = [...asked.matchAll(METRIC)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(50);
    expect(missing(names.map((name) => `\`${name}\``))).toEqual([]);
    expect([...required.matchAll(METRIC)].map(([name]) => name).filter((name) => !names.includes(name))).toEqual([]);
    const labels = [
      ...asked.matchAll(/(?<=[{,(] ?)(state|result|statement|route|status|synthetic|method)(?==|, |,|\))/g),
    ];
    expect(missing(labels.map(([label]) => label))).toEqual([]);
  });
});

describe("limitsIn", () => {
  it("gives the durations of the runbook's objectives, shortest first", () => {
    expect(limitsIn(RUNBOOK_OBJECTIVES)).toEqual([0.1, 1, 5]);
  });
});
