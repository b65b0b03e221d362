import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP, type LookupFunction, Socket, type SocketConnectOpts } from "node:net";
import { join } from "node:path";
import type { ImageBehaviour } from "../services.ts";

/** What a process of the stand-in application learns from its environment; files of secrets are read later, at each use. */
export interface Settings {
  readonly listenAddress: string;
  readonly port: number;
  /** Directory that stands for the container's `/`. */
  readonly root: string;
  /** Address and port of the DNS server to ask; undefined means the machine's own. */
  readonly dnsServer: string | undefined;
  /** PEM file of the authority that signs the database's, cache's and load balancer's certificates. */
  readonly certificateAuthorityFile: string | undefined;
  /** What the image does, until `behaviour.json` in the root says otherwise. */
  readonly behaviour: Behaviour;
  readonly release: string;
  readonly track: string;
  readonly database: { readonly host: string; readonly port: number; readonly name: string };
  readonly cache: { readonly host: string; readonly port: number };
  /** Seconds between SIGTERM and the closing of the listening socket; 0 leaves it to preStop that balancers notice first. */
  readonly shutdownDelaySeconds: number;
}

/** The settings in an environment, with the defaults of a run outside a pod. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>): Settings {
  const root = env.SPARKI_ROOT ?? "/";
  return {
    listenAddress: env.SPARKI_LISTEN_ADDRESS ?? "127.0.0.1",
    port: numberOf(env, "PORT", 8080),
    root,
    dnsServer: env.SPARKI_DNS_SERVER,
    certificateAuthorityFile: env.SPARKI_CA_FILE ?? below(root, env.DATABASE_CA_FILE),
    behaviour: parseBehaviour(env.SPARKI_BEHAVIOUR ?? "{}"),
    release: env.RELEASE_ID ?? "unknown",
    track: env.TRACK ?? "unknown",
    database: {
      host: env.DATABASE_HOST ?? "127.0.0.1",
      port: numberOf(env, "DATABASE_PORT", 5432),
      name: env.DATABASE_NAME ?? "sparki",
    },
    cache: { host: env.CACHE_HOST ?? "127.0.0.1", port: numberOf(env, "CACHE_PORT", 6379) },
    shutdownDelaySeconds: numberOf(env, "SHUTDOWN_DELAY_SECONDS", 0),
  };
}

/** The paths where a pod finds its secrets, below the directory that stands for the container's root. */
export function secretFiles(root: string) {
  return {
    databaseUsername: join(root, "mnt/secrets/database/username"),
    databasePassword: join(root, "mnt/secrets/database/password"),
    cacheToken: join(root, "mnt/secrets/cache/auth-token"),
  } as const;
}

function below(root: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : join(root, path);
}

function numberOf(env: Readonly<Record<string, string | undefined>>, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${name} is ${JSON.stringify(text)}; expected a number`);
  return value;
}

/** Resolves names at `server` (address:port) the way `net.connect`'s `lookup` asks for; undefined keeps the machine's way. */
export function lookupAt(server: string | undefined): LookupFunction | undefined {
  if (server === undefined) return undefined;
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([server]);
  return (hostname, options, callback) => {
    const found = isIP(hostname) === 4 ? Promise.resolve([hostname]) : resolver.resolve4(hostname);
    found.then(
      (addresses) => {
        if (options.all)
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        else callback(null, addresses[0] ?? "", 4);
      },
      (error) => callback(error, "", 4),
    );
  };
}

/** A socket that resolves with `lookup`, for clients that only ever call `connect(port, host)`. */
export class NamedSocket extends Socket {
  readonly #lookup: LookupFunction | undefined;

  constructor(lookup: LookupFunction | undefined) {
    super();
    this.#lookup = lookup;
  }

  override connect(target: SocketConnectOpts | number | string, host?: string | number | (() => void)): this {
    if (typeof target !== "number" || typeof host !== "string") throw new TypeError("expected connect(port, host)");
    const lookup = this.#lookup;
    return super.connect({ port: target, host, ...(lookup && { lookup }) });
  }
}

/** What the running application does wrong on purpose; every field has its harmless value. */
export interface Behaviour {
  readonly errorRatio: number;
  readonly slowRatio: number;
  readonly slowMilliseconds: number;
  readonly crash: boolean;
  readonly neverReady: boolean;
  readonly metricsNotNumbers: boolean;
  readonly failMigration: string | undefined;
  readonly failTests: boolean;
}

/** The behaviour in an `ImageBehaviour` JSON; what is absent is harmless, what has the wrong type throws. */
export function parseBehaviour(json: string): Behaviour {
  const given: Partial<Record<keyof ImageBehaviour, unknown>> = JSON.parse(json);
  return {
    errorRatio: proportion("errorRatio", given.errorRatio),
    slowRatio: proportion("slowRatio", given.slowRatio),
    slowMilliseconds: typeof given.slowMilliseconds === "number" ? given.slowMilliseconds : 2000,
    crash: given.crash === true,
    neverReady: given.neverReady === true,
    metricsNotNumbers: given.metricsNotNumbers === true,
    failMigration: typeof given.failMigration === "string" ? given.failMigration : undefined,
    failTests: given.failTests === true,
  };
}

function proportion(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new Error(`behaviour.${name} is ${JSON.stringify(value)}; expected a number from 0 to 1`);
}

/** Chooses `ratio` of all calls, evenly spaced: after n calls exactly `floor(n × ratio)` were chosen. */
export class Cadence {
  #calls = 0;
  #chosen = 0;

  next(ratio: number): boolean {
    this.#calls += 1;
    const due = Math.floor(this.#calls * ratio + 1e-9);
    if (due <= this.#chosen) return false;
    this.#chosen = due;
    return true;
  }

  /** Counts from zero again, so that a new ratio does not catch up for the calls before it. */
  restart(): void {
    this.#calls = 0;
    this.#chosen = 0;
  }
}

const LOOK_MILLISECONDS = 250;

/** The behaviour of a running process: its image's, until `behaviour.json` in its root says otherwise. */
export class Misbehaviour {
  readonly #errors = new Cadence();
  readonly #delays = new Cadence();
  readonly #image: Behaviour;
  readonly #file: string;
  // Looking again and again misses nothing, unlike watching a file that is not there yet.
  readonly #timer: NodeJS.Timeout;
  #text: string | undefined;
  #current: Behaviour;

  constructor(image: Behaviour, root: string) {
    this.#image = image;
    this.#file = join(root, "behaviour.json");
    this.#current = image;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS).unref();
  }

  get current(): Behaviour {
    return this.#current;
  }

  /** What happens to the next request: how long it waits, and whether it then fails. */
  next(): { readonly delayMilliseconds: number; readonly fails: boolean } {
    const { errorRatio, slowRatio, slowMilliseconds } = this.#current;
    const slow = slowRatio > 0 && this.#delays.next(slowRatio);
    return {
      delayMilliseconds: slow ? slowMilliseconds : 0,
      fails: errorRatio > 0 && this.#errors.next(errorRatio),
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const text = textOf(this.#file);
    if (text === this.#text) return;
    this.#text = text;
    this.#current = (text === undefined ? undefined : understood(text)) ?? this.#image;
    this.#errors.restart();
    this.#delays.restart();
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The behaviour in a text; undefined when only half of it is written yet. */
function understood(text: string): Behaviour | undefined {
  try {
    return parseBehaviour(text);
  } catch {
    return undefined;
  }
}
