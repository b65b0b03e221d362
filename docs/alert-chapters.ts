import { BACKUP_EVENTS } from "../delivery/alarms.ts";
import { EXIT } from "../shared/deploy-error.ts";

/** How an alert is made to fire in a rehearsal; or why nothing there can be its cause, and promtool alone proves it. */
type AlertCause = { readonly cause: string } | { readonly promtoolOnly: string };

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
  PodsRestarting: unmade(
    "a release whose containers die is taken back, and its pods with it, while the alert is silenced",
  ),
  FleetUnavailable: made(
    "all of the engine's pods are deleted while no node takes new ones; PostgreSQL, or Redis, is stopped, so that no pod is ready",
  ),
  ClusterMetricsMissing: made("the exporters are stopped"),
  PodMetricsMissing: unmade("the rehearsal's Prometheus reaches every pod that runs, or none"),
  AlertRulesFailing: unmade("the rehearsal's Prometheus evaluates every rule"),
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
  return `${CAUSES_HEAD}\n| alert | its cause in the rehearsal | promtool only, because |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

const CAUSES_HEAD = `## Tried in the rehearsal

\`sparki rehearse\` and \`sparki cloud\` run the real Prometheus and the real Alertmanager, by the rules, routes and Secrets
that the deployment has put into the rehearsed cluster. Slack, PagerDuty, Opsgenie and the heartbeat are stand-ins on this
machine, which refuse what those would; whom an alert reached is in the report (\`alerted\` of \`rehearse --json\`).

Windows, \`for\` and the waits of the routes pass at the rehearsal's pace (\`--time-scale\`), but none takes less than 6 s,
because pods, scrapes and servers are real; thresholds are production's own. What kube-state-metrics and the CloudWatch
exporter tell in production is told of the cluster's objects, of the simulated account and by its PostgreSQL; a value that
nothing there has is not made up. So the alerts on such values are tried with promtool alone, in \`npm test\`, as all are:
that each fires, stays silent and ends.
`;

/** The chapter of docs/alerts.md on what delivery tells by mail, whatever becomes of the cluster; as Markdown. */
export function accountAlarmsText(): string {
  const events = Object.entries(BACKUP_EVENTS).map(([id, means]) => `| \`${id}\` | ${means} |`);
  return `${ALARMS_HEAD}${events.join("\n")}\n${ALARMS_REST}`;
}

const ALARMS_HEAD = `# Alarms by mail

What AWS publishes as an event and no metric tells reaches \`sparki-delivery:alarms.emails\` by EventBridge and the topic
\`alarms-sparki\`, without the cluster, Prometheus or Slack. The program in [delivery/](../delivery) makes these rules.

| alarm | when |
| --- | --- |
| \`sparki-delivery-break-glass\` | somebody takes the [break-glass role](bootstrap.md#what-delivery-creates), or tries to |
| \`sparki-delivery-guardduty\` | GuardDuty finds something of severity 7 or more |
| [\`sparki-delivery-backups\`](#backups-ended) | a stack's database makes no backups any more, or they cannot be read |

What ElastiCache tells of a cache reaches the same people by the topic \`cache-events-sparki\`, by which no key encrypts,
because ElastiCache tells no other: [a snapshot that failed](#a-snapshot-of-the-cache-failed) above all.

## Backups ended

**mail, database.** RDS tells one of these of the stack's own database, \`sparki-<stack>-database\`; the temporary instance of a
drill is not meant:

| event | means |
| --- | --- |
`;

const ALARMS_REST = `
Each is told once, when it happens. EventBridge delivers what RDS tells as well as it can, and says so itself.

Look at:

1. \`aws rds describe-events --source-type db-instance --source-identifier sparki-prod-database --duration 1440\`: what else
   happened, and when?
2. \`npx sparki preflight\`: how old is the newest automated snapshot?
3. CloudTrail: who called \`ModifyDBInstance\`, or \`DisableKey\` and \`ScheduleKeyDeletion\`?

Then:

1. Backups were disabled: \`npx sparki plan\` shows it as drift; deploy, which sets \`sparki:database.backupDays\` again. AWS has
   deleted the automated snapshots: nothing can be restored until the next one is there.
2. The key cannot be used: \`aws kms enable-key\`, or \`aws kms cancel-key-deletion\` and then \`enable-key\`. RDS takes the
   database out of service if it stays so.
3. Afterwards \`npx sparki drill restore\`.

### A backup that was not made

RDS publishes no event for an automated backup of PostgreSQL that failed, and CloudWatch has no metric of it. Nor is a snapshot
of the cache told that nobody began. Both are found by what is missing:

| what finds it | when |
| --- | --- |
| \`npx sparki drill restore\`, and \`npx sparki drill restore cache\`, [every morning](recovery.md#by-the-clock) | the newest automated snapshot is older than 26 hours (\`old-backup\`), or there is none: exit ${EXIT.refused.code} and a message in Slack, and nothing is created at AWS |
| \`npx sparki preflight\` (\`database-backup\`) | before every deployment: the newest snapshot of the database is older than 26 hours, or not complete |

What to do then is in [recovery.md](recovery.md#why-it-did-not-pass).

## A snapshot of the cache failed

**mail, cache.** ElastiCache publishes \`ElastiCache:SnapshotFailed\` with the name of the node, once, to the topic that
\`sparki:cache.eventsTopic\` names: the output \`cacheEventsTopic\` of delivery, which has to be there first. Everything else that it
[tells of a cache](https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ElastiCacheSNS.html) is mailed too, such as failovers
and nodes that it will replace, but not \`ElastiCache:SnapshotComplete\`, which comes every day. On EventBridge it tells a failed
snapshot for serverless caches alone.

Look at:

1. \`aws elasticache describe-events --source-type replication-group --source-identifier sparki-prod-cache --duration 1440\`, and the
   same for \`cache-cluster\` and the node's name: why?
2. \`aws elasticache describe-snapshots --replication-group-id sparki-prod-cache\`: which one is the newest that is \`available\`?

Then:

1. Not enough memory for the fork: [CacheMemoryHigh](#cachememoryhigh) has what to do. The key cannot be used: as
   [above](#backups-ended).
2. Make one by hand: \`aws elasticache create-snapshot --replication-group-id sparki-prod-cache --snapshot-name NAME\`, and
   \`npx sparki drill restore cache --snapshot NAME\`.
`;
