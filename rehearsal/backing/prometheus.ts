import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as open } from "node:https";
import { join } from "node:path";
import { Agent, request } from "undici";
import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import { namespaceOf, SERVICE_NAMES } from "../../stacks/services.ts";
import type { End } from "../../tools/callers.ts";
import { answerOwnUser } from "../../tools/callers.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority, IssuedCertificate } from "../certificates.ts";
import { refusalOf } from "../private-requests.ts";
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
}

/** Groups of rules as Prometheus reads them, by the name of the file that they come in. */
export type RuleFiles = ReadonlyMap<string, readonly unknown[]>;

export interface RunningPrometheus {
  readonly url: string;
  /** Goes over to this cluster's pods; what was scraped before stays. */
  watch(access: ClusterAccess): Promise<void>;
  /** Evaluates these rules, and no others. */
  evaluate(rules: RuleFiles): Promise<void>;
  /** The names of the pods whose last scrape succeeded. */
  scraped(): Promise<ReadonlySet<string>>;
  stop(): Promise<void>;
}

const READY_LIMIT_SECONDS = 300;

/** A garbage collector that keeps a small server small; a rehearsal has a few dozen targets. */
const ENVIRONMENT = { GOGC: "50", GOMEMLIMIT: "128MiB" };

/**
 * Starts the real Prometheus, over the cluster's pods or, while there is no cluster, over nothing; a new pod is scraped
 * within about six seconds of running.
 */
export async function startPrometheus(options: PrometheusOptions, access?: ClusterAccess): Promise<RunningPrometheus> {
  const { runDirectory, addresses, tools, processes, authority, token } = options;
  const { prometheus: command } = tools;
  if (command === undefined) throw new DeployError("SPARKI_OUTSIDE", "no prometheus among the tools");
  const folder = join(runDirectory, "prometheus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const configFile = writeConfig(folder, access, options);
  const behind = { address: addresses.metrics, port: PORTS.prometheus };
  const client = await authority.issue({ commonName: "prometheus-client", usages: ["client"] });
  const webFile = await writeWebConfig(folder, behind.address, authority);
  const args = argumentsOf({ configFile, webFile, data: join(folder, "data"), listen: textOf(behind) });
  const handle = await processes.start({ name: "prometheus", command, args, cwd: folder, env: ENVIRONMENT });
  const own = `https://${textOf(behind)}`;
  const secured = { ca: authority.pem, cert: client.certificatePem, key: client.keyPem };
  await waitForHttp(`${own}/-/ready`, { limitSeconds: READY_LIMIT_SECONDS, process: handle, ...secured });
  const listen = { address: addresses.prometheus, port: PORTS.prometheus };
  const front = await serveFront({ token, listen, behind, authorityPem: authority.pem, client });
  const agent = new Agent({ connect: secured });
  let last = Promise.resolve();
  const changed = (write: () => void) => {
    // One after the other: how a reload went is told of the last one only.
    last = last.catch(() => undefined).then(() => reload(handle, () => metricsAt(`${own}/metrics`, agent), write));
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

const RELOAD_LIMIT_SECONDS = 300;

/** Lets it read its files again, and waits until it has: by a signal, because its HTTP API for that is open to all. */
async function reload(handle: ProcessHandle, metrics: () => Promise<Reloads>, write: () => void): Promise<void> {
  const before = await metrics();
  write();
  handle.signal("SIGHUP");
  const isOver = async () => {
    const now = await metrics();
    if (now.failed && !before.failed) throw refused(handle);
    return now.at !== before.at;
  };
  await waitFor("Prometheus with its new settings", isOver, { limitSeconds: RELOAD_LIMIT_SECONDS, process: handle });
}

function refused({ logFile }: ProcessHandle): DeployError {
  return new DeployError("SPARKI_OUTSIDE", "Prometheus refused its new settings", { hint: `see ${logFile}` });
}

interface Reloads {
  readonly failed: boolean;
  /** When the last one succeeded. */
  readonly at: string | undefined;
}

async function metricsAt(url: string, dispatcher: Agent): Promise<Reloads> {
  const answer = await request(url, { dispatcher });
  const text = await answer.body.text();
  const value = (name: string) => new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1];
  return {
    failed: value("prometheus_config_last_reload_successful") === "0",
    at: value("prometheus_config_last_reload_success_timestamp_seconds"),
  };
}

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ health: z.string(), labels: z.object({ pod: z.string() }) })),
  }),
});

async function scrapedAt(url: string, dispatcher: Agent): Promise<ReadonlySet<string>> {
  const { body } = await request(url, { dispatcher });
  const { data } = targetsSchema.parse(await body.json());
  return new Set(data.activeTargets.flatMap(({ health, labels }) => (health === "up" ? [labels.pod] : [])));
}

function textOf({ address, port }: End): string {
  return `${address}:${port}`;
}

/** Its own settings for who may ask: TLS, and only those with a client's certificate of the run's authority. */
async function writeWebConfig(folder: string, address: string, authority: CertificateAuthority): Promise<string> {
  const { certificatePem, keyPem } = await authority.issue({ commonName: "prometheus", addresses: [address] });
  const files = { "web.crt": certificatePem, "web.key": keyPem, "web-ca.pem": authority.pem };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const file = join(folder, "web.yaml");
  const tls = {
    cert_file: join(folder, "web.crt"),
    key_file: join(folder, "web.key"),
    client_ca_file: join(folder, "web-ca.pem"),
    client_auth_type: "RequireAndVerifyClientCert",
  };
  writeFileSync(file, yamlText({ tls_server_config: tls }), { mode: 0o600 });
  return file;
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
  { stack, addresses: { slot } }: PrometheusOptions,
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
  return file("prometheus.yaml", prometheusConfig({ endpoint, authorityFile, tokenFile, slot, stack, ruleFiles }));
}

interface Arguments {
  readonly configFile: string;
  readonly webFile: string;
  readonly data: string;
  readonly listen: string;
}

function argumentsOf({ configFile, webFile, data, listen }: Arguments): readonly string[] {
  return [
    `--config.file=${configFile}`,
    `--web.config.file=${webFile}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.no-lockfile",
    `--web.listen-address=${listen}`,
    // Its default adds up to 5 s to the same again in discovery, which has no setting.
    "--scrape.discovery-reload-interval=200ms",
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
    scrape_configs: [
      { job_name: "pods", kubernetes_sd_configs: [discovery(sources)], relabel_configs: relabelling(sources) },
    ],
  });
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
