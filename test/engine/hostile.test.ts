import type * as pulumi from "@pulumi/pulumi";
import { ATTACKS } from "../policies/hostile/attacks.ts";
import type { HostileCase } from "../policies/hostile/case.ts";
import { HOSTILE_CHARTS } from "../policies/hostile/charts.ts";
import { FURTHER } from "../policies/hostile/further.ts";
import { HOSTILE_OPTIONS, type HostileOptions } from "../policies/hostile/options.ts";
import { HOSTILE } from "../policies/hostile/resources.ts";
import { HostileCharts } from "../support/hostile-chart.ts";
import { type EngineRun, PolicyEngine } from "../support/policy-engine.ts";
import { kubeconfigOf } from "../support/policy-kubeconfig.ts";
import { Provider, Registered } from "../support/policy-program.ts";
import { helmRelease } from "../support/policy-releases.ts";
import { stackConfig } from "../support/policy-stack.ts";

/** A package that the engine has a provider for; there is no plugin to preview a resource of another one with. */
const SERVED = /^(aws|command|kubernetes|random):/;
const PROVIDER = /^pulumi:providers:(aws|kubernetes)$/;

/** The deployment's own providers: whatever is made by another one is refused for that alone. */
function declaredProviders(): Readonly<Record<string, pulumi.ProviderResource>> {
  const tags = { project: "sparki", stack: "prod", owner: "platform-engineering", "managed-by": "pulumi" };
  const flag = JSON.stringify(true);
  return {
    aws: new Provider("aws", "aws", {
      region: "us-east-1",
      allowedAccountIds: JSON.stringify(["111122223333"]),
      defaultTags: JSON.stringify({ tags }),
      maxRetries: "10",
    }),
    kubernetes: new Provider("kubernetes", "cluster-kubernetes", {
      kubeconfig: kubeconfigOf(),
      enableServerSideApply: flag,
      enableConfigMapMutable: flag,
      enableSecretMutable: flag,
      upsertExistingObjects: flag,
    }),
  };
}

type Providers = ReturnType<typeof declaredProviders>;

/** Registers one resource of each type and name, with the properties of all its cases: the engine takes no two. */
function register(cases: readonly (HostileCase & Partial<HostileOptions>)[], providers: Providers): void {
  for (const [first, ...more] of Map.groupBy(cases, ({ type, name }) => `${type} ${name}`).values()) {
    if (first === undefined) continue;
    const props = Object.assign({}, first.props, ...more.map((one) => one.props));
    const provider = providers[first.type.split(":")[0] ?? ""];
    const options = Object.assign({}, ...[first, ...more].map((one) => one.options));
    new Registered(first.type, first.name, props, { ...options, ...(provider && { provider }) });
  }
}

/** A release of the engine with each hostile chart, under a logical name of its own. */
function registerCharts(charts: HostileCharts, { kubernetes: provider }: Providers): void {
  for (const [index, { changes }] of HOSTILE_CHARTS.entries()) {
    const release = helmRelease("engine", "fleet", charts.make("engine", ...changes));
    new Registered(release.type, chartName(index), { ...release.props }, provider === undefined ? {} : { provider });
  }
}

const chartName = (index: number) => `hostile-chart-${index}`;

function silentCharts(run: EngineRun): string[] {
  const said = run.policyEvents.filter(({ policy }) => policy === "charts-declared");
  const silent = HOSTILE_CHARTS.filter(
    ({ says }, index) => !said.some(({ resource, message }) => resource === chartName(index) && message.includes(says)),
  );
  return silent.map(({ title }) => title);
}

function silentOf(run: EngineRun, cases: readonly HostileCase[]): string[] {
  const said = run.policyEvents.filter(({ policy }) => policy === "declared-only").map(({ message }) => message);
  const silent = cases.filter(({ type, name, property }) => {
    const where = `${type} "${name}", ${property ?? "type and name"}`;
    return !said.some((message) => message.includes(where));
  });
  return silent.map(({ title }) => title);
}

// Hooks too: an engine on a busy machine takes longer than five seconds to end.
jest.setTimeout(300_000);

describe("the pack in the engine, before hostile resources", () => {
  const charts = new HostileCharts();
  let engine: PolicyEngine;

  beforeAll(async () => {
    engine = await PolicyEngine.open({ config: stackConfig(), pack: "policies/pack" });
  });
  afterAll(async () => {
    charts.remove();
    await engine.close();
  });

  it("refuses every one of them, and every hostile chart, in one preview", async () => {
    const served = [...HOSTILE, ...ATTACKS, ...FURTHER, ...HOSTILE_OPTIONS].filter(({ type }) => SERVED.test(type));
    expect(served.length).toBeGreaterThanOrEqual(400);
    expect(HOSTILE_CHARTS.length).toBeGreaterThanOrEqual(190);
    const run = await engine.preview(async () => {
      const providers = declaredProviders();
      register(served, providers);
      registerCharts(charts, providers);
    });
    expect(run.succeeded).toBe(false);
    expect(silentOf(run, served)).toEqual([]);
    expect(silentCharts(run)).toEqual([]);
  });

  it("refuses the providers that lead elsewhere", async () => {
    const hostile = HOSTILE.filter(({ type }) => PROVIDER.test(type));
    for (const one of hostile) {
      const [, packageName = ""] = PROVIDER.exec(one.type) ?? [];
      const run = await engine.preview(async () => {
        new Provider(packageName, one.name, one.props);
      });
      expect(run.succeeded).toBe(false);
      expect(silentOf(run, [one])).toEqual([]);
    }
  });
});
