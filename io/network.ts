import { randomInt, X509Certificate } from "node:crypto";
import { createSocket } from "node:dgram";
import { getServers, lookup as systemLookup } from "node:dns";
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { connect, type DetailedPeerCertificate, rootCertificates } from "node:tls";
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { DeployError } from "../shared/deploy-error.ts";
import { type RehearsalAccess, TOKEN_HEADER } from "../shared/rehearsal-access.ts";
import { proxiesOf } from "./proxy.ts";
import { rehearsalVariables } from "./rehearsal-variables.ts";

/** How commands reach names: the system's own resolver and trust, or those that the environment sets. */
export interface Network {
  /** Shared connections for single requests. */
  readonly dispatcher: Dispatcher;
  /** Its own connections, at most so many per origin; the caller closes it. */
  agent(connections: number): Dispatcher;
  /** IPv4 addresses of a name; none when there is no such name. Rejects as node:dns does when nobody answers. */
  addressesOf(name: string): Promise<readonly string[]>;
  /** Name servers that a name is delegated to; none when there is no such name or nobody answers for it. */
  nameServersOf(name: string): Promise<readonly string[]>;
  /** DS records that the parent zone has for a name, as `TAG ALGORITHM DIGEST-TYPE DIGEST`. Rejects when nobody answers. */
  delegationSignersOf(name: string): Promise<readonly string[]>;
  /**
   * Who may issue certificates of a name, by the nearest CAA records of it or of what is above it; undefined where nothing
   * limits it. Rejects when nobody answers.
   */
  issuersOf(name: string): Promise<readonly string[] | undefined>;
  /** Ready for `net.connect` and `tls.connect`. */
  readonly lookup: LookupFunction;
  /** Certificates to trust; undefined means the system's. */
  readonly certificateAuthorities: readonly string[] | undefined;
  /** The port that stands for a well-known one. */
  portFor(port: number): number;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_SECONDS = 10;
/** The web firewall in front of the load balancer refuses who does not say what they are (AWS's common rule set). */
const USER_AGENT = "sparki-deploy";

/**
 * Opens the network that the environment describes: the proxies of `https_proxy` and its like for single requests to what is
 * not on this machine, and in a rehearsal only SPARKI_DNS_SERVER (host:port), SPARKI_CA_FILE (PEM, trusted beside
 * the public roots), SPARKI_PORT_MAP (443:8443,80:8080) and SPARKI_REHEARSAL_ACCESS (the file with a running rehearsal's
 * token); without them, the system's. A name in `standIns` is reached
 * at the address of the name that stands in for it, under its own host header and certificate.
 */
export function openNetwork(
  env: Readonly<Record<string, string | undefined>>,
  standIns: Readonly<Record<string, string>> = {},
): Network {
  const own = rehearsalVariables(env);
  const resolver = own.SPARKI_DNS_SERVER ? resolverAt(own.SPARKI_DNS_SERVER) : undefined;
  const ports = portMap(own.SPARKI_PORT_MAP);
  const certificateAuthorities = authorities(own.SPARKI_CA_FILE);
  const portFor = (port: number) => ports.get(port) ?? port;
  const resolve: LookupFunction = resolver === undefined ? systemLookup : lookupWith(resolver);
  const lookup: LookupFunction = (name, options, done) => resolve(standIns[name] ?? name, options, done);
  const permitted = withAccess(own.access);
  // A rehearsal is on this machine as a whole.
  const proxies = own.access === undefined ? proxiesOf(env) : undefined;
  const agent = (connections: number) =>
    new Agent({ connections, connect: connector() }).compose(introduced).compose(permitted);
  const direct = agent(16);
  const dispatcher =
    proxies === undefined ? direct : direct.compose(proxies.through((host) => host in standIns)).compose(introduced);

  function connector(): buildConnector.connector {
    const timeout = CONNECT_TIMEOUT_SECONDS * 1000;
    const ca = certificateAuthorities === undefined ? {} : { ca: [...certificateAuthorities] };
    const connect = buildConnector({ timeout, lookup, ...ca });
    return (target, done) => {
      const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
      connect({ ...target, port: String(portFor(port)) }, done);
    };
  }

  return {
    dispatcher,
    agent,
    addressesOf: (name) => (resolver ?? new Resolver()).resolve4(name).catch(noneOn(ABSENT)),
    nameServersOf: (name) => (resolver ?? new Resolver()).resolveNs(name).catch(noneOn([...ABSENT, "ESERVFAIL"])),
    delegationSignersOf: (name) => delegationSignersOf(name, own.SPARKI_DNS_SERVER),
    issuersOf: (name) => issuersOf(name, resolver ?? new Resolver({ timeout: 2_000, tries: 2 })),
    lookup,
    certificateAuthorities,
    portFor,
    close: async () => {
      await Promise.all([direct.close(), proxies?.close()]);
    },
  };
}

/** Says who asks, where the request does not. */
const introduced: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch({ ...options, headers: { "user-agent": USER_AGENT, ...options.headers } }, handler);

/** Adds a rehearsal's token to what is sent to that rehearsal's own servers, and to nothing else. */
function withAccess(access: RehearsalAccess | undefined): Dispatcher.DispatcherComposeInterceptor {
  if (access === undefined) return (dispatch) => dispatch;
  const { token, origins } = access;
  return (dispatch) => (options, handler) => {
    const isOwn = options.origin !== undefined && origins.includes(new URL(options.origin).origin);
    return dispatch(isOwn ? { ...options, headers: { ...options.headers, [TOKEN_HEADER]: token } } : options, handler);
  };
}

function resolverAt(server: string): Resolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 3 });
  try {
    resolver.setServers([server]);
    return resolver;
  } catch (cause) {
    throw invalid("SPARKI_DNS_SERVER", server, "an address and port such as 127.0.0.53:53", cause);
  }
}

const ABSENT = ["ENOTFOUND", "ENODATA"];

function noneOn(codes: readonly string[]): (error: NodeJS.ErrnoException) => [] {
  return (error) => {
    if (codes.includes(error.code ?? "")) return [];
    throw error;
  };
}

/** As RFC 8659 has it: the first name from below that has CAA records decides alone, and what names no issuer limits none. */
async function issuersOf(name: string, resolver: Resolver): Promise<readonly string[] | undefined> {
  const labels = name.replace(/\.$/, "").split(".");
  for (const from of labels.keys()) {
    const records = await resolver.resolveCaa(labels.slice(from).join(".")).catch(noneOn(ABSENT));
    if (records.length === 0) continue;
    const issuers = records.flatMap(({ issue }) => (issue === undefined ? [] : [issue.replace(/;.*$/s, "").trim()]));
    return issuers.length === 0 ? undefined : issuers.map((issuer) => issuer.toLowerCase());
  }
  return undefined;
}

function lookupWith(resolver: Resolver): LookupFunction {
  return (name, options, done) => {
    if (name === "localhost") return systemLookup(name, options, done);
    resolver.resolve4(name).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: 4 }));
        if (options.all === true) done(null, found);
        else done(null, found[0]?.address ?? "", 4);
      },
      (error: NodeJS.ErrnoException) => done(error, options.all === true ? [] : "", 4),
    );
  };
}

function portMap(text: string | undefined): ReadonlyMap<number, number> {
  const ports = new Map<number, number>();
  for (const pair of text ? text.split(",") : []) {
    const match = /^(\d+):(\d+)$/.exec(pair.trim());
    if (match === null) throw invalid("SPARKI_PORT_MAP", pair, "pairs such as 443:8443,80:8080");
    ports.set(Number(match[1]), Number(match[2]));
  }
  return ports;
}

function authorities(file: string | undefined): readonly string[] | undefined {
  if (!file) return undefined;
  try {
    return [...rootCertificates, readFileSync(file, "utf8")];
  } catch (cause) {
    throw invalid("SPARKI_CA_FILE", file, "a readable PEM file", cause);
  }
}

function invalid(name: string, found: string, expected: string, cause?: unknown): DeployError {
  return new DeployError("SPARKI_USAGE", `${name} is ${JSON.stringify(found)}; expected ${expected}`, {
    hint: `unset ${name}, or set it to ${expected}`,
    cause,
  });
}

interface Served {
  readonly certificate: X509Certificate;
  /** Why it is not trusted for the name, such as CERT_HAS_EXPIRED; undefined when it is. */
  readonly problem: string | undefined;
}

const TIMEOUT_SECONDS = 10;

/** The certificate that is served for a name at its HTTPS port, trusted or not; throws SPARKI_OUTSIDE when nothing is. */
export function servedCertificate(network: Network, name: string, signal?: AbortSignal): Promise<Served> {
  const { certificateAuthorities: ca, lookup } = network;
  return new Promise((resolve, reject) => {
    const broken = (reason: string) => {
      socket.destroy();
      reject(new DeployError("SPARKI_OUTSIDE", `${name} serves no certificate: ${reason}`));
    };
    const options = { host: name, port: network.portFor(443), servername: name, lookup, rejectUnauthorized: false };
    const socket = connect({ ...options, ...(ca === undefined ? {} : { ca: [...ca] }) }, () => {
      const peer: DetailedPeerCertificate = socket.getPeerCertificate(true);
      const problem = socket.authorized ? undefined : String(socket.authorizationError);
      socket.end();
      resolve({ certificate: new X509Certificate(peer.raw), problem });
    });
    socket.setTimeout(TIMEOUT_SECONDS * 1000, () => broken(`no answer within ${TIMEOUT_SECONDS} s`));
    socket.on("error", (error) => broken(error.message));
    signal?.addEventListener("abort", () => broken("interrupted"), { once: true });
  });
}

const PATIENCE_MILLISECONDS = 2_000;
const TRIES = 3;
const DNS_PORT = 53;

/**
 * The DS records of a name as its parent zone tells them, each as `TAG ALGORITHM DIGEST-TYPE DIGEST`; none where there are
 * none. node:dns cannot ask for them. Rejects when the resolver does not answer.
 * @param server host:port of a resolver; default: the system's first
 */
export async function delegationSignersOf(name: string, server = getServers()[0] ?? "127.0.0.1"): Promise<string[]> {
  for (let tried = 1; ; tried++) {
    try {
      return await ask(name, server);
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

function ask(name: string, server: string): Promise<string[]> {
  const { host, port } = endOf(server);
  const id = randomInt(65_536);
  const query = encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type: "DS", name }],
  });
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const end = (finish: () => void) => {
      clearTimeout(timer);
      socket.close();
      finish();
    };
    const late = () => end(() => reject(new Error(`${server} does not say which DS records ${name} has`)));
    const timer = setTimeout(late, PATIENCE_MILLISECONDS);
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("message", (message) => {
      try {
        const answer = decode(message);
        if (answer.id !== id) return;
        const code: unknown = Reflect.get(answer, "rcode");
        if (code !== "NOERROR" && code !== "NXDOMAIN")
          return end(() => reject(new Error(`${server} answers ${code} to the DS records of ${name}`)));
        end(() => resolve((answer.answers ?? []).flatMap((each) => (each.type === "DS" ? [textOf(each.data)] : []))));
      } catch (error) {
        end(() => reject(error));
      }
    });
    socket.connect(port, host, () => socket.send(query));
  });
}

function textOf(data: { keyTag: number; algorithm: number; digestType: number; digest: Buffer }): string {
  return `${data.keyTag} ${data.algorithm} ${data.digestType} ${data.digest.toString("hex").toUpperCase()}`;
}

/** `127.0.0.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`, as node:dns writes them. */
function endOf(server: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: bracketed ?? plain ?? server, port: port === undefined ? DNS_PORT : Number(port) };
}
