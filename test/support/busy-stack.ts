import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { serveHttp } from "./http-server.ts";

/** How a busy release behaves. */
export interface Behaviour {
  /** The proportion of users' requests that are answered with 500. */
  readonly badRatio: number;
  /** ERROR lines among each pod's newest 2,000. */
  readonly errorLinesAPod: number;
}

/** What was asked of the servers. */
export interface Asked {
  /** Of Prometheus. */
  queries: number;
  /** Of the Kubernetes API, logs left out. */
  objects: number;
  logs: number;
  /** That were sent. */
  bytes: number;
}

export interface BusyStack {
  readonly kubeconfig: string;
  readonly prometheusUrl: string;
  readonly asked: Asked;
  close(): Promise<void>;
}

export const PODS = 40;
const REQUESTS_A_SECOND = 1_000;
const LINES_A_POD = 2_000;
const ROUTES = ["/", "/health", "/api/projects", "/api/projects/:id", "/api/cache/health", "/a", "/b", "/c"];
const BOUNDS = ["0.1", "1.0", "5.0", "+Inf"];
const SCRAPE_SECONDS = 15;
const DAY = 86_400;
const ADDRESS = "127.0.0.1";

/**
 * A Kubernetes API and a Prometheus that tell of a fleet of 40 pods and of 1,000 users' requests a second, for as long as
 * anybody asks: every pod is ready, and its log is as long as is read of one.
 */
export async function serveBusyStack(image: string, release: string, behaviour: Behaviour): Promise<BusyStack> {
  const asked: Asked = { queries: 0, objects: 0, logs: 0, bytes: 0 };
  const log = logOf(behaviour);
  const send = (response: ServerResponse, text: string, status = 200) => {
    asked.bytes += text.length;
    response.writeHead(status, { "content-type": text.startsWith("{") ? "application/json" : "text/plain" }).end(text);
  };
  const prometheus = await serveHttp(({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://busy.invalid");
    asked.queries++;
    const isRange = pathname.endsWith("_range");
    send(response, isRange ? growth(searchParams, behaviour) : series(searchParams, release, behaviour));
  });
  const folder = mkdtempSync(join(tmpdir(), "sparki-busy-"));
  const authority = await CertificateAuthority.open(folder);
  const { certificatePem: cert, keyPem: key } = await authority.issue({ commonName: "busy", addresses: [ADDRESS] });
  const api = createServer({ cert, key }, ({ url = "" }, response) => {
    const { pathname } = new URL(url, "http://busy.invalid");
    const isLog = pathname.endsWith("/log");
    asked[isLog ? "logs" : "objects"]++;
    const found = isLog ? undefined : objects(pathname, image, release);
    if (isLog) send(response, `\n${log}`);
    else
      send(response, JSON.stringify(found ?? { kind: "Status", status: "Failure" }), found === undefined ? 404 : 200);
  });
  await once(api.listen(0, ADDRESS), "listening");
  const address = api.address();
  const server = `https://${ADDRESS}:${typeof address === "object" ? address?.port : 0}`;
  const named = (name: string, more: object) => [{ name, ...more }];
  const trusted = { "certificate-authority-data": Buffer.from(authority.pem).toString("base64") };
  const kubeconfig = JSON.stringify({
    "current-context": "busy",
    clusters: named("busy", { cluster: { server, ...trusted } }),
    users: named("busy", { user: { token: "t" } }),
    contexts: named("busy", { context: { cluster: "busy", user: "busy" } }),
  });
  const close = async () => {
    api.closeAllConnections();
    await Promise.all([prometheus.close(), new Promise((closed) => api.close(closed))]);
    rmSync(folder, { recursive: true });
  };
  return { kubeconfig, prometheusUrl: prometheus.url.replace(/\/$/, ""), asked, close };
}

/** The newest lines of a pod that serves: one a request, and its errors in between. */
function logOf({ errorLinesAPod }: Behaviour): string {
  const now = Date.now();
  const every = errorLinesAPod === 0 ? Number.POSITIVE_INFINITY : Math.floor(LINES_A_POD / errorLinesAPod);
  const lines = Array.from({ length: LINES_A_POD }, (_, index) => {
    const ts = new Date(now - (LINES_A_POD - index) * 40).toISOString();
    const isError = index % every === every - 1;
    const msg = isError ? `TypeError: cannot read properties of undefined, request ${index}` : "answered";
    const route = ROUTES[index % ROUTES.length];
    return JSON.stringify({
      ts,
      level: isError ? "ERROR" : "INFO",
      msg,
      route,
      status: isError ? 500 : 200,
      duration_ms: 12,
    });
  });
  return `${lines.join("\n")}\n`;
}

function objects(path: string, image: string, release: string): object | undefined {
  const [, namespace, kind] = /\/namespaces\/([^/]+)\/(\w+)$/.exec(path) ?? [];
  const isEngine = namespace === "sparki-engine";
  const items = isEngine ? itemsOf(kind, image, release) : [];
  const lists: Readonly<Record<string, string>> = {
    ...{ pods: "PodList", deployments: "DeploymentList", replicasets: "ReplicaSetList", events: "EventList" },
  };
  const list = lists[kind ?? ""];
  return list === undefined || path.includes("metrics.k8s.io") ? undefined : { kind: list, metadata: {}, items };
}

function itemsOf(kind: string | undefined, image: string, release: string): object[] {
  const labels = { "pod-template-hash": "h", "sparki.tools/release": release };
  const metadata = { annotations: { "deployment.kubernetes.io/revision": "1" }, labels, generation: 1 };
  if (kind === "replicasets") return [{ metadata: { name: "engine-fleet-h", ...metadata } }];
  if (kind === "deployments") {
    const counted = { observedGeneration: 1, updatedReplicas: PODS, availableReplicas: PODS, replicas: PODS };
    const spec = { replicas: PODS, template: { metadata: { labels } } };
    return [{ metadata: { name: "engine-fleet", ...metadata }, spec, status: counted }];
  }
  if (kind !== "pods") return [];
  return Array.from({ length: PODS }, (_, index) => ({
    metadata: { name: `engine-fleet-h-${index}`, namespace: "sparki-engine", labels },
    spec: { containers: [{ name: "engine", resources: { limits: { cpu: "1", memory: "1Gi" } } }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "engine", restartCount: 0, image, imageID: image, state: { running: {} } }],
    },
  }));
}

/** What an instant query answers. */
function series(parameters: URLSearchParams, release: string, { badRatio }: Behaviour): string {
  const query = parameters.get("query") ?? "";
  const at = Number(parameters.get("time") ?? Date.now() / 1000);
  const window = Number(/\[(\d+)s[:\]]/.exec(query)?.[1] ?? 0);
  if (query.startsWith("min_over_time(timestamp(")) return vector([[{}, at, at - window]]);
  if (query.startsWith("max by (namespace, pod)")) return vector(pods(release).map((labels) => [labels, at, 1]));
  if (query.startsWith("count by (le)")) return vector(BOUNDS.map((le) => [{ le }, at, PODS]));
  if (query.startsWith("(sum by (namespace, route)")) return vector(byRoute().map((labels) => [labels, at, badRatio]));
  if (query.startsWith("clamp_min(1 - sum by (namespace, route)"))
    return vector(byRoute().map((labels) => [labels, at, 0]));
  if (!/^(up|http_\w+)\{/.test(query) || window === 0) return vector([]);
  if (query.includes('synthetic="true"')) return matrix([]);
  const times = timesIn(at - window, at);
  const each = (labels: object, rate: number) => {
    const values = times.map(
      (time) => `[${time},"${rate === 0 ? 0 : rate < 0 ? 1 : Math.floor(rate * (time % (30 * DAY)))}"]`,
    );
    return `{"metric":${JSON.stringify(labels)},"values":[${values.join(",")}]}`;
  };
  if (query.startsWith("up{")) return matrix(pods(release).map((labels) => each(labels, -1)));
  const rate = REQUESTS_A_SECOND / PODS / ROUTES.length;
  const isCounter = query.startsWith("http_requests_total");
  const shares: readonly (readonly [labels: object, rate: number])[] = isCounter
    ? [
        [{ status: "200" }, rate * (1 - badRatio)],
        [{ status: "500" }, rate * badRatio],
      ]
    : BOUNDS.map((le) => [{ le }, rate]);
  return matrix(
    pods(release).flatMap((labels) =>
      ROUTES.flatMap((route) =>
        shares.map(([more, own]) => each({ ...labels, synthetic: "false", route, ...more }, own)),
      ),
    ),
  );
}

/** What Prometheus adds up itself, step by step. */
function growth(parameters: URLSearchParams, { badRatio }: Behaviour): string {
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(parameters.get(name)));
  if (start === undefined || end === undefined || step === undefined) return matrix([]);
  const isCounter = parameters.get("query")?.startsWith("sum by (status)") === true;
  const shares: readonly (readonly [labels: object, rate: number])[] = isCounter
    ? [
        [{ status: "200" }, 1 - badRatio],
        [{ status: "500" }, badRatio],
      ]
    : BOUNDS.map((le) => [{ le }, 1]);
  const times = Array.from({ length: Math.floor((end - start) / step + 1.001) }, (_, index) => start + index * step);
  return matrix(
    shares.map(([labels, share]) => {
      const value = Math.floor(REQUESTS_A_SECOND * share * step);
      return `{"metric":${JSON.stringify(labels)},"values":[${times.map((time) => `[${time},"${value}"]`).join(",")}]}`;
    }),
  );
}

function pods(release: string): object[] {
  const own = { namespace: "sparki-engine", stack: "prod", track: "fleet", release };
  return Array.from({ length: PODS }, (_, index) => ({ ...own, pod: `engine-fleet-h-${index}` }));
}

function byRoute(): object[] {
  return ROUTES.map((route) => ({ namespace: "sparki-engine", route }));
}

function timesIn(from: number, to: number): number[] {
  const first = Math.ceil(from / SCRAPE_SECONDS) * SCRAPE_SECONDS;
  return Array.from(
    { length: Math.max(0, Math.floor((to - first) / SCRAPE_SECONDS) + 1) },
    (_, index) => first + index * SCRAPE_SECONDS,
  );
}

function vector(values: readonly (readonly [labels: object, at: number, value: number])[]): string {
  const result = values.map(([metric, at, value]) => ({ metric, value: [at, `${value}`] }));
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}

function matrix(result: readonly string[]): string {
  return `{"status":"success","data":{"resultType":"matrix","result":[${result.join(",")}]}}`;
}
