import * as pulumi from "@pulumi/pulumi";
import { ATTACKS } from "../policies/hostile/attacks.ts";
import type { HostileCase } from "../policies/hostile/case.ts";
import { HOSTILE_CHARTS } from "../policies/hostile/charts.ts";
import { FURTHER } from "../policies/hostile/further.ts";
import { ODD } from "../policies/hostile/odd.ts";
import { HOSTILE_OPTIONS, type HostileOptions } from "../policies/hostile/options.ts";
import { OUTSIDER } from "../policies/hostile/outsider.ts";
import { HOSTILE } from "../policies/hostile/resources.ts";
import { UNFORESEEN } from "../policies/hostile/unforeseen.ts";
import { HostileCharts } from "../support/hostile-chart.ts";
import { type EngineRun, PolicyEngine } from "../support/policy-engine.ts";
import { kubeconfigOf } from "../support/policy-kubeconfig.ts";
import { Provider, Registered } from "../support/policy-program.ts";
import { releaseOf } from "../support/policy-releases.ts";
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

type Served = HostileCase & Partial<HostileOptions>;

/** A component of a type of its own, by which two cases of one type and name have two URNs. */
const componentOf = (index: number) => `sparki:hostile:Case${index}`;

/** Registers the resource of each case, below a component of its own. */
function register(cases: readonly Served[], providers: Providers): void {
  for (const [index, { type, name, props, options }] of cases.entries()) {
    const parent = new pulumi.ComponentResource(componentOf(index), "case");
    const provider = providers[type.split(":")[0] ?? ""];
    new Registered(type, name, { ...props }, { ...options, parent, ...(provider && { provider }) });
  }
}

/** Values that come from where they should, with another one among them, or from what the program only reads. */
function laundered(provider: pulumi.ProviderResource | undefined): Served[] {
  const options = provider === undefined ? {} : { provider };
  const group = (name: string) => new Registered("aws:ec2/securityGroup:SecurityGroup", name, {}, options).arn;
  const read = new Registered("aws:ec2/vpc:Vpc", "network-vpc", {}, { id: "vpc-0evil", ...options }).id;
  const more = (name: string) => [group(name), "sg-0evil"];
  const cases: readonly (readonly [string, string, string, unknown, string])[] = [
    [
      "aws:rds/instance:Instance",
      "database-instance",
      "vpcSecurityGroupIds",
      more("database-access"),
      " (declared: outputs",
    ],
    [
      "aws:elasticache/replicationGroup:ReplicationGroup",
      "cache-redis",
      "securityGroupIds",
      more("cache-access"),
      " (declared: outputs",
    ],
    [
      "aws:lb/loadBalancer:LoadBalancer",
      "edge-lb-balancer",
      "securityGroups",
      more("edge-lb-entrance"),
      " (declared: outputs",
    ],
    ["aws:ec2/internetGateway:InternetGateway", "network-internet", "vpcId", read, ", by where"],
    ["aws:ec2/routeTable:RouteTable", "network-public", "vpcId", read, ", by where"],
  ];
  return cases.map(([type, name, property, value, says]) => ({
    title: `${name} with ${property} from elsewhere`,
    type,
    name,
    props: { [property]: value },
    property: `${property}${says}`,
  }));
}

/** A release of each hostile chart, under a logical name of its own. */
function registerCharts(charts: HostileCharts, { kubernetes: provider }: Providers): void {
  for (const [index, { chart = "engine", changes }] of HOSTILE_CHARTS.entries()) {
    const release = releaseOf(chart, charts.make(chart, ...changes));
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

/** The cases of which nothing is said where it has to be; each by its own URN. */
function silentOf(run: EngineRun, cases: readonly HostileCase[], isOwn: (urn: string, index: number) => boolean) {
  const said = run.policyEvents.filter(({ policy }) => ["declared-only", "whole-stack"].includes(policy));
  const silent = cases.filter(({ type, name, property }, index) => {
    const where = `${type} "${name}", ${property ?? "type and name"}`;
    return !said.some(({ urn, message }) => isOwn(urn, index) && message.includes(where));
  });
  return silent.map(({ title }) => title);
}

// Hooks too: an engine on a busy machine takes longer than five seconds to end.
jest.setTimeout(900_000);

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
    const served: Served[] = [
      ...HOSTILE,
      ...ATTACKS,
      ...FURTHER,
      ...ODD,
      ...UNFORESEEN,
      ...OUTSIDER,
      ...HOSTILE_OPTIONS,
    ].filter(({ type }) => SERVED.test(type));
    expect(served.length).toBeGreaterThanOrEqual(400);
    expect(HOSTILE_CHARTS.length).toBeGreaterThanOrEqual(300);
    const run = await engine.preview(async () => {
      const providers = declaredProviders();
      served.push(...laundered(providers.aws));
      register(served, providers);
      registerCharts(charts, providers);
    });
    expect(run.succeeded).toBe(false);
    expect(silentOf(run, served, (urn, index) => urn.includes(`::${componentOf(index)}$`))).toEqual([]);
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
      expect(silentOf(run, [one], () => true)).toEqual([]);
    }
  });
});
