import type { MonitoringArgs, MonitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { type Json, type Manifest, render, type Values } from "./chart.ts";
import { stackConfig } from "./workload-values.ts";

/** What the program gives for a stack. */
export function monitoringArgs(stack: string): MonitoringArgs {
  const { objectives, contacts, runbookUrl } = stackConfig(stack);
  return {
    stack,
    objectives,
    channels: contacts,
    runbookBaseUrl: runbookUrl,
    slack: { secretName: "slack", addressKey: "address" },
    namespace: "sparki-monitoring",
  };
}

/** The monitoring chart's values for a stack, as Helm gets them. */
export function monitoringChartValues(stack: string): Values {
  return { ...plain(monitoringValues(monitoringArgs(stack))), chartHash: "2".repeat(64) };
}

/** The objects of the monitoring chart for a stack; `changes` are put over its values. */
export function renderMonitoring(stack: string, changes: Values = {}): Manifest[] {
  const values = { ...monitoringChartValues(stack), ...changes };
  return render({ chart: "monitoring", name: "monitoring", namespace: "sparki-monitoring", values });
}

function plain(values: MonitoringValues): Record<string, Json> {
  return JSON.parse(JSON.stringify(values));
}
