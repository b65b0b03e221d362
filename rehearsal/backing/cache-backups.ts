import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A dump of a running cache, as an automated snapshot of ElastiCache. */
export interface CacheBackup {
  readonly id: string;
  /** When it was begun, in seconds since 1970: what was written later is not in it. */
  readonly at: number;
}

const backupSchema = z.object({ id: z.string(), at: z.number() });

/** Keeps what `save` writes as a backup of the folder; one that was not finished is none. */
export async function keepCacheBackup(
  folder: string,
  id: string,
  save: (file: string) => Promise<void>,
): Promise<CacheBackup> {
  const file = keptFileOf(folder, id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const backup = { id, at: Date.now() / 1000 };
  await save(`${file}.part`);
  renameSync(`${file}.part`, file);
  writeFileSync(`${file}.json`, JSON.stringify(backup));
  return backup;
}

/** The finished backups in the folder, newest first. */
export function cacheBackupsIn(folder: string): CacheBackup[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => backupSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))))
    .sort((one, other) => other.at - one.at);
}

/** Where the dump of a backup is. */
export function keptFileOf(folder: string, id: string): string {
  if (!/^[a-z0-9.-]{1,100}$/.test(id)) throw new Error(`no backup is called ${JSON.stringify(id)}`);
  return join(folder, `${id}.dump`);
}
