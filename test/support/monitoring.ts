import { type OnCallReference, onCallReference } from "../../apps/monitoring/routing.ts";
import { factsOf } from "../../apps/monitoring/stack-alerts.ts";
import type { MonitoringArgs, MonitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { type Json, type Manifest, render, type Values } from "./chart.ts";
import { stackConfig } from "./workload-values.ts";

/** What the program gives for a stack. */
export function monitoringArgs(stack: string): MonitoringArgs {
  const { objectives, contacts, runbookUrl, ...config } = stackConfig(stack);
  return {
    stack,
    objectives,
    channels: contacts,
    facts: { ...factsOf(config), restoredOn: "2026-11-01", cacheRestoredOn: "2026-11-02" },
    runbookBaseUrl: runbookUrl,
    slack: { secretName: "slack", addressKey: "address" },
    onCall: undefined,
    namespace: "sparki-monitoring",
  };
}

/** Who is on call in a test, in the account's own region, with a heartbeat. */
export function onCallArgs({ page, ticket }: Pick<OnCallReference, "page" | "ticket">): OnCallReference {
  const onCall = { page: [...page], ticket: [...ticket], region: "us" as const };
  return onCallReference({ secretName: "on-call", onCall, hasHeartbeat: true });
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
