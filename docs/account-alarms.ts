import { BACKUP_EVENTS } from "../delivery/backup-alarms.ts";
import { EXIT } from "../shared/deploy-error.ts";

/** The chapter of docs/alerts.md on what delivery tells by mail, whatever becomes of the cluster; as Markdown. */
export function accountAlarmsText(): string {
  const events = Object.entries(BACKUP_EVENTS).map(([id, means]) => `| \`${id}\` | ${means} |`);
  return `${HEAD}${events.join("\n")}\n${REST}`;
}

const HEAD = `# Alarms by mail

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

const REST = `
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
