import { z } from "zod";
import { compareVersions } from "../../../aws/rules/shared.ts";
import { duration } from "../../report/columns.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const HOUR = 3600;
/** What was written since the snapshot is lost with it. */
const SNAPSHOT_HOURS = 24;
/** The drill shows that a backup can be restored, before the one way that undoes the upgrade is a backup. */
const DRILL_DAYS = 31;

const majorOf = (version: unknown) => (typeof version === "string" ? /^\d+/.exec(version)?.[0] : undefined);
/** Of Redis the minor version is told with its patch, and wanted without. */
const minorOf = (version: unknown) => (typeof version === "string" ? /^\d+\.\d+/.exec(version)?.[0] : undefined);

export const databaseVersion: Check = {
  id: "database-version",
  group: "Infrastructure",
  title: "Database version",
  proves: `The config names the major version of PostgreSQL that the database has. Or it plans the upgrade to another in \`sparki:database.majorUpgrade\`: RDS upgrades to that version, the named snapshot is whole and at most ${SNAPSHOT_HOURS} hours old, and a drill of the last ${DRILL_DAYS} days tried the upgrade to that very version on a restored copy.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const { config, stack, state } = context;
    const { resources } = await state.read();
    const database = resources.find(({ type }) => type === "aws:rds/instance:Instance");
    if (database === undefined) return skipped("there is no database yet");
    const { engineVersionActual, engineVersion } = database.outputs ?? {};
    const version = engineVersionActual ?? engineVersion;
    const [has, wanted] = [majorOf(version), majorOf(config.database.engineVersion)];
    if (typeof version !== "string" || has === undefined)
      return fail("the state does not say which version the database has", `pulumi refresh --stack ${stack}`);
    return has === wanted ? sameMajor(context, version) : otherMajor(context, version);
  },
};

function sameMajor({ config, stack }: PreflightContext, version: string): Finding {
  const { majorUpgrade, engineVersion } = config.database;
  const has = `PostgreSQL ${majorOf(version)}`;
  if (majorUpgrade === undefined) return pass(has);
  const fix = `remove sparki:database.majorUpgrade from Pulumi.${stack}.yaml`;
  // Only a planned upgrade asks RDS for a version, and RDS takes none back.
  if (compareVersions(engineVersion, version) < 0)
    return fail(
      `the database has PostgreSQL ${version} by now, and the planned upgrade would ask for ${engineVersion}`,
      fix,
    );
  return warn(`${has}: the upgrade that sparki:database.majorUpgrade permits is done`, fix);
}

async function otherMajor(context: PreflightContext, version: string): Promise<Finding> {
  const { config, stack, clock } = context;
  const { engineVersion, majorUpgrade } = config.database;
  const has = majorOf(version) ?? "";
  const back = `set sparki:database.engineVersion back to ${version}`;
  const differ = `the database has PostgreSQL ${has}, and sparki:database.engineVersion is ${engineVersion}`;
  if (compareVersions(engineVersion, version) < 0) return fail(`${differ}; RDS takes no older version`, back);
  if (majorUpgrade === undefined)
    return fail(
      `${differ}, without sparki:database.majorUpgrade`,
      `${back}, or plan the upgrade as docs/upgrades.md says`,
    );
  const { from, until } = majorUpgrade;
  if (from !== has)
    return fail(
      `${differ}; sparki:database.majorUpgrade is for an upgrade from ${from}`,
      `set its from to "${has}", if this database is meant`,
    );
  if (until < new Date(clock.now() * 1000).toISOString().slice(0, 10))
    return fail(`sparki:database.majorUpgrade has ended on ${until}`, "have it approved again, with another until");
  const problems = await Promise.all([target(context, version), snapshot(context), drilled(context)]);
  const wrong = problems.filter((problem) => problem !== undefined);
  if (wrong.length > 0)
    return fail(wrong.map(({ reason }) => reason).join("; "), wrong.map(({ fix }) => fix).join("\n"));
  return warn(
    `this deployment upgrades PostgreSQL ${version} to ${engineVersion}: nobody reaches the database meanwhile (${outageOf(context)}), and only snapshot ${majorUpgrade.snapshot} undoes it`,
    `announce the outage; npx sparki plan --stack ${stack} shows what changes`,
  );
}

interface Problem {
  readonly reason: string;
  readonly fix: string;
}

const engineSchema = z.object({ validMajorTargets: z.array(z.string()) });

async function target({ aws, config }: PreflightContext, version: string): Promise<Problem | undefined> {
  const { engineVersion } = config.database;
  const engine = await aws.find("rds/getEngineVersion", { engine: "postgres", version }, engineSchema);
  const targets = engine?.validMajorTargets ?? [];
  if (targets.includes(engineVersion)) return undefined;
  const listed = targets.length === 0 ? "none" : [...targets].sort(compareVersions).join(", ");
  return {
    reason: `RDS does not upgrade PostgreSQL ${version} to ${engineVersion}; expected one of ${listed}`,
    fix: "set sparki:database.engineVersion to one of these",
  };
}

const versionedSnapshotSchema = z.object({
  snapshotCreateTime: z.string(),
  status: z.string(),
  engineVersion: z.string(),
});

async function snapshot({ aws, clock, config, stack }: PreflightContext): Promise<Problem | undefined> {
  const { snapshot: name, from } = config.database.majorUpgrade ?? { snapshot: "", from: "" };
  const instance = `sparki-${stack}-database`;
  const wanted = { dbInstanceIdentifier: instance, dbSnapshotIdentifier: name, snapshotType: "manual" };
  const found = await aws.find("rds/getSnapshot", wanted, versionedSnapshotSchema);
  const take = `aws rds create-db-snapshot --db-instance-identifier ${instance} --db-snapshot-identifier`;
  if (found === undefined)
    return { reason: `${instance} has no snapshot ${name}`, fix: `${take} ${name}, and wait until it is available` };
  if (found.status !== "available")
    return {
      reason: `snapshot ${name} is ${found.status}`,
      fix: `aws rds wait db-snapshot-available --db-snapshot-identifier ${name}`,
    };
  const another = `${take} ANOTHER-NAME, and name that in sparki:database.majorUpgrade.snapshot`;
  if (majorOf(found.engineVersion) !== from)
    return { reason: `snapshot ${name} is of PostgreSQL ${found.engineVersion}, not ${from}`, fix: another };
  const hours = (clock.now() - Date.parse(found.snapshotCreateTime) / 1000) / HOUR;
  if (hours <= SNAPSHOT_HOURS && hours > -1) return undefined;
  const age = `snapshot ${name} is of ${found.snapshotCreateTime}`;
  return { reason: `${age}; expected one of the last ${SNAPSHOT_HOURS} hours`, fix: another };
}

async function drilled({ clock, config, stack }: PreflightContext): Promise<Problem | undefined> {
  const { engineVersion } = config.database;
  const tried = config.preflight.restoreTest?.upgrade;
  const days = tried?.to === engineVersion ? (clock.now() - Date.parse(tried.on) / 1000) / (24 * HOUR) : Number.NaN;
  if (days <= DRILL_DAYS) return undefined;
  const last =
    tried === undefined ? "no drill has tried an upgrade" : `the last drill tried ${tried.to} on ${tried.on}`;
  return {
    reason: `${last}; expected ${engineVersion}, in the last ${DRILL_DAYS} days before the upgrade`,
    fix: `npx sparki drill restore --stack ${stack} --upgrade-to ${engineVersion}`,
  };
}

/** What the drill says of how long an upgrade takes. */
function outageOf({ config }: PreflightContext): string {
  const { on, outageSeconds } = config.preflight.restoreTest?.upgrade ?? {};
  if (outageSeconds === undefined) return `for how long, the drill of ${on} did not measure`;
  return `nobody reached the copy for ${duration(outageSeconds)} in the drill of ${on}`;
}

/** RDS mails from half a year before an authority ends, and clients need its successor before the instance has it. */
const AUTHORITY_DAYS = 180;
const authoritySchema = z.object({ validTill: z.string() });

export const databaseAuthority: Check = {
  id: "database-authority",
  group: "Infrastructure",
  title: "Database authority",
  proves: `The certificate authority of the database's TLS certificate is one that RDS has in the region, and it ends no sooner than in ${AUTHORITY_DAYS} days.`,
  timeLimitSeconds: 30,
  run: async ({ aws, clock, stack, state }) => {
    const { resources } = await state.read();
    const database = resources.find(({ type }) => type === "aws:rds/instance:Instance");
    if (database === undefined) return skipped("there is no database yet");
    const id = database.outputs?.caCertIdentifier;
    if (typeof id !== "string" || id === "")
      return fail("the state does not say which authority the database has", `pulumi refresh --stack ${stack}`);
    const fix = "change it as docs/upgrades.md says under RDS's certificate authority";
    const found = await aws.find("rds/getCertificate", { id }, authoritySchema);
    if (found === undefined) return fail(`RDS has no certificate authority ${id} in this region`, fix);
    const [day, ends] = [found.validTill.slice(0, 10), Date.parse(found.validTill) / 1000];
    if (Number.isNaN(ends)) return fail(`RDS says that ${id} ends on ${JSON.stringify(found.validTill)}`, fix);
    const days = Math.floor((ends - clock.now()) / (24 * HOUR));
    if (days < 0) return fail(`${id} has ended on ${day}: no client that checks it can connect`, fix);
    return days < AUTHORITY_DAYS
      ? warn(`${id} ends on ${day}, in ${days === 1 ? "1 day" : `${days} days`}`, fix)
      : pass(`${id}, until ${day}`);
  },
};

export const cacheVersion: Check = {
  id: "cache-version",
  group: "Infrastructure",
  title: "Cache version",
  proves:
    "The config names the version of Redis that the cache has, or a later one: ElastiCache takes no older one, and its provider would replace the cache.",
  timeLimitSeconds: 30,
  run: async ({ config, stack, state }) => {
    const { resources } = await state.read();
    const cache = resources.find(({ type }) => type === "aws:elasticache/replicationGroup:ReplicationGroup");
    if (cache === undefined) return skipped("there is no cache yet");
    const { engineVersionActual, engineVersion } = cache.outputs ?? {};
    const has = minorOf(engineVersionActual ?? engineVersion);
    const wanted = config.cache.engineVersion;
    if (has === undefined)
      return fail("the state does not say which version the cache has", `pulumi refresh --stack ${stack}`);
    if (has === wanted) return pass(`Redis ${has}`);
    if (compareVersions(wanted, has) > 0)
      return pass(`Redis ${has}, which this deployment upgrades to ${wanted}: connections are lost once, for seconds`);
    return fail(
      `the cache has Redis ${has}, and sparki:cache.engineVersion is ${wanted}; ElastiCache takes no older version`,
      `set sparki:cache.engineVersion back to ${has}; docs/upgrades.md says what undoes an upgrade`,
    );
  },
};

/** Automated backups are daily, in a window of an hour. */
const MAX_AGE_HOURS = 26;
const RESTORE_TEST_DAYS = 92;

/** RDS does not say when one was made before it is. */
const snapshotSchema = z.object({ snapshotCreateTime: z.string().nullish(), status: z.string(), id: z.string() });

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
  proves: `The latest automated snapshot is complete and at most ${MAX_AGE_HOURS} hours old; while RDS makes one, it warns.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const name = `sparki-${context.stack}-database`;
    if (!(await hasDatabase(context))) return skipped("there is no database yet");
    const wanted = { dbInstanceIdentifier: name, mostRecent: true, snapshotType: "automated" };
    const snapshot = await context.aws.find("rds/getSnapshot", wanted, snapshotSchema);
    const query = "'DBInstances[0].[BackupRetentionPeriod,LatestRestorableTime]'";
    const fix = `aws rds describe-db-instances --db-instance-identifier ${name} --query ${query}`;
    if (snapshot === undefined) return fail(`${name} has no automated snapshot`, fix);
    // Every day anew, for as long as the backup takes; the provider's function shows the newest alone.
    if (snapshot.status === "creating")
      return warn(`RDS is making snapshot ${snapshot.id} now, and the one before it is not checked`, fix);
    if (snapshot.status !== "available") return fail(`snapshot ${snapshot.id} is ${snapshot.status}`, fix);
    const hours = (context.clock.now() - Date.parse(snapshot.snapshotCreateTime ?? "") / 1000) / HOUR;
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
