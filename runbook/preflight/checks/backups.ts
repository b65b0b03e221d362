import { z } from "zod";
import { type Check, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const HOUR = 3600;
/** Automated backups are daily, in a window of an hour. */
const MAX_AGE_HOURS = 26;
const RESTORE_TEST_DAYS = 92;

const snapshotSchema = z.object({ snapshotCreateTime: z.string(), status: z.string(), id: z.string() });

async function hasDatabase(context: PreflightContext): Promise<boolean> {
  return has(context, "aws:rds/instance:Instance");
}

async function has({ state }: PreflightContext, wanted: string): Promise<boolean> {
  const { resources } = await state.read();
  return resources.some(({ type }) => type === wanted);
}

export const backup: Check = {
  id: "database-backup",
  group: "Infrastructure",
  title: "Database backup",
  proves: `The latest automated snapshot is complete and at most ${MAX_AGE_HOURS} hours old.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const name = `sparki-${context.stack}-database`;
    if (!(await hasDatabase(context))) return skipped("there is no database yet");
    const wanted = { dbInstanceIdentifier: name, mostRecent: true, snapshotType: "automated" };
    const snapshot = await context.aws.find("rds/getSnapshot", wanted, snapshotSchema);
    const query = "'DBInstances[0].[BackupRetentionPeriod,LatestRestorableTime]'";
    const fix = `aws rds describe-db-instances --db-instance-identifier ${name} --query ${query}`;
    if (snapshot === undefined) return fail(`${name} has no automated snapshot`, fix);
    if (snapshot.status !== "available") return fail(`snapshot ${snapshot.id} is ${snapshot.status}`, fix);
    const hours = (context.clock.now() - Date.parse(snapshot.snapshotCreateTime) / 1000) / HOUR;
    const reason = `snapshot ${snapshot.id} is ${hours.toFixed(1)} hours old`;
    if (Number.isNaN(hours)) return fail(`snapshot ${snapshot.id} does not say when it was made`, fix);
    if (hours < -1)
      return fail(`snapshot ${snapshot.id} is of ${snapshot.snapshotCreateTime}, which is in the future`, fix);
    return hours > MAX_AGE_HOURS ? fail(`${reason}; expected at most ${MAX_AGE_HOURS}`, fix) : pass(reason);
  },
};

export const restoreTest: Check = {
  id: "restore-test",
  group: "Infrastructure",
  title: "Restore test on record",
  proves: `A snapshot was restored and read in the last ${RESTORE_TEST_DAYS} days.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const { clock, config, stack } = context;
    const key = "sparki:preflight.restoreTest";
    const fix = `npx sparki drill restore --stack ${stack}, which sets ${key} {on, by, snapshot} in Pulumi.${stack}.yaml`;
    if (!(await hasDatabase(context))) return skipped("there is no database yet");
    const test = config.preflight.restoreTest;
    if (test === undefined) return fail(`no restore test is recorded in ${key}`, fix);
    const days = Math.floor((clock.now() - Date.parse(test.on) / 1000) / (24 * HOUR));
    if (days < 0) return fail(`the recorded restore test is of ${test.on}, which is in the future`, fix);
    const reason = `${test.by} restored ${test.snapshot} on ${test.on}`;
    return days > RESTORE_TEST_DAYS ? warn(`${reason}, ${days} days ago`, fix) : pass(reason);
  },
};

export const cacheRestoreTest: Check = {
  id: "cache-restore-test",
  group: "Infrastructure",
  title: "Restore test of the cache on record",
  proves: `A snapshot of Redis was restored and read in the last ${RESTORE_TEST_DAYS} days; otherwise it warns.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const { clock, config, stack } = context;
    const key = "sparki:preflight.cacheRestoreTest";
    const fix = `npx sparki drill restore cache --stack ${stack}, which sets ${key} {on, by, snapshot} in Pulumi.${stack}.yaml`;
    if (!(await has(context, "aws:elasticache/replicationGroup:ReplicationGroup")))
      return skipped("there is no cache yet");
    const test = config.preflight.cacheRestoreTest;
    if (test === undefined) return warn(`no restore test of the cache is recorded in ${key}`, fix);
    const days = Math.floor((clock.now() - Date.parse(test.on) / 1000) / (24 * HOUR));
    if (days < 0) return fail(`the recorded restore test is of ${test.on}, which is in the future`, fix);
    const reason = `${test.by} restored ${test.snapshot} on ${test.on}`;
    return days > RESTORE_TEST_DAYS ? warn(`${reason}, ${days} days ago`, fix) : pass(reason);
  },
};
