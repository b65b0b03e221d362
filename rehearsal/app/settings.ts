import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction, Socket, type SocketConnectOpts } from "node:net";
import { join } from "node:path";
import { type Behaviour, parseBehaviour } from "./behaviour.ts";

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
