import { databaseBackups } from "../../policies/database-backups.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseBackups, {
  passes: {
    "backups for a week": database.with({ backupRetentionPeriod: 7 }),
  },
  stops: {
    "backups for six days": ["backupRetentionPeriod", database.with({ backupRetentionPeriod: 6 })],
    "backups as AWS has them": ["backupRetentionPeriod", database.without("backupRetentionPeriod")],
    "what preview cannot know": ["backupRetentionPeriod", database.from("backupRetentionPeriod")],
  },
});
