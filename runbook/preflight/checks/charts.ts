import { servicesOf } from "../../../stacks/services.ts";
import { type ChartTrial, lint, monitoringTrial, render, workloadTrials } from "../charts.ts";
import { type Check, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

export const charts: Check = {
  id: "charts",
  group: "Application",
  title: "Helm charts",
  proves: "Every chart lints strictly and renders with the stack's own settings, for its Kubernetes version.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const monitoring = await monitoringTrial(context);
    const trials = [
      ...servicesOf(context.config).flatMap((name) => workloadTrials(context, name)),
      ...(monitoring === undefined ? [] : [monitoring]),
    ];
    const problems = (await Promise.all(trials.map((trial) => problemsOf(context, trial, signal)))).flat();
    if (problems.length > 0)
      return fail(problems.join("; "), "mend the chart below apps/charts, or the config that it reads");
    const note = monitoring === undefined ? "; monitoring has no earlier release whose values to try" : "";
    return pass(`${trials.map(({ title }) => title).join(", ")} lint and render${note}`);
  },
};

async function problemsOf(context: PreflightContext, trial: ChartTrial, signal: AbortSignal): Promise<string[]> {
  const [linted, rendered] = await Promise.all([lint(context, trial, signal), render(context, trial, signal)]);
  if (rendered.code !== 0) return [`${trial.title} does not render: ${firstLine(rendered.stderr)}`];
  if (linted.code !== 0) return [`${trial.title} does not lint: ${firstLine(linted.stdout + linted.stderr)}`];
  return [];
}

/** Helm's own words; a lint says `[ERROR]` or `[WARNING]` before them. */
function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /error|warning/i.test(line)) ?? lines.find(Boolean) ?? "no reason given";
}
