import type { Alarms } from "./alarms.ts";

/**
 * RDS's events after which a database makes no backup, or none of its backups can be read. RDS publishes none for an
 * automated backup that failed: the scheduled drill finds its absence.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
 */
export const BACKUP_EVENTS = {
  "RDS-EVENT-0028": "automated backups were disabled",
  "RDS-EVENT-0418": "RDS cannot use the KMS key",
  "RDS-EVENT-0419": "RDS cannot use the KMS key, and takes the database out of service",
} as const;

/** Tells of whatever ends the backups of the stacks' own databases, and of no drill's temporary one. */
export function alarmOnBackups(alarms: Pick<Alarms, "on">, stacks: readonly string[]): void {
  alarms.on(
    "backups",
    {
      source: ["aws.rds"],
      "detail-type": ["RDS DB Instance Event"],
      detail: {
        EventID: Object.keys(BACKUP_EVENTS),
        SourceIdentifier: stacks.map((stack) => `sparki-${stack}-database`),
      },
    },
    "A database makes no backups any more, or they cannot be read",
  );
}
