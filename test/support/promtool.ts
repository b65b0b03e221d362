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
