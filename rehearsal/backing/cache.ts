import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Addresses } from "../addresses.ts";
import { PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import type { CacheService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { Instances } from "./instances.ts";
import { issueCertificate, type ServedCertificate } from "./served-certificate.ts";

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
}

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

  async #launch(wanted: WantedCache, index: number): Promise<RunningCache> {
    const { name, hostnames, authToken: token } = wanted;
    const { runDirectory, authority, processes, addresses } = this.#options;
    const address = addresses.cache(index);
    const folder = join(runDirectory, "redis", name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const certificate = await issueCertificate({ authority, folder, address, hostnames });
    const place = { address, folder, certificate, authorityPem: authority.pem };
    const args = this.#program.prepare(place, token);
    const handle = await processes.start({ name: `redis-${name}`, command: this.#program.command, args, cwd: folder });
    const answers = () =>
      ask(place, token, ["PING"]).then(
        () => true,
        () => false,
      );
    await waitFor(`cache ${name}`, answers, { limitSeconds: READY_LIMIT_SECONDS, process: handle });
    const tokens = tokensOf(wanted);
    if (tokens.length > 1) await this.#program.setTokens(place, handle, token, tokens);
    return { wanted, address, place, handle, isRunning: () => handle.running() };
  }
}

/** Paths of command-line tools by name; one that could not be had is absent. */
export type Tools = Readonly<Record<string, string | undefined>>;

interface CachePlace {
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
    ? { kind: "miniredis", command, prepare: prepareMiniredis, setTokens: setMiniredisTokens }
    : { kind: "redis", command, prepare: prepareRedis, setTokens: setRedisTokens };
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

/** Sends one command over a connection of its own; rejects when the server refuses it or is not there. */
export async function ask(
  place: Pick<CachePlace, "address" | "authorityPem">,
  token: string,
  command: readonly string[],
): Promise<unknown> {
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
    const [name = "PING", ...args] = command;
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}
