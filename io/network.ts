import { randomInt, X509Certificate } from "node:crypto";
import { createSocket } from "node:dgram";
import { getServers, lookup as systemLookup } from "node:dns";
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { connect, type DetailedPeerCertificate, rootCertificates } from "node:tls";
import { domainToASCII } from "node:url";
import { type DecodedPacket, decode, encode, RECURSION_DESIRED } from "dns-packet";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from "undici";
import { coded, DeployError } from "../shared/deploy-error.ts";
import { type RehearsalAccess, TOKEN_HEADER } from "../shared/rehearsal-access.ts";
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
    nameServersOf: (name) => nameServersOf(name, resolver ?? new Resolver()),
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

/** The name servers by the zone above, so that no resolver keeps for later that there are none; by the resolver where that is out of reach. */
async function nameServersOf(name: string, resolver: Resolver): Promise<readonly string[]> {
  const above = await aboveOf(name, "NS", resolver);
  if (above !== undefined) return referredIn(above, name);
  return resolver.resolveNs(name).catch(noneOn([...ABSENT, "ESERVFAIL"]));
}

function referredIn({ answers = [], authorities = [] }: DecodedPacket, name: string): string[] {
  const wanted = labelsOf(name).join(".").toLowerCase();
  const own = [...answers, ...authorities].filter((each) => labelsOf(each.name).join(".").toLowerCase() === wanted);
  return own.flatMap((each) => (each.type === "NS" ? [each.data] : []));
}

/** Of a zone's name servers so many are asked. */
const SERVERS = 2;

/**
 * What the servers of the zone above say of a name: to ask a resolver for what does not exist yet makes it keep that, for as
 * long as the SOA of that zone says (RFC 2308), and it would say so when it exists. Undefined where nobody is found or answers.
 * @param port of those servers @default 53
 */
export async function aboveOf(
  name: string,
  type: "NS" | "DS",
  resolver: Resolver,
  port = DNS_PORT,
): Promise<DecodedPacket | undefined> {
  const labels = labelsOf(name);
  // The zone above is at the nearest name that has name servers.
  for (let from = 1; from < labels.length; from++) {
    const servers = await resolver.resolveNs(labels.slice(from).join(".")).catch(() => []);
    if (servers.length === 0) continue;
    for (const server of servers.slice(0, SERVERS)) {
      const [address] = await resolver.resolve4(server).catch(() => []);
      const answer =
        address === undefined ? undefined : await ask(name, type, `${address}:${port}`, 0).catch(() => undefined);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
  return undefined;
}

function labelsOf(name: string): string[] {
  return name.replace(/\.$/, "").split(".");
}

/** As RFC 8659 has it: the first name from below that has CAA records decides alone, and what names no issuer limits none. */
async function issuersOf(name: string, resolver: Resolver): Promise<readonly string[] | undefined> {
  const labels = labelsOf(name);
  const delegated = await aboveOf(name, "NS", resolver);
  // What is not delegated yet has no records of its own, and to ask for it would be kept as the answer for later.
  const own = delegated !== undefined && referredIn(delegated, name).length === 0 ? 1 : 0;
  for (const from of [...labels.keys()].slice(own)) {
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
 * none. node:dns cannot ask for them. Rejects when nobody answers.
 * @param server host:port of a resolver, for where the parent zone's own servers are out of reach; default: the system's first
 */
export async function delegationSignersOf(name: string, server = getServers()[0] ?? "127.0.0.1"): Promise<string[]> {
  const above = await aboveOf(name, "DS", resolverAt(server));
  for (let tried = 1; ; tried++) {
    try {
      const { answers = [] } = above ?? (await ask(name, "DS", server, RECURSION_DESIRED));
      return answers.flatMap((each) => (each.type === "DS" ? [textOf(each.data)] : []));
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

function ask(name: string, type: "NS" | "DS", server: string, flags: number): Promise<DecodedPacket> {
  const { host, port } = endOf(server);
  const id = randomInt(65_536);
  const query = encode({ type: "query", id, flags, questions: [{ type, name }] });
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const end = (finish: () => void) => {
      clearTimeout(timer);
      socket.close();
      finish();
    };
    const late = () => end(() => reject(new Error(`${server} does not say which ${type} records ${name} has`)));
    const timer = setTimeout(late, PATIENCE_MILLISECONDS);
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("message", (message) => {
      try {
        const answer = decode(message);
        if (answer.id !== id) return;
        const code: unknown = Reflect.get(answer, "rcode");
        if (code !== "NOERROR" && code !== "NXDOMAIN")
          return end(() => reject(new Error(`${server} answers ${code} to the ${type} records of ${name}`)));
        end(() => resolve(answer));
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

type Environment = Readonly<Record<string, string | undefined>>;

/** Understood by Node's gRPC, Go, Python and curl, each of another part. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "127.0.0.0/8"];
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const EXCEPTIONS = ["no_proxy", "NO_PROXY"];

/**
 * What an environment needs so that nothing on this machine is asked through a proxy, by us, the engine or what it
 * starts: `no_proxy` in both spellings, each of the listed hosts without blanks. Empty where there is no proxy.
 */
export function directToLoopback(env: Environment): Readonly<Record<string, string>> {
  if (!PROXIES.some((name) => env[name])) return {};
  const value = exceptionsIn(env).join(",");
  const own = env.no_grpc_proxy
    ? { no_grpc_proxy: [...new Set([...env.no_grpc_proxy.split(/[,\s]+/), ...LOOPBACK])].join(",") }
    : {};
  return { no_proxy: value, NO_PROXY: value, ...own };
}

function exceptionsIn(env: Environment): string[] {
  const given = EXCEPTIONS.flatMap((name) => (env[name] ?? "").split(/[,\s]+/)).filter((host) => host !== "");
  return [...new Set([...given, ...LOOPBACK])];
}

/** A proxy of the environment, and the variable that names it. */
interface NamedProxy {
  readonly name: string;
  readonly url: URL;
}

/** The environment's proxies for what is not on this machine. */
interface Proxies {
  /** Sends through a proxy what is neither on this machine, nor excepted by `no_proxy`, nor `isOwn`. */
  through(isOwn: (host: string) => boolean): Dispatcher.DispatcherComposeInterceptor;
  close(): Promise<void>;
}

/**
 * The proxies of `http_proxy`, `https_proxy` and, where it speaks HTTP, `all_proxy`, the lower-case spelling first, as curl
 * reads them; undefined where there is none. Throws SPARKI_USAGE for one that cannot be used.
 */
function proxiesOf(env: Environment): Proxies | undefined {
  const all = proxyIn(env, "all_proxy", { isOptional: true });
  const named = { "http:": proxyIn(env, "http_proxy") ?? all, "https:": proxyIn(env, "https_proxy") ?? all };
  if (named["http:"] === undefined && named["https:"] === undefined) return undefined;
  const exceptions = exceptionsIn(env).map(exceptionOf);
  const agents = new Map<NamedProxy, ProxyAgent>();
  for (const proxy of Object.values(named))
    if (proxy !== undefined && !agents.has(proxy)) agents.set(proxy, new ProxyAgent(proxy.url.href));
  return {
    through: (isOwn) => (dispatch) => (options, handler) => {
      const { protocol, hostname, port } = new URL(options.origin ?? "http://localhost");
      const proxy = protocol === "https:" ? named["https:"] : named["http:"];
      const agent = proxy && agents.get(proxy);
      if (proxy === undefined || agent === undefined || isOwn(hostname)) return dispatch(options, handler);
      const host = plainHost(hostname);
      const isDirect = exceptions.some((excepts) => excepts(host, port || (protocol === "https:" ? "443" : "80")));
      return isDirect ? dispatch(options, handler) : agent.dispatch(options, naming(proxy, handler));
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
    },
  };
}

const EXPECTED =
  "the address of an HTTP proxy, such as http://proxy.example.com:3128, or http://user:p%40ss@... with a user";

function proxyIn(env: Environment, lower: string, { isOptional = false } = {}): NamedProxy | undefined {
  const name = env[lower] ? lower : lower.toUpperCase();
  const text = env[name]?.trim();
  if (!text) return undefined;
  // curl and Go take an address without a scheme.
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  const hasPath = url !== null && /^https?:$/.test(url.protocol) && `${url.pathname}${url.search}${url.hash}` !== "/";
  const isHttp = url !== null && /^https?:$/.test(url.protocol) && isDecodable(`${url.username}${url.password}`);
  if (isHttp && !hasPath) return { name, url };
  if (isOptional) return undefined;
  // What is no address may be a password.
  const told = hasPath ? "an address with a path" : `${url?.protocol}//${url?.host}`;
  const found = url === null ? "something that is not an address" : told;
  throw new DeployError("SPARKI_USAGE", `${name} is ${found}; expected ${EXPECTED}`, {
    hint: `set ${name} to such an address (a % in a password is written %25), or unset it`,
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

type Exception = (host: string, port: string) => boolean;

/** What an entry of `no_proxy` excepts: all, a name with those below it, an address or a network; of any port, or of one. */
function exceptionOf(entry: string): Exception {
  if (entry === "*") return () => true;
  const network = networkOf(entry);
  if (network !== undefined) return (host) => isIn(host, network);
  const [, name = "", port] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const excepted = plainHost(name.replace(/^\*?\./, ""));
  if (excepted === "") return () => false;
  const isExcepted = ipaddr.isValid(excepted)
    ? (host: string) => isIn(host, [ipaddr.process(excepted), ipaddr.process(excepted).kind() === "ipv4" ? 32 : 128])
    : (host: string) => host === excepted || host.endsWith(`.${excepted}`);
  return (host, asked) => isExcepted(host) && (port === undefined || port === asked);
}

type IpNetwork = [ipaddr.IPv4 | ipaddr.IPv6, number];

function networkOf(entry: string): IpNetwork | undefined {
  return ipaddr.isValidCIDR(entry) ? ipaddr.parseCIDR(entry) : undefined;
}

function isIn(host: string, [address, length]: IpNetwork): boolean {
  if (!ipaddr.isValid(host)) return false;
  const asked = ipaddr.process(host);
  return asked.kind() === address.kind() && asked.match(address, length);
}

/** A host as it is compared: without the brackets of an IPv6 address and the dot of a name's root. */
function plainHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  // An address of the web has the letters of other scripts in ASCII.
  return /[^ -~]/.test(plain) ? domainToASCII(plain) : plain;
}

/** Failures that are of the way to the proxy itself. */
const UNANSWERED =
  /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;

/** Says of a failure that it is the proxy's: who reads of it is not to look for it at the server. */
function naming(proxy: NamedProxy, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...given) => handler.onRequestStart?.(...given),
    onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
    onResponseStart: (...given) => handler.onResponseStart?.(...given),
    onResponseData: (...given) => handler.onResponseData?.(...given),
    onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
    onResponseError: (controller, error) =>
      handler.onResponseError?.(controller, new Error(failureOf(proxy, error), { cause: error })),
  };
}

function failureOf({ name, url }: NamedProxy, error: Error & { readonly code?: unknown }): string {
  const who = `the proxy ${url.host} (${name})`;
  const status = /Proxy response \((\d+)\)/.exec(error.message)?.[1];
  if (status === "407") return `${who} answered 407: it requires a user and a password in ${name}`;
  if (status !== undefined) return `${who} answered ${status}`;
  if (UNANSWERED.test(String(error.code))) return `${who} does not answer: ${coded(error)}`;
  return `through ${who}: ${coded(error)}`;
}
