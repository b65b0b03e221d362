import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as open } from "node:https";
import { join } from "node:path";
import { Agent, request } from "undici";
import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { TOKEN_HEADER } from "../../shared/rehearsal-access.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import { namespaceOf, SERVICE_NAMES } from "../../stacks/services.ts";
import { answerOwnUser, type End } from "../../tools/callers.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import { pacedSeconds } from "../alert-pace.ts";
import type { CertificateAuthority, IssuedCertificate } from "../certificates.ts";
import { NotFound, refusalOf, tokenFileIn, Unavailable } from "../control.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import type { ClusterAccess } from "../services.ts";
import { waitFor, waitForHttp } from "../waiting.ts";
import type { Tools } from "./cache.ts";

export interface PrometheusOptions {
  /** The name of the stack that is rehearsed. */
  readonly stack: string;
  readonly runDirectory: string;
  readonly addresses: Addresses;
  readonly tools: Tools;
  readonly processes: Processes;
  readonly authority: CertificateAuthority;
  /** What its front asks of who asks it. */
  readonly token: string;
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
}

/** Groups of rules as Prometheus reads them, by the name of the file that they come in. */
export type RuleFiles = ReadonlyMap<string, readonly unknown[]>;

export interface RunningPrometheus {
  readonly url: string;
  /** Goes over to this cluster's pods; what was scraped before stays. */
  watch(access: ClusterAccess | undefined): Promise<void>;
  /** Evaluates these rules, and no others. */
  evaluate(rules: RuleFiles): Promise<void>;
  /** The names of the pods whose last scrape succeeded. */
  scraped(): Promise<ReadonlySet<string>>;
  stop(): Promise<void>;
}

const READY_LIMIT_SECONDS = 300;

/** Prometheus's own default. */
const RESEND_SECONDS = 60;
/** How often CloudWatch has a new value; here at least as often as the cluster is asked for its own. */
const CLOUDWATCH_SECONDS = 60;
/** The cluster's objects change in real time. */
const CLUSTER_SECONDS = 2;

/** A garbage collector that keeps a small server small; a rehearsal has a few dozen targets. */
const PROMETHEUS_ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "128MiB" };

/**
 * Starts the real Prometheus, over the cluster's pods or, while there is no cluster, over nothing; a new pod is scraped
 * within about six seconds of running.
 */
export async function startPrometheus(options: PrometheusOptions, access?: ClusterAccess): Promise<RunningPrometheus> {
  const { runDirectory, addresses, tools, processes, authority, token, timeScale } = options;
  const { prometheus: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no prometheus among the tools");
  const folder = join(runDirectory, "prometheus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = writeConfig(folder, access, options);
  const behind = { address: addresses.metrics, port: PORTS.prometheus };
  const client = await authority.issue({ commonName: "prometheus-client", usages: ["client"] });
  const webFile = await issueWebFiles({ folder, name: "prometheus", address: behind.address, authority, client });
  const resendSeconds = pacedSeconds(RESEND_SECONDS, timeScale);
  const data = join(folder, "data");
  const args = argumentsOf({ configFile, webFile, data, listen: textOf(behind), resendSeconds });
  const handle = await processes.start({ name: "prometheus", command, args, cwd: folder, env: PROMETHEUS_ENVIRONMENT });
  const own = `https://${textOf(behind)}`;
  const secured = { ca: authority.pem, cert: client.certificatePem, key: client.keyPem };
  await waitForHttp(`${own}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle, ...secured });
  const listen = { address: addresses.prometheus, port: PORTS.prometheus };
  const front = await serveFront({ token, listen, behind, authorityPem: authority.pem, client });
  const agent = new Agent({ connect: secured });
  const server: Reloadable = {
    ...{ title: "Prometheus", prefix: "prometheus", handle, metricsUrl: `${own}/metrics`, agent },
  };
  let last = Promise.resolve();
  const changed = (write: () => void) => {
    // One after the other: how a reload went is told of the last one only.
    last = last.catch(() => undefined).then(() => reload(server, write));
    return last;
  };
  return {
    url: `http://${textOf(listen)}`,
    watch: (cluster) => changed(() => void writeConfig(folder, cluster, options)),
    evaluate: (rules) => changed(() => writeRules(folder, rules)),
    scraped: () => scrapedAt(`${own}/api/v1/targets?state=active`, agent),
    stop: async () => {
      await front.close();
      await agent.destroy();
      await handle.stop();
    },
  };
}

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ health: z.string(), labels: z.object({ pod: z.string().optional() }) })),
  }),
});

async function scrapedAt(url: string, dispatcher: Agent): Promise<ReadonlySet<string>> {
  const { body } = await request(url, { dispatcher });
  const { data } = targetsSchema.parse(await body.json());
  return new Set(
    data.activeTargets.flatMap(({ health, labels }) => (health === "up" && labels.pod ? [labels.pod] : [])),
  );
}

function textOf({ address, port }: End): string {
  return `${address}:${port}`;
}

function writeRules(folder: string, rules: RuleFiles): void {
  rmSync(join(folder, "rules"), { recursive: true, force: true });
  mkdirSync(join(folder, "rules"), { mode: 0o700 });
  for (const [name, groups] of rules) writeFileSync(join(folder, "rules", `${name}.yaml`), yamlText({ groups }));
}

/** The path of the configuration that it writes, with the files which that names. */
function writeConfig(
  folder: string,
  access: ClusterAccess | undefined,
  { stack, addresses, runDirectory, timeScale }: PrometheusOptions,
): string {
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  if (access === undefined) return file("prometheus.yaml", idleConfig());
  const authorityFile = file("kubernetes-ca.pem", access.certificateAuthorityPem);
  const tokenFile = file("kubernetes-token", access.token);
  const { endpoint } = access;
  const ruleFiles = [join(folder, "rules", "*.yaml")];
  const exporter = {
    ...{ target: `${addresses.control}:${PORTS.control}`, tokenFile: tokenFileIn(runDirectory) },
    everySeconds: pacedSeconds(CLOUDWATCH_SECONDS, timeScale, CLUSTER_SECONDS),
  };
  const alertmanager = { target: `${addresses.metrics}:${PORTS.alertmanager}`, ...webConfig(folder).client };
  const { slot } = addresses;
  const sources = { endpoint, authorityFile, tokenFile, slot, stack, ruleFiles, exporter, alertmanager };
  return file("prometheus.yaml", prometheusConfig(sources));
}

interface Arguments {
  readonly configFile: string;
  readonly webFile: string;
  readonly data: string;
  readonly listen: string;
  /** How often a firing alert is sent again; Alertmanager takes it for firing four times as long. */
  readonly resendSeconds: number;
}

function argumentsOf({ configFile, webFile, data, listen, resendSeconds }: Arguments): readonly string[] {
  return [
    `--config.file=${configFile}`,
    `--web.config.file=${webFile}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.no-lockfile",
    `--web.listen-address=${listen}`,
    // Its default adds up to 5 s to the same again in discovery, which has no setting.
    "--scrape.discovery-reload-interval=200ms",
    `--rules.alert.resend-delay=${Math.round(resendSeconds * 1000)}ms`,
    "--log.level=warn",
  ];
}

interface PrometheusSources {
  /** The API server's URL. */
  readonly endpoint: string;
  readonly authorityFile: string;
  readonly tokenFile: string;
  /** The run's slot: pods listen in 127.<slot>.0.0/16. */
  readonly slot: number;
  /** Every series is labelled with it, as the PodMonitors of the monitoring chart do. */
  readonly stack: string;
  readonly ruleFiles: readonly string[];
  /** What tells of the cluster's objects and of AWS, to who has the token in the file. */
  readonly exporter: { readonly target: string; readonly tokenFile: string; readonly everySeconds: number };
  /** Who is sent the alerts, and the certificate for it. */
  readonly alertmanager: {
    readonly target: string;
    readonly ca_file: string;
    readonly cert_file: string;
    readonly key_file: string;
  };
}

const APPLICATIONS = SERVICE_NAMES.map(namespaceOf);

const PACE = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" };

/** Prometheus' configuration while there is no cluster to watch. */
function idleConfig(): string {
  return yamlText({ global: PACE });
}

/** Prometheus' configuration: every running pod of the applications, found through the Kubernetes API, scraped each second. */
export function prometheusConfig(sources: PrometheusSources): string {
  return yamlText({
    global: PACE,
    rule_files: sources.ruleFiles,
    alerting: { alertmanagers: [alertmanagerOf(sources)] },
    scrape_configs: [
      { job_name: "pods", kubernetes_sd_configs: [discovery(sources)], relabel_configs: relabelling(sources) },
      ...exporters(sources),
    ],
  });
}

function alertmanagerOf({ alertmanager: { target, ...tls_config } }: PrometheusSources) {
  return { scheme: "https", tls_config, static_configs: [{ targets: [target] }] };
}

/** What kube-state-metrics and the CloudWatch exporter are in production, each as often as it has something new. */
function exporters({ exporter: { target, tokenFile, everySeconds } }: PrometheusSources) {
  const job = (name: string, seconds: number) => {
    const scrape_interval = `${Math.round(seconds * 1000)}ms`;
    const http_headers = { [TOKEN_HEADER]: { files: [tokenFile] } };
    const own = { job_name: name, metrics_path: `/metrics/${name}`, honor_labels: true };
    return {
      ...own,
      scrape_interval,
      scrape_timeout: scrape_interval,
      http_headers,
      static_configs: [{ targets: [target] }],
    };
  };
  return [job("cluster", CLUSTER_SECONDS), job("cloud", everySeconds)];
}

function discovery({ endpoint, authorityFile, tokenFile }: PrometheusSources) {
  return {
    role: "pod",
    api_server: endpoint,
    authorization: { credentials_file: tokenFile },
    tls_config: { ca_file: authorityFile },
    selectors: [{ role: "pod", label: `app.kubernetes.io/name in (${APPLICATIONS.join(",")})` }],
  };
}

function relabelling({ slot, stack }: PrometheusSources) {
  const pod = "__meta_kubernetes_pod";
  const take = (source: string, label: string) => ({ source_labels: [`${pod}_${source}`], target_label: label });
  return [
    { action: "keep", source_labels: [`${pod}_container_port_name`], regex: "http" },
    { action: "keep", source_labels: [`${pod}_phase`], regex: "Running" },
    // The API shows a pod at 10.x.y.z; its process listens on the slot's network.
    {
      source_labels: ["__address__"],
      regex: String.raw`\d+\.\d+\.(\d+)\.(\d+):(\d+)`,
      target_label: "__address__",
      replacement: `127.${slot}.$1.$2:$3`,
    },
    { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
    take("name", "pod"),
    take("label_sparki_tools_track", "track"),
    take("label_sparki_tools_release", "release"),
    { target_label: "stack", replacement: stack },
  ];
}

interface FrontOptions {
  readonly token: string;
  readonly listen: End;
  /** Prometheus itself, which answers nobody without a certificate of the run's authority. */
  readonly behind: End;
  readonly authorityPem: string;
  readonly client: IssuedCertificate;
}

const METHODS = ["GET", "HEAD"] as const;

/** Prometheus as the rehearsal's own commands see it: only questions, and only with the run's token. */
async function serveFront(options: FrontOptions): Promise<{ close(): Promise<void> }> {
  const { token, listen, authorityPem: ca, client } = options;
  const agent = new HttpsAgent({ keepAlive: true, ca, cert: client.certificatePem, key: client.keyPem });
  const expected = { token, host: `${listen.address}:${listen.port}`, methods: METHODS };
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, expected);
    if (refusal === undefined) pass(request, response, options.behind, agent);
    else response.writeHead(refusal.status, { "content-type": "text/plain" }).end(`${refusal.message}\n`);
  });
  // As the control API's: no client asks on a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  answerOwnUser(server);
  server.listen(listen.port, listen.address);
  await once(server, "listening");
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    agent.destroy();
    await closed;
  };
  return { close };
}

function pass(request: IncomingMessage, response: ServerResponse, { address, port }: End, agent: HttpsAgent): void {
  const { method, url: path } = request;
  const upstream = open({ host: address, port, agent, method, path });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "text/plain" });
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.once("error", (error) => {
    if (response.headersSent) response.destroy();
    else
      response.writeHead(502, { "content-type": "text/plain" }).end(`Prometheus does not answer: ${error.message}\n`);
  });
  response.once("close", () => upstream.destroy());
  upstream.end();
}

const LIMIT_SECONDS = 300;

/** A server of Prometheus's family: it reads its files again at SIGHUP, and counts how that went. */
export interface Reloadable {
  /** What messages call it. */
  readonly title: string;
  /** What the names of its own metrics begin with. */
  readonly prefix: "prometheus" | "alertmanager";
  readonly handle: ProcessHandle;
  /** Of its own metrics. */
  readonly metricsUrl: string;
  readonly agent: Agent;
}

/**
 * Lets it read its files again after `write` has changed them, and waits until it has: by a signal, because its HTTP API
 * for that is open to all. Rejects when it refuses them, and then it goes on with those from before.
 */
export async function reload(server: Reloadable, write: () => void): Promise<void> {
  const { title, handle } = server;
  const before = await reloadsOf(server);
  write();
  handle.signal("SIGHUP");
  const isOver = async () => {
    const now = await reloadsOf(server);
    if (now.failed && !before.failed) throw refused(title, handle);
    return now.at !== before.at;
  };
  await waitFor(`${title} with its new settings`, isOver, { limitSeconds: LIMIT_SECONDS, process: handle });
}

function refused(title: string, { logFile }: ProcessHandle): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${title} refused its new settings`, { hint: `see ${logFile}` });
}

interface Reloads {
  readonly failed: boolean;
  /** When the last one succeeded. */
  readonly at: string | undefined;
}

async function reloadsOf({ prefix, metricsUrl, agent }: Reloadable): Promise<Reloads> {
  const answer = await request(metricsUrl, { dispatcher: agent });
  const text = await answer.body.text();
  const value = (name: string) => new RegExp(`^${prefix}_config_last_reload_${name} (.+)$`, "m").exec(text)?.[1];
  return { failed: value("successful") === "0", at: value("success_timestamp_seconds") };
}

interface WebFiles {
  /** Where the server keeps its files. */
  readonly folder: string;
  readonly name: string;
  readonly address: string;
  readonly authority: CertificateAuthority;
  /** What it shows of itself where it asks others. */
  readonly client: IssuedCertificate;
}

/** Where the files are by which a server of Prometheus's family is asked, and asks. */
function webConfig(folder: string) {
  const file = (name: string) => join(folder, name);
  return {
    file: file("web.yaml"),
    server: { cert_file: file("web.crt"), key_file: file("web.key"), client_ca_file: file("web-ca.pem") },
    client: { ca_file: file("web-ca.pem"), cert_file: file("client.crt"), key_file: file("client.key") },
  };
}

/**
 * Writes down who may ask a server of Prometheus's family: over TLS, and only those with a client's certificate of the
 * run's authority; answers with the path of that configuration.
 */
export async function issueWebFiles({ folder, name, address, authority, client }: WebFiles): Promise<string> {
  const issued = await authority.issue({ commonName: name, addresses: [address] });
  const { file, server, client: own } = webConfig(folder);
  const texts = {
    [server.cert_file]: issued.certificatePem,
    [server.key_file]: issued.keyPem,
    [server.client_ca_file]: authority.pem,
    [own.cert_file]: client.certificatePem,
    [own.key_file]: client.keyPem,
    [file]: yamlText({ tls_server_config: { ...server, client_auth_type: "RequireAndVerifyClientCert" } }),
  };
  for (const [path, text] of Object.entries(texts)) writeFileSync(path, text, { mode: 0o600 });
  return file;
}

interface AlertmanagerOptions {
  readonly runDirectory: string;
  readonly addresses: Pick<Addresses, "metrics">;
  readonly tools: Tools;
  readonly processes: Processes;
  readonly authority: CertificateAuthority;
}

/** A configuration as Alertmanager reads it. */
export type AlertmanagerSettings = Readonly<Record<string, unknown>>;

export interface RunningAlertmanager {
  /** Goes over to this configuration; rejects where Alertmanager does not take it, and then keeps the one before. */
  use(settings: AlertmanagerSettings): Promise<void>;
  /** What its API answers; throws NotFound, Unavailable or what it says is wrong with the request. */
  ask(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** A garbage collector that keeps a small server small. */
const ALERTMANAGER_ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "64MiB" };

/** Starts the real Alertmanager; what it knew in an earlier run of the same directory, such as silences, it still knows. */
export async function startAlertmanager(
  options: AlertmanagerOptions,
  settings: AlertmanagerSettings,
): Promise<RunningAlertmanager> {
  const { runDirectory, addresses, tools, processes, authority } = options;
  const { alertmanager: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no alertmanager among the tools");
  const folder = join(runDirectory, "alertmanager");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = join(folder, "alertmanager.yaml");
  // It holds the keys of those who are told.
  const write = (given: AlertmanagerSettings) => writeFileSync(configFile, yamlText(given), { mode: 0o600 });
  write(settings);
  const client = await authority.issue({ commonName: "alertmanager-client", usages: ["client"] });
  const address = addresses.metrics;
  const webFile = await issueWebFiles({ folder, name: "alertmanager", address, authority, client });
  const listen = `${address}:${PORTS.alertmanager}`;
  const args = [
    `--config.file=${configFile}`,
    `--web.config.file=${webFile}`,
    `--storage.path=${join(folder, "data")}`,
    `--web.listen-address=${listen}`,
    // Alone: no gossip with others, for which it would wait before it tells anybody.
    "--cluster.listen-address=",
    "--log.level=warn",
  ];
  const handle = await processes.start({
    name: "alertmanager",
    command,
    args,
    cwd: folder,
    env: ALERTMANAGER_ENVIRONMENT,
  });
  const url = `https://${listen}`;
  const secured = { ca: authority.pem, cert: client.certificatePem, key: client.keyPem };
  await waitForHttp(`${url}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle, ...secured });
  const agent = new Agent({ connect: secured });
  const server: Reloadable = {
    ...{ title: "Alertmanager", prefix: "alertmanager", handle, metricsUrl: `${url}/metrics`, agent },
  };
  let last = Promise.resolve();
  return {
    use: (given) => {
      // One after the other: how a reload went is told of the last one only.
      last = last.catch(() => undefined).then(() => reload(server, () => write(given)));
      return last;
    },
    ask: (method, path, body) => asked(`${url}${path}`, { method, body, dispatcher: agent }),
    stop: async () => {
      await agent.destroy();
      await handle.stop();
    },
  };
}

interface Asked {
  readonly method: "GET" | "POST" | "DELETE";
  readonly body: unknown;
  readonly dispatcher: Agent;
}

async function asked(url: string, { method, body, dispatcher }: Asked): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const answer = await request(url, {
    ...{ method, dispatcher },
    ...(body !== undefined && { headers, body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new Unavailable("Alertmanager does not answer", { cause });
  });
  const text = await answer.body.text();
  if (answer.statusCode === 404) throw new NotFound(`Alertmanager: ${text}`);
  if (answer.statusCode >= 500) throw new Unavailable(`Alertmanager answered ${answer.statusCode}: ${text}`);
  if (answer.statusCode >= 400) throw new Error(`Alertmanager refuses it: ${text}`);
  const isJson = `${answer.headers["content-type"]}`.startsWith("application/json");
  return isJson && text !== "" ? JSON.parse(text) : {};
}
