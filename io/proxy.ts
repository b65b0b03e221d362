import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { type Dispatcher, ProxyAgent } from "undici";
import { coded, DeployError } from "../shared/deploy-error.ts";

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
export interface Proxies {
  /** Sends through a proxy what is neither on this machine, nor excepted by `no_proxy`, nor `isOwn`. */
  through(isOwn: (host: string) => boolean): Dispatcher.DispatcherComposeInterceptor;
  close(): Promise<void>;
}

/**
 * The proxies of `http_proxy`, `https_proxy` and, where it speaks HTTP, `all_proxy`, the lower-case spelling first, as curl
 * reads them; undefined where there is none. Throws SPARKI_USAGE for one that cannot be used.
 */
export function proxiesOf(env: Environment): Proxies | undefined {
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
