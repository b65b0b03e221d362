import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { z } from "zod";
import type { SystemUser } from "../processes.ts";
import { waitFor } from "../waiting.ts";
import type { PostgresPlace } from "./postgres.ts";

/** A base backup of a running PostgreSQL, as an automated snapshot of RDS. */
export interface BaseBackup {
  readonly id: string;
  /** When it was complete, in seconds since 1970: a restore of it alone holds what was written until then. */
  readonly at: number;
}

/** Whatever was written until then, by the base backup before it and the write-ahead log. */
export interface RestoreTarget {
  readonly backup: string;
  /** In seconds since 1970; without it the backup's own end. */
  readonly until?: number;
}

const backupSchema = z.object({ id: z.string(), at: z.number() });
const ARCHIVE_SECONDS = 60;
/** What belongs to the running server, or is made again: https://www.postgresql.org/docs/17/continuous-archiving.html. */
const LEFT_OUT: ReadonlySet<string> = new Set(["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot"]);
const EMPTIED: ReadonlySet<string> = new Set([
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);

/** The settings of a server whose log is kept, so that it can be restored to any moment. */
export function archivingSettings({ folder }: PostgresPlace): Readonly<Record<string, string>> {
  const archive = archiveOf(folder);
  return {
    wal_level: "replica",
    archive_mode: "on",
    archive_command: `test -e "${archive}/%f" || { cp "%p" "${archive}/%f.part" && mv "${archive}/%f.part" "${archive}/%f"; }`,
  };
}

/** Makes room for the archive; before the server starts. */
export function prepareArchive({ folder, user }: PostgresPlace): void {
  makeFolder(archiveOf(folder), user);
}

/**
 * Takes a base backup of the running server through its own protocol: what is copied meanwhile is made whole by the log
 * that belongs to it. `client` is a superuser's, and is used by no one else until this resolves.
 */
export async function takeBackup(place: PostgresPlace, client: pg.Client, id: string): Promise<BaseBackup> {
  const target = backupOf(place.folder, id);
  rmSync(target, { recursive: true, force: true });
  makeFolder(join(place.folder, "backups"), place.user);
  const data = join(target, "data");
  makeFolder(target, place.user);
  await client.query("SELECT pg_backup_start($1, fast => true)", [id]);
  copyTree(join(place.folder, "data"), data, place.user, { isBackup: true });
  for (const name of ["pg_wal", "pg_replslot"]) makeFolder(join(data, name), place.user);
  const { rows } = await client.query<{ labelfile: string; spcmapfile: string }>(
    "SELECT labelfile, spcmapfile FROM pg_backup_stop(wait_for_archive => true)",
  );
  writeOwned(join(data, "backup_label"), rows[0]?.labelfile ?? "", place.user);
  if (rows[0]?.spcmapfile) writeOwned(join(data, "tablespace_map"), rows[0].spcmapfile, place.user);
  const backup = { id, at: Date.now() / 1000 };
  writeFileSync(join(target, "backup.json"), JSON.stringify(backup));
  return backup;
}

/** The complete base backups of a database, newest first. */
export function backupsIn({ folder }: PostgresPlace): BaseBackup[] {
  const all = join(folder, "backups");
  if (!existsSync(all)) return [];
  return readdirSync(all)
    .map((id) => join(all, id, "backup.json"))
    .filter((file) => existsSync(file))
    .map((file) => backupSchema.parse(JSON.parse(readFileSync(file, "utf8"))))
    .sort((one, other) => other.at - one.at);
}

/** Closes the log file that is written to and waits until it is kept: everything until now can then be restored. */
export async function archiveUntilNow({ folder }: PostgresPlace, client: pg.Client): Promise<void> {
  // A recovery ends at the first commit after its target, so there must be one.
  await client.query("SELECT pg_current_xact_id()");
  const { rows } = await client.query<{ file: string }>("SELECT pg_walfile_name(pg_switch_wal()) AS file");
  const file = join(archiveOf(folder), rows[0]?.file ?? "");
  await waitFor(`${file}`, async () => existsSync(file), { limitSeconds: ARCHIVE_SECONDS });
}

/** Lays a backup out as the data directory of another server, which replays the log when it starts. */
export function layOutRestore(
  from: PostgresPlace,
  to: PostgresPlace,
  { backup, until }: RestoreTarget,
): Readonly<Record<string, string>> {
  const source = join(backupOf(from.folder, backup), "data");
  if (!existsSync(source)) throw new Error(`there is no backup ${backup}`);
  const data = join(to.folder, "data");
  rmSync(data, { recursive: true, force: true });
  copyTree(source, data, to.user);
  writeOwned(join(data, "recovery.signal"), "", to.user);
  const target: Readonly<Record<string, string>> =
    until === undefined
      ? { recovery_target: "immediate" }
      : { recovery_target_time: timestamp(until), recovery_target_inclusive: "true" };
  return {
    wal_level: "replica",
    archive_mode: "off",
    hot_standby: "off",
    restore_command: `cp "${archiveOf(from.folder)}/%f" "%p"`,
    recovery_target_action: "promote",
    recovery_target_timeline: "current",
    ...target,
  };
}

/** As PostgreSQL's settings take a moment: no letter stands for a time zone there. */
function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace("T", " ").replace("Z", "+00");
}

function archiveOf(folder: string): string {
  return join(folder, "archive");
}

/** Where a base backup is; a test damages it there. */
export function backupOf(folder: string, id: string): string {
  if (!/^[a-z0-9:-]{1,100}$/.test(id)) throw new Error(`no backup is called ${JSON.stringify(id)}`);
  return join(folder, "backups", id.replaceAll(":", "_"));
}

/** A file that goes away while it is copied is none that recovery needs; a backup leaves out what is the server's own. */
function copyTree(from: string, to: string, user: SystemUser | undefined, { isBackup } = { isBackup: false }): void {
  makeFolder(to, user);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (isBackup && LEFT_OUT.has(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (isBackup && EMPTIED.has(entry.name)) makeFolder(target, user);
      else copyTree(source, target, user);
    } else if (entry.isFile() && !entry.name.startsWith("pgsql_tmp")) copyFile(source, target, user);
  }
}

function copyFile(source: string, target: string, user: SystemUser | undefined): void {
  try {
    copyFileSync(source, target);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  chmodSync(target, 0o600);
  if (user !== undefined) chownSync(target, user.uid, user.gid);
}

function writeOwned(path: string, text: string, user: SystemUser | undefined): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

function makeFolder(path: string, user: SystemUser | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
