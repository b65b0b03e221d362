/** How an alert is made to fire in a rehearsal; or why nothing there can be its cause, and promtool alone proves it. */
export type AlertCause = { readonly cause: string } | { readonly promtoolOnly: string };

const made = (cause: string): AlertCause => ({ cause });
const unmade = (promtoolOnly: string): AlertCause => ({ promtoolOnly });

const SLOW = "the same latency as its fast sibling is made of; a rehearsal keeps one objective's burn in its tests";
const NO_LOAD = "AWS measures it at the machine, and no machine is behind the modelled one";

const UNREADY =
  "without PostgreSQL or Redis no pod of the engine is ready; an ALB then sends requests all the same, the rehearsal's proxy sends none: FleetUnavailable fires";

/** By the alert's name. */
export const ALERT_CAUSES: Readonly<Record<string, AlertCause>> = {
  ErrorsBudgetBurnFast: made("the engine's fleet answers 60 % of users' requests with a 500"),
  ErrorsBudgetBurnMedium: made("the same"),
  ErrorsBudgetBurnSlow: made("the same; told once the page about the same objective is over"),
  SlowerThan5sBudgetBurnFast: unmade(SLOW),
  SlowerThan5sBudgetBurnMedium: unmade(SLOW),
  SlowerThan5sBudgetBurnSlow: unmade(SLOW),
  SlowerThan1sBudgetBurnFast: unmade(SLOW),
  SlowerThan1sBudgetBurnMedium: unmade(SLOW),
  SlowerThan1sBudgetBurnSlow: unmade(SLOW),
  SlowerThan100msBudgetBurnSlow: unmade(SLOW),
  EngineMetricsMissing: made("all of the engine's pods are deleted while no node takes new ones"),
  WebMetricsMissing: unmade("the engine's pods are deleted for the same rule about the engine"),
  RequestsStopped: made("users ask for an hour, and then for nothing"),
  DatabaseConnectionsExhausted: unmade("the stand-in engine's statements are too short to fill its pool"),
  DatabaseFailing: unmade(UNREADY),
  CacheFailing: unmade(UNREADY),
  DatabaseStorageLow: made(
    "the instance's volume is made smaller by hand than 10 GB above what PostgreSQL has written",
  ),
  DatabaseStorageFull: made("the same, than 2 GB above it"),
  DatabaseCpuHigh: unmade(NO_LOAD),
  DatabaseConnectionsHigh: unmade(
    "the rehearsal's PostgreSQL allows 100 connections, fewer than the limit of any class",
  ),
  CacheMemoryHigh: unmade(NO_LOAD),
  CacheEvicting: unmade(NO_LOAD),
  CacheReplicaLag: unmade("the rehearsal's Redis has no replica"),
  LoadBalancerFailing: unmade("the rehearsal's proxy counts no answers of its own"),
  LoadBalancerRejecting: unmade("the rehearsal's proxy has no limit of connections"),
  NatPortsExhausted: unmade("nothing leaves the machine, so there is no NAT gateway to be exhausted"),
  CertificateExpiring: made("ACM does not renew the certificate: the one that it has issued ends in 3 days"),
  CertificateEnding: made("the same"),
  CloudWatchMetricsMissing: made("the exporters are stopped"),
  NodeNotReady: unmade("the rehearsed nodes are one process, which renews all their leases"),
  PodsPending: made("a pod is deleted while no node takes a new one"),
  PodsRestarting: unmade("a container needs real seconds to start, and so never starts four times in a window of 6 s"),
  FleetUnavailable: made(
    "all of the engine's pods are deleted while no node takes new ones; PostgreSQL, or Redis, is stopped, so that no pod is ready",
  ),
  ClusterMetricsMissing: made("the exporters are stopped"),
  RestoreDrillOverdue: made("the config names a drill of 100 days ago"),
  CacheRestoreDrillOverdue: made("the same of the cache"),
  PasswordsOld: unmade("a rehearsal makes its passwords on the day of its beginning"),
  Watchdog: made("Prometheus runs; it stops being told when Prometheus is stopped"),
};

/** The chapter of docs/alerts.md on how each of the alerts is made to fire, as Markdown. */
export function causesText(alerts: readonly string[]): string {
  const rows = alerts.map((name) => {
    const found = ALERT_CAUSES[name];
    if (found === undefined)
      throw new Error(`alert ${name} has neither a cause in the rehearsal nor a reason for none`);
    const cells = "cause" in found ? [found.cause, ""] : ["", found.promtoolOnly];
    return `| [${name}](#${name.toLowerCase()}) | ${cells.join(" | ")} |`;
  });
  return `${HEAD}\n| alert | its cause in the rehearsal | promtool only, because |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

const HEAD = `## Tried in the rehearsal

\`sparki rehearse\` and \`sparki cloud\` run the real Prometheus and the real Alertmanager, by the rules, routes and Secrets
that the deployment has put into the rehearsed cluster. Slack, PagerDuty, Opsgenie and the heartbeat are stand-ins on this
machine, which refuse what those would; whom an alert reached is in the report (\`alerted\` of \`rehearse --json\`).

Windows, \`for\` and the waits of the routes pass at the rehearsal's pace (\`--time-scale\`), but none takes less than 6 s,
because pods, scrapes and servers are real; thresholds are production's own. What kube-state-metrics and the CloudWatch
exporter tell in production is told of the cluster's objects, of the simulated account and by its PostgreSQL; a value that
nothing there has is not made up. So the alerts on such values are tried with promtool alone, in \`npm test\`, as all are:
that each fires, stays silent and ends.
`;
