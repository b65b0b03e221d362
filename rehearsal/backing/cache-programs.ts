import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Redis } from "ioredis";
import { DeployError } from "../../shared/deploy-error.ts";
import { PORTS } from "../addresses.ts";
import type { ProcessHandle } from "../processes.ts";
import type { ServedCertificate } from "./served-certificate.ts";

/** Paths of command-line tools by name; one that could not be had is absent. */
export type Tools = Readonly<Record<string, string | undefined>>;

export interface CachePlace {
  readonly address: string;
  readonly folder: string;
  readonly certificate: ServedCertificate;
  readonly authorityPem: string;
}

/** A program that speaks the Redis protocol. */
export interface CacheProgram {
  readonly kind: "redis" | "miniredis";
  readonly command: string;
  /** Writes what the program reads at its start, and returns its arguments: never the token, which others could see there. */
  prepare(place: CachePlace, token: string): readonly string[];
  /** Makes the running program take up its certificate's files and a token, for connections from now on. */
  refresh(place: CachePlace, handle: ProcessHandle, token: string, newToken: string): Promise<void>;
}

/** What the tools call `redis-server`: the real Redis, or under its own name the in-memory server that stands in for it. */
export function cacheProgram(tools: Tools): CacheProgram {
  const { "redis-server": command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no redis-server among the tools");
  return basename(command) === "miniredis-server"
    ? { kind: "miniredis", command, prepare: prepareMiniredis, refresh: refreshMiniredis }
    : { kind: "redis", command, prepare: prepareRedis, refresh: refreshRedis };
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

async function refreshRedis(place: CachePlace, _handle: ProcessHandle, token: string, newToken: string): Promise<void> {
  const { certificateFile, keyFile } = place.certificate;
  const settings = ["tls-cert-file", certificateFile, "tls-key-file", keyFile, "requirepass", newToken];
  await ask(place, token, ["CONFIG", "SET", ...settings]);
}

function prepareMiniredis({ address, folder, certificate }: CachePlace, token: string): readonly string[] {
  const file = tokenFile(folder);
  writeFileSync(file, token, { mode: 0o600 });
  const { certificateFile, keyFile } = certificate;
  const listen = ["--bind", address, "--port", `${PORTS.cache}`];
  return [...listen, "--tls-cert", certificateFile, "--tls-key", keyFile, "--requirepass-file", file];
}

async function refreshMiniredis({ folder }: CachePlace, handle: ProcessHandle, _token: string, newToken: string) {
  writeFileSync(tokenFile(folder), newToken, { mode: 0o600 });
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
