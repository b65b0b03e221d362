import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";
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

const texts = z.array(z.string());
const keySchema = z.object({
  key: z.string(),
  type: z.enum(["string", "hash", "list", "set", "zset"]),
  /** The value's words: of a hash fields and values in turn, of a sorted set members and scores. */
  words: texts,
  /** Milliseconds since 1970; null where it does not expire. */
  expiresAt: z.number().nullable(),
});
const fileSchema = z.object({ sum: z.string(), keys: z.array(keySchema) });
type Key = z.infer<typeof keySchema>;

/** Writes all keys of a server to a file, with a sum over them; rejects for a type that is not kept. */
export async function exportKeys(client: Redis, file: string): Promise<void> {
  const keys: Key[] = [];
  const names = await client.keys("*");
  for (const key of names.sort()) {
    const [type, left] = await Promise.all([client.type(key), client.pttl(key)]);
    // It has expired meanwhile.
    if (left === -2) continue;
    const words = await wordsOf(client, key, type);
    keys.push(keySchema.parse({ key, type, words, expiresAt: left === -1 ? null : Date.now() + left }));
  }
  writeFileSync(file, JSON.stringify({ sum: sumOf(keys), keys }));
}

/** Writes what such a file holds into an empty server; rejects for a file that was damaged. */
export async function importKeys(client: Redis, file: string): Promise<void> {
  const { sum, keys } = fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  if (sumOf(keys) !== sum) throw new Error("wrong sum of the dump's keys");
  for (const { key, type, words, expiresAt } of keys) {
    if (expiresAt !== null && expiresAt <= Date.now()) continue;
    const [command, args] = writingOf(type, words);
    await client.call(command, key, ...args);
    if (expiresAt !== null) await client.call("PEXPIREAT", key, String(Math.round(expiresAt)));
  }
}

/** What Redis answers to `INFO keyspace`, as far as it counts keys. */
export async function keyspaceOf(client: Redis): Promise<string> {
  const names = await client.keys("*");
  const left = await Promise.all(names.map((name) => client.pttl(name)));
  const expires = left.filter((milliseconds) => milliseconds !== -1).length;
  return names.length === 0 ? "# Keyspace" : `# Keyspace db0:keys=${names.length},expires=${expires},avg_ttl=0`;
}

async function wordsOf(client: Redis, key: string, type: string): Promise<string[]> {
  if (type === "string") return [(await client.get(key)) ?? ""];
  if (type === "list") return client.lrange(key, 0, -1);
  if (type === "set") return client.smembers(key);
  if (type === "zset") return texts.parse(await client.call("ZRANGE", key, "0", "-1", "WITHSCORES"));
  if (type === "hash") return Object.entries(await client.hgetall(key)).flat();
  throw new Error(`key ${key} is a ${type}, which the stand-in's dump does not keep`);
}

function writingOf(type: Key["type"], words: readonly string[]): readonly [string, readonly string[]] {
  if (type === "string") return ["SET", words];
  if (type === "list") return ["RPUSH", words];
  if (type === "set") return ["SADD", words];
  if (type === "hash") return ["HSET", words];
  const pairs = words.flatMap((member, index) => (index % 2 === 0 ? [words[index + 1] ?? "0", member] : []));
  return ["ZADD", pairs];
}

function sumOf(keys: readonly Key[]): string {
  return createHash("sha256").update(JSON.stringify(keys)).digest("hex");
}
