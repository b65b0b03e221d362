import { createHash, randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import { type CertificateAuthority, issueCertificate, type ServedCertificate } from "../certificates.ts";
import { Instances, type Processes, type ProcessHandle } from "../processes.ts";
import type { CacheService } from "../services.ts";
import { waitFor } from "../waiting.ts";

type WantedCache = Parameters<CacheService["start"]>[0];

interface RunningCache {
  /** As it was asked for, with the tokens that it takes now. */
  wanted: WantedCache;
  readonly address: string;
  readonly place: CachePlace;
  readonly handle: ProcessHandle;
  isRunning(): boolean;
}

export interface CachesOptions {
  readonly runDirectory: string;
  readonly authority: CertificateAuthority;
  readonly processes: Processes;
  readonly addresses: Pick<Addresses, "cache">;
  readonly tools: Tools;
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
}

/**
 * How long nothing answers while a replica with the new version takes over: AWS says "a few seconds" of an upgrade
 * (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.html).
 */
const PLANNED_FAILOVER_SECONDS = 3;

const READY_LIMIT_SECONDS = 300;

/** Redis-protocol servers with TLS and AUTH, one a cache, each on its own address; their data goes with the process. */
export class Caches implements CacheService {
  readonly #options: CachesOptions;
  readonly #program: CacheProgram;
  readonly #instances = new Instances<RunningCache>();

  constructor(options: CachesOptions) {
    this.#options = options;
    this.#program = cacheProgram(options.tools);
  }

  /** Whether the real Redis runs, or the server that stands in for it. */
  get kind(): CacheProgram["kind"] {
    return this.#program.kind;
  }

  /** Asked again with other tokens, a running cache wants one of those from new connections. */
  async start(wanted: WantedCache): Promise<{ address: string }> {
    const running = await this.#instances.start(wanted.name, (index) => this.#launch(wanted, index));
    const { authToken } = running.wanted;
    if (!isDeepStrictEqual(tokensOf(wanted), tokensOf(running.wanted))) {
      await this.#program.setTokens(running.place, running.handle, authToken, tokensOf(wanted));
      running.wanted = wanted;
    }
    return { address: running.address };
  }

  /** What is written while the new node starts is lost, as with any replica that is a moment behind. */
  async failOver(name: string): Promise<{ address: string }> {
    const before = await this.#running(name);
    const dump = join(before.place.folder, "handover.dump");
    await this.#program.save(before.place, before.wanted.authToken, dump);
    const now = await this.#instances.replace(name, (index) => this.#launch(before.wanted, index, dump));
    await before.handle.stop();
    rmSync(before.place.folder, { recursive: true, force: true });
    await delay(PLANNED_FAILOVER_SECONDS * 1000 * this.#options.timeScale);
    return { address: now.address };
  }

  async stop(name: string): Promise<void> {
    const running = await this.#instances.take(name);
    await running?.handle.stop();
    if (running) rmSync(running.place.folder, { recursive: true, force: true });
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#instances.names().map((name) => this.stop(name)));
  }

  /** Stops every server as a failing node would: its name and address stay, its data goes. */
  async suspend(): Promise<void> {
    for (const name of this.#instances.names()) await (await this.#instances.find(name))?.handle.stop();
  }

  /** Starts again what was suspended, with the token it had. */
  async resume(): Promise<void> {
    for (const name of this.#instances.names()) {
      const found = await this.#instances.find(name);
      if (found !== undefined) await this.start(found.wanted);
    }
  }

  /** Which servers there are, copies included. */
  names(): readonly string[] {
    return this.#instances.names();
  }

  /** What one command answers, as text; null for nothing. Rejects with the server's own refusal. */
  async ask(name: string, command: readonly string[]): Promise<string | null> {
    const { place, wanted } = await this.#running(name);
    const answer = await this.#program.answer(place, wanted.authToken, command);
    return answer === null || answer === undefined ? null : String(answer).trim().replace(/\s+/g, " ");
  }

  /** Takes a dump of a running cache, as ElastiCache does once a day. */
  async backUp(name: string, id: string): Promise<CacheBackup> {
    const { place, wanted } = await this.#running(name);
    return keepCacheBackup(this.#backupsOf(name), id, (file) => this.#program.save(place, wanted.authToken, file));
  }

  /** Its dumps, newest first. */
  backups(name: string): readonly CacheBackup[] {
    return cacheBackupsIn(this.#backupsOf(name));
  }

  /** Where a dump is; a test damages it there. */
  backupFileOf(name: string, id: string): string {
    return keptFileOf(this.#backupsOf(name), id);
  }

  /**
   * Starts another server, with a token of its own, over a dump of `name`; resolves once it has read all of it. Rejects with
   * what the server said when it cannot, and then nothing of it runs.
   */
  async restore(name: string, copy: string, id: string): Promise<void> {
    const file = this.backupFileOf(name, id);
    const wanted = {
      name: copy,
      hostnames: [`${copy}.cache.amazonaws.com`],
      authToken: randomBytes(32).toString("hex"),
    };
    try {
      await this.#instances.start(copy, (index) => this.#launch(wanted, index, file));
    } catch (error) {
      await this.#instances.take(copy);
      throw error;
    }
  }

  async #running(name: string): Promise<RunningCache> {
    const running = await this.#instances.find(name);
    if (running?.isRunning() !== true) throw new Error(`cache ${name} does not run`);
    return running;
  }

  #folderOf(name: string, index: number): string {
    return join(this.#options.runDirectory, "redis", `${name}-${index}`);
  }

  #backupsOf(name: string): string {
    return join(this.#options.runDirectory, "redis-backups", name);
  }

  async #launch(wanted: WantedCache, index: number, dump?: string): Promise<RunningCache> {
    const { name, hostnames } = wanted;
    const { authority, processes, addresses } = this.#options;
    const address = addresses.cache(index);
    const folder = this.#folderOf(name, index);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const certificate = await issueCertificate({ authority, folder, address, hostnames });
    const place = { address, folder, certificate, authorityPem: authority.pem };
    const serve = async (tokens: readonly string[], data?: string): Promise<ProcessHandle> => {
      const [token = ""] = tokens;
      const args = this.#program.prepare(place, token);
      if (data !== undefined) this.#program.layOut(place, data);
      const handle = await processes.start({
        name: `redis-${name}-${index}`,
        command: this.#program.command,
        args,
        cwd: folder,
      });
      const answers = () =>
        ask(place, token, ["PING"]).then(
          () => true,
          () => false,
        );
      await waitFor(`cache ${name}`, answers, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
      if (data !== undefined) await this.#program.load(place, handle, token);
      // A node that fails loses its data: the next start must not find it.
      rmSync(dumpIn(place), { force: true });
      if (tokens.length > 1) await this.#program.setTokens(place, handle, token, tokens);
      return handle;
    };
    const first = await serve(tokensOf(wanted), dump);
    const handle = processes.keep(first, () => serve(tokensOf(running.wanted)));
    const running: RunningCache = { wanted, address, place, handle, isRunning: () => handle.running() };
    return running;
  }
}

/** Paths of command-line tools by name; one that could not be had is absent. */
export type Tools = Readonly<Record<string, string | undefined>>;

export interface CachePlace {
  readonly address: string;
  readonly folder: string;
  readonly certificate: ServedCertificate;
  readonly authorityPem: string;
}

/** A program that speaks the Redis protocol. */
interface CacheProgram {
  readonly kind: "redis" | "miniredis";
  readonly command: string;
  /** Writes what the program reads at its start, and returns its arguments: never the token, which others could see there. */
  prepare(place: CachePlace, token: string): readonly string[];
  /** What one command answers. */
  answer(place: CachePlace, token: string, command: readonly string[]): Promise<unknown>;
  /** Writes all that it holds, with each key's expiry, to a file. */
  save(place: CachePlace, token: string, file: string): Promise<void>;
  /** Puts such a file where it is read, before the program starts. */
  layOut(place: CachePlace, file: string): void;
  /** Resolves once the program holds what was laid out; rejects, and ends it, when it cannot be read. */
  load(place: CachePlace, handle: ProcessHandle, token: string): Promise<void>;
  /** Makes the running program, which takes `token`, take these alone, for connections from now on. */
  setTokens(place: CachePlace, handle: ProcessHandle, token: string, tokens: readonly string[]): Promise<void>;
}

/** The tokens that a cache takes, the present one first: ElastiCache has two between ROTATE and SET. */
function tokensOf({ authToken, tokenBefore }: WantedCache): string[] {
  return tokenBefore === undefined ? [authToken] : [authToken, tokenBefore];
}

/** What the tools call `redis-server`: the real Redis, or under its own name the in-memory server that stands in for it. */
export function cacheProgram(tools: Tools): CacheProgram {
  const { "redis-server": command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no redis-server among the tools");
  return basename(command) === "miniredis-server"
    ? { kind: "miniredis", command, prepare: prepareMiniredis, setTokens: setMiniredisTokens, ...MINIREDIS_DUMPS }
    : { kind: "redis", command, prepare: prepareRedis, setTokens: setRedisTokens, ...REDIS_DUMPS };
}

function prepareRedis({ address, folder, certificate }: CachePlace, token: string): readonly string[] {
  const file = join(folder, "redis.conf");
  const lines = {
    bind: address,
    port: "0",
    "tls-port": `${PORTS.cache}`,
    "tls-cert-file": quoted(certificate.certificateFile),
    "tls-key-file": quoted(certificate.keyFile),
    "tls-auth-clients": "no",
    requirepass: quoted(token),
    dir: quoted(folder),
    save: '""',
    appendonly: "no",
    maxmemory: "64mb",
    "maxmemory-policy": "allkeys-lru",
  };
  const content = Object.entries(lines).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(file, content.join(""), { mode: 0o600 });
  return [file];
}

async function setRedisTokens(
  place: CachePlace,
  _handle: ProcessHandle,
  token: string,
  tokens: readonly string[],
): Promise<void> {
  await ask(place, token, ["ACL", "SETUSER", "default", "resetpass", ...tokens.map((each) => `>${each}`)]);
}

type Dumps = Pick<CacheProgram, "answer" | "save" | "layOut" | "load">;

/** Redis's own: it checks the dump's sum, and answers nothing before it has read all of it. */
const REDIS_DUMPS: Dumps = {
  answer: ask,
  save: async (place, token, file) => {
    const written = dumpIn(place);
    await ask(place, token, ["SAVE"]);
    copyFileSync(written, file);
    // A node that fails loses its data: the next start must not find it.
    rmSync(written);
  },
  layOut: (place, file) => copyFileSync(file, dumpIn(place)),
  load: async () => undefined,
};

/** The stand-in writes none, so its keys are read and written over its protocol. */
const MINIREDIS_DUMPS: Dumps = {
  // It does not know this one, by which a drill counts the keys that do not expire.
  answer: (place, token, command) =>
    command.join(" ") === "INFO keyspace" ? withCache(place, token, keyspaceOf) : ask(place, token, command),
  save: (place, token, file) => withCache(place, token, (client) => exportKeys(client, file)),
  layOut: (place, file) => copyFileSync(file, dumpIn(place)),
  load: async (place, handle, token) => {
    try {
      await withCache(place, token, (client) => importKeys(client, dumpIn(place)));
    } catch (error) {
      await handle.stop();
      throw error;
    }
  },
};

function dumpIn({ folder }: CachePlace): string {
  return join(folder, "dump.rdb");
}

function prepareMiniredis({ address, folder, certificate }: CachePlace, token: string): readonly string[] {
  const file = tokenFile(folder);
  writeFileSync(file, token, { mode: 0o600 });
  const { certificateFile, keyFile } = certificate;
  const listen = ["--bind", address, "--port", `${PORTS.cache}`];
  return [...listen, "--tls-cert", certificateFile, "--tls-key", keyFile, "--requirepass-file", file];
}

async function setMiniredisTokens(
  { folder }: CachePlace,
  handle: ProcessHandle,
  _token: string,
  tokens: readonly string[],
) {
  writeFileSync(tokenFile(folder), tokens.join("\n"), { mode: 0o600 });
  handle.signal("SIGHUP");
}

function tokenFile(folder: string): string {
  return join(folder, "token");
}

/** A string in the form that redis.conf reads back as it was. */
function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

type Reached = Pick<CachePlace, "address" | "authorityPem">;

/** Sends one command over a connection of its own; rejects when the server refuses it or is not there. */
export async function ask(place: Reached, token: string, command: readonly string[]): Promise<unknown> {
  const [name = "PING", ...args] = command;
  return withCache(place, token, (client) => client.call(name, ...args));
}

/** Acts by one connection, which ends with it. */
async function withCache<T>(place: Reached, token: string, act: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({
    host: place.address,
    port: PORTS.cache,
    password: token,
    tls: { ca: place.authorityPem },
    lazyConnect: true,
    disableClientInfo: true,
    connectTimeout: 2000,
    commandTimeout: 2000,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await act(client);
  } finally {
    client.disconnect();
  }
}

/** A dump of a running cache, as an automated snapshot of ElastiCache. */
interface CacheBackup {
  readonly id: string;
  /** When it was begun, in seconds since 1970: what was written later is not in it. */
  readonly at: number;
}

const backupSchema = z.object({ id: z.string(), at: z.number() });

/** Keeps what `save` writes as a backup of the folder; one that was not finished is none. */
async function keepCacheBackup(
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
function cacheBackupsIn(folder: string): CacheBackup[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => backupSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))))
    .sort((one, other) => other.at - one.at);
}

/** Where the dump of a backup is. */
function keptFileOf(folder: string, id: string): string {
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
async function exportKeys(client: Redis, file: string): Promise<void> {
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
async function importKeys(client: Redis, file: string): Promise<void> {
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
async function keyspaceOf(client: Redis): Promise<string> {
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
