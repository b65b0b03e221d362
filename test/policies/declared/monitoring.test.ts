import { RULES } from "../../../policies/declared/monitoring.ts";
import { type Mismatch, mismatches, type World } from "../../../policies/declared/shape.ts";
import type { PolicyConfig } from "../../../policies/policy.ts";
import { configuredMonitoring, onCallArgs } from "../../support/monitoring.ts";
import { situation } from "../../support/policy-fixtures.ts";
import { stackConfig } from "../../support/workload-values.ts";

type Rule = Readonly<Record<string, unknown>> & { readonly labels: Readonly<Record<string, string>> };
interface Group {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Rule[];
}

/** What the program asks Prometheus for, as plain data. */
function groupsOf(stack: string, onCall = onCallArgs({ page: [], ticket: [] })): Group[] {
  const { groups } = configuredMonitoring(stack, onCall);
  return JSON.parse(JSON.stringify(groups));
}

const judged = (groups: unknown, changes: Partial<PolicyConfig> = {}, stack = "prod"): Mismatch[] => {
  const { config } = situation({ ...stackConfig(stack), ...changes });
  const world: World = { stack, config, bound: { heartbeat: "heartbeat" } };
  return mismatches(() => groups, RULES, world, "groups");
};
const ALL = groupsOf("prod");
const rules = ALL.flatMap((group, at) => group.rules.map((rule, index) => ({ rule, at, index })));
const nameOf = ({ alert, record, labels }: Rule) => `${alert ?? record}${alert ? "" : ` of ${labels.objective ?? ""}`}`;
/** The groups with another rule, or none, in the place of one. */
const put = (at: number, index: number, ...instead: readonly object[]) =>
  ALL.map((group, each) => {
    const changed: readonly object[] = [...group.rules.slice(0, index), ...instead, ...group.rules.slice(index + 1)];
    return each === at ? { ...group, rules: changed } : group;
  });

describe("the rules of a stack", () => {
  it.each(["prod", "staging"])("are those that the program makes for %s", (stack) => {
    expect(judged(groupsOf(stack), {}, stack)).toEqual([]);
  });

  it("are those of the config's objectives and facts", () => {
    const told = (changes: Partial<PolicyConfig>) => judged(ALL, changes).map(({ path }) => path);
    const { database, objectives } = stackConfig("prod");
    expect(told({ database: { ...database, instanceClass: "db.t4g.micro" } })).toEqual([
      "groups.sparki:database_connections:limit.expr",
    ]);
    expect(told({ database: { ...database, passwordsSince: "2020-01-01" } })).toEqual([
      "groups.sparki:passwords:since_seconds.expr",
    ]);
    expect(told({ objectives: objectives.slice(1) })).not.toEqual([]);
    expect(told({ objectives: objectives.map((one) => ({ ...one, maxRatio: one.maxRatio / 2 })) })).not.toEqual([]);
  });

  it.each(rules.map((one) => [nameOf(one.rule), one] as const))("have %s, and ask what it asks", (name, one) => {
    const { rule, at, index } = one;
    const own = name.replace(/ of $/, "");
    const said = (...instead: readonly object[]) => judged(put(at, index, ...instead)).map(({ path }) => path);
    expect(said()).toEqual([`groups.${own}`]);
    expect(said(rule, rule)).toEqual([`groups.${own}`]);
    for (const expr of ["vector(0)", `(${rule.expr}) > 1e9`, `${rule.expr} unless up`, ""])
      expect(said({ ...rule, expr })).toEqual([`groups.${own}.expr`]);
    expect(said({ ...rule, labels: { ...rule.labels, evil: "evil" } })).toEqual([`groups.${own}.labels.evil`]);
    expect(said({ ...rule, keep_firing_for: "1h" })).toEqual([`groups.${own}.keep_firing_for`]);
  });

  it.each(rules.flatMap(({ rule, ...place }) => (rule.alert ? [[nameOf(rule), { rule, ...place }] as const] : [])))(
    "tell of %s at its time, to its people, and no more than what it is",
    (name, { rule, at, index }) => {
      const annotations = Object(rule.annotations);
      const said = (change: object) => judged(put(at, index, { ...rule, ...change })).map(({ path }) => path);
      expect(said({ for: "2h" })).toEqual([`groups.${name}.for`]);
      for (const label of ["severity", "component", "service", "stack", "namespace"])
        expect(said({ labels: { ...rule.labels, [label]: "evil" } })).toEqual([`groups.${name}.labels.${label}`]);
      for (const summary of ["https://evil.example", "<!channel> x", "@here", '{{ query "up" }}', "a\nb", ""])
        expect(said({ annotations: { ...annotations, summary } })).toEqual([`groups.${name}.annotations.summary`]);
      expect(said({ annotations: { ...annotations, runbook_url: "https://evil.example" } })).toHaveLength(1);
    },
  );

  it("fire always only for who listens", () => {
    const { config } = situation();
    const world: World = { stack: "prod", config, bound: {} };
    expect(mismatches(() => ALL, RULES, world, "groups").map(({ path }) => path)).toEqual(["groups.Watchdog"]);
  });

  it.each<[string, unknown, string]>([
    ["no list", {}, "groups"],
    ["no group", [null], "groups[0]"],
    ["a group without rules", [{ name: "a", rules: "b" }], "groups[0].rules"],
    ["a group that is looked at once an hour", [{ name: "a", interval: "1h", rules: [] }], "groups[0].interval"],
    ["a group with a limit", [{ name: "a", limit: 1, rules: [] }], "groups[0].limit"],
    ["a rule that is none", [{ name: "a", rules: [null] }], "groups[0].rules"],
  ])("are no %s", (_, groups, path) => {
    expect(judged(groups).map((one) => one.path)).toContain(path);
  });
});
