import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import { isLoopback } from "./rehearsal-variables.ts";

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
  const given = EXCEPTIONS.flatMap((name) => (env[name] ?? "").split(/[,\s]+/)).filter((host) => host !== "");
  const value = [...new Set([...given, ...LOOPBACK])].join(",");
  const own = env.no_grpc_proxy
    ? { no_grpc_proxy: [...new Set([...env.no_grpc_proxy.split(/[,\s]+/), ...LOOPBACK])].join(",") }
    : {};
  return { no_proxy: value, NO_PROXY: value, ...own };
}

/** The environment's proxy for what is not on this machine; undefined where there is none. */
export function proxyOf(env: Environment): Dispatcher | undefined {
  const [http, https] = [env.http_proxy || env.HTTP_PROXY, env.https_proxy || env.HTTPS_PROXY];
  if (!http && !https) return undefined;
  const { no_proxy: noProxy = "" } = directToLoopback(env);
  return new EnvHttpProxyAgent({ httpProxy: http ?? "", httpsProxy: https ?? "", noProxy });
}

/** Sends through the proxy what is neither on this machine nor stood in for. */
export function through(proxy: Dispatcher, isOwn: (host: string) => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const host = options.origin === undefined ? "localhost" : new URL(options.origin).hostname;
    return isLoopback(host) || isOwn(host) ? dispatch(options, handler) : proxy.dispatch(options, handler);
  };
}
