import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuleGroup } from "../../apps/monitoring/rules.ts";
import { toolPath } from "./tool.ts";

/** One scenario of `promtool test rules`: series over time, and what queries must answer at given times. */
export interface Scenario {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly promql_expr_test?: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
  }[];
  readonly alert_rule_test?: readonly {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts: readonly {
      readonly exp_labels: Readonly<Record<string, string>>;
      readonly exp_annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** Groups of rules with the scenarios that are played with them. */
export interface RuleTest {
  readonly groups: readonly RuleGroup[];
  readonly scenarios: readonly Scenario[];
}

/** What `promtool check rules` finds wrong; empty when nothing is. */
export function checkRules(groups: readonly RuleGroup[]): string {
  return inDirectory((directory) => {
    const file = write(directory, "rules.yaml", { groups });
    return promtool(["check", "rules", "--lint=all", "--lint-fatal", file]);
  });
}

/** What the scenarios show that was not expected, in promtool's words; empty when nothing is. */
export function testRules(tests: readonly RuleTest[], evaluationInterval: string): string {
  return inDirectory((directory) => {
    const files = tests.map(({ groups, scenarios }, index) => {
      const rules = write(directory, `rules-${index}.yaml`, { groups });
      const content = {
        rule_files: [rules],
        evaluation_interval: evaluationInterval,
        // Without it the order is by chance, and an alert may be judged before what it is made from.
        group_eval_order: groups.map(({ name }) => name),
        tests: scenarios,
      };
      return write(directory, `test-${index}.yaml`, content);
    });
    return promtool(["test", "rules", ...files]);
  });
}

/** What happens to the named series, minute by minute, and when the alert must and must not fire. */
export interface AlertCase {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  readonly silentAt: readonly number[];
  readonly firingAt: readonly number[];
}

/** Plays a case with the rules; what was not as it says, in promtool's words, empty when everything was. */
export function playAlert(
  groups: readonly RuleGroup[],
  { alert, series, silentAt, firingAt }: AlertCase,
  evaluationInterval = "1m",
): string {
  const expectations = [...silentAt.map((minute) => [minute, 0]), ...firingAt.map((minute) => [minute, 1])];
  const played: Scenario = {
    name: alert,
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: expectations.map(([minute, value = 0]) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
      eval_time: `${minute}m`,
      exp_samples: [{ labels: "{}", value }],
    })),
  };
  // Of the alerts only the one that is asked for: every other would be evaluated as often.
  const own = groups.map((group) => ({
    ...group,
    rules: group.rules.filter((rule) => !("alert" in rule) || rule.alert === alert),
  }));
  return testRules([{ groups: own, scenarios: [played] }], evaluationInterval);
}

function promtool(command: readonly string[]): string {
  const result = spawnSync(toolPath("promtool"), command, { encoding: "utf8" });
  if (result.error) throw result.error;
  return result.status === 0 ? "" : `${result.stdout}${result.stderr}`;
}

/** JSON is YAML, and says the same on every line width. */
function write(directory: string, name: string, content: unknown): string {
  const file = join(directory, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

function inDirectory<T>(act: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "sparki-promtool-"));
  try {
    return act(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
