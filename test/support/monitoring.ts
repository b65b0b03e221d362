import { type OnCallReference, onCallReference } from "../../apps/monitoring/routing.ts";
import { factsOf } from "../../apps/monitoring/stack-alerts.ts";
import type { MonitoringArgs, MonitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { type Json, type Manifest, render, type Values } from "./chart.ts";
import { stackConfig } from "./workload-values.ts";

/** What the program gives for a stack, whose backups were restored in drills unless it is `asConfigured`. */
export function monitoringArgs(stack: string, { asConfigured = false } = {}): MonitoringArgs {
  const { objectives, contacts, runbookUrl, ...config } = stackConfig(stack);
  const drills = asConfigured ? {} : { restoredOn: "2026-11-01", cacheRestoredOn: "2026-11-02" };
  return {
    stack,
    objectives,
    channels: contacts,
    facts: { ...factsOf(config), ...drills },
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
  return chartValuesOf(monitoringArgs(stack));
}

/** The same, of exactly what the stack's config says, and of who is on call besides. */
export function configuredMonitoring(stack: string, onCall?: OnCallReference): Values {
  return chartValuesOf({ ...monitoringArgs(stack, { asConfigured: true }), onCall });
}

function chartValuesOf(args: MonitoringArgs): Values {
  return { ...plain(monitoringValues(args)), chartHash: "2".repeat(64) };
}

/** The objects of the monitoring chart for a stack; `changes` are put over its values. */
export function renderMonitoring(stack: string, changes: Values = {}): Manifest[] {
  const values = { ...monitoringChartValues(stack), ...changes };
  return render({ chart: "monitoring", name: "monitoring", namespace: "sparki-monitoring", values });
}

function plain(values: MonitoringValues): Record<string, Json> {
  return JSON.parse(JSON.stringify(values));
}
