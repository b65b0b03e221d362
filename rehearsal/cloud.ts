import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ACCESS_VARIABLE, accessSchema } from "../shared/rehearsal-access.ts";
import { type Addresses, PORTS } from "./addresses.ts";
import { Alerting } from "./alerting.ts";
import { CostExplorer, costRoutes } from "./aws/cost-explorer.ts";
import { instanceRoutes } from "./aws/instances.ts";
import { type AwsProviders, startAwsProviders } from "./aws/provider.ts";
import { queryLogList } from "./aws/services/route53-acm.ts";
import { TYPES } from "./aws/types.ts";
import { type Backing, startBacking } from "./backing/serve.ts";
import { Users } from "./backing/users.ts";
import { CertificateAuthority, openDatabaseAuthorities, writeClientAuthorities } from "./certificates.ts";
import { RehearsedClusters } from "./cluster/cluster.ts";
import type { SecretValue } from "./cluster/environment-and-volumes.ts";
import { StoredImages } from "./cluster/images.ts";
import { settled } from "./cluster/watch.ts";
import {
  askerSchema,
  claimSlot,
  heldSchema,
  imageSchema,
  NotFound,
  parsed,
  type Route,
  removalSchema,
  tokenFileIn,
  Unavailable,
  XmlDocument,
} from "./control.ts";
import { backupFacts, cacheCopyRoutes, copyRoutes } from "./copies.ts";
import { CloudMetrics, ClusterMetrics, Exporters } from "./exporters.ts";
import { applyFaults, Zones } from "./faults.ts";
import { startKubernetesProvider } from "./kubernetes/provider.ts";
import { compiledCode, Processes, startParts, type Undo } from "./processes.ts";
import { Boundaries } from "./provider/server.ts";
import type { ClusterAccess, Services } from "./services.ts";
import { Storm, stormRoutes } from "./storm.ts";
import { lastLines } from "./waiting.ts";

/** What a simulated cloud is started with. */
export interface CloudOptions {
  /** The name of the stack that is rehearsed. */
  readonly stack: string;
  /** Absolute; fresh, or that of an earlier run whose world continues. */
  readonly runDirectory: string;
  readonly projectDirectory: string;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
  readonly seed: number;
  /** The loopback network that the run's world is on already. @default any that is free */
  readonly slot?: number | undefined;
  /** The world that already exists served when it was kept, and must serve again. @default false */
  readonly isPromoted?: boolean | undefined;
  /** Absolute paths of the command-line tools by name. */
  readonly tools: Readonly<Record<string, string>>;
  /** The search path of the program's local commands. */
  readonly path: string;
  /** Providers that the engine runs itself, as plugins in its home. @default none */
  readonly real?: readonly string[] | undefined;
}

export interface Cloud {
  /** What its clients need in their environment, but for PATH and Pulumi's own settings. */
  readonly environment: Readonly<Record<string, string>>;
  /** The control API. */
  readonly url: string;
  readonly kubeconfigFile: string;
  readonly prometheusUrl: string;
  /** What each request to the control API and to Prometheus carries. */
  readonly token: string;
  /** Of its loopback network, 127.<slot>.0.0/16. */
  readonly slot: number;
  /** Ends all its processes; the world stays on disk. */
  stop(): Promise<void>;
}

/** Starts a simulated cloud on a loopback network of its own; rejects, with nothing left running, when it cannot. */
export function startCloud(options: CloudOptions): Promise<Cloud> {
  return startParts((undo) => start(options, undo));
}

async function start(options: CloudOptions, undo: Undo): Promise<Omit<Cloud, "stop">> {
  const { runDirectory, projectDirectory, timeScale, tools } = options;
  const since = new Date();
  const images = new StoredImages(join(runDirectory, "images.json"));
  const slack = { isDown: false };
  const routes: Record<string, Route> = {
    "POST /images": async (body) => pushImage(images, body),
    "POST /images/remove": async (body) => images.remove(parsed(removalSchema, body).ref),
    ...registryRoutes(images),
    ...slackRoutes(slack),
  };
  const token = tokenOf(runDirectory);
  const control = await claimSlot(routes, token, options.slot);
  undo.push(() => control.close());
  const { addresses } = control;
  const processes = new Processes(runDirectory);
  undo.push(() => processes.stopAll());
  const backing = await startBacking({ ...options, addresses, processes, token });
  undo.push(() => backing.stop());
  const { pem: authorityPem } = await CertificateAuthority.open(runDirectory);
  const users = new Users({ authorityPem, entrances: () => backing.loadBalancer.entrances() });
  undo.push(() => users.close());
  const tokenFile = writeToken(runDirectory, token);
  const alerting = new Alerting({ start: backing.startAlertmanager, controlUrl: control.url, tokenFile, timeScale });
  undo.push(() => alerting.stop());
  const clusterMetrics = new ClusterMetrics();
  const also = async (access: ClusterAccess, signal: AbortSignal) => {
    await Promise.all([alerting.follow(access, signal), clusterMetrics.follow(access, signal)]);
  };
  const storm = new Storm(backing.startPrometheus, { also, timeScale });
  undo.push(async () => storm.close());
  const prometheusUrl = `http://${addresses.prometheus}:${PORTS.prometheus}`;
  const access = writeAccess(runDirectory, token, [control.url, prometheusUrl]);
  const own = { SPARKI_REGISTRY: control.url, [ACCESS_VARIABLE]: access };
  const environment = { ...environmentOf(options, addresses), ...own };
  const boundaries = new Boundaries();
  routes["POST /held"] = async (body) => {
    const { calls, isLost } = parsed(heldSchema, body);
    if (isLost) boundaries.lose();
    else boundaries.hold(calls);
  };
  routes["GET /held"] = async () => ({ held: boundaries.held });
  Object.assign(
    routes,
    alerting.routes(),
    stormRoutes(() => storm.access, alerting.pass),
  );
  const exporters = new Exporters();
  routes["GET /metrics/cluster"] = exporters.route(async () => clusterMetrics.text());
  const [{ account, clusters }] = await Promise.all([
    startAccount(options, { addresses, processes, backing, storm, images, environment, boundaries }, undo),
    storm.resume(),
    alerting.start(),
  ]);
  const cloudMetrics = new CloudMetrics({
    resources: () => account.world.all(),
    certificate: (arn) => account.certificatePem(arn),
    askDatabase: (name, sql) => backing.database.ask(name, sql),
  });
  routes["GET /metrics/cloud"] = exporters.route(() => cloudMetrics.text());
  // What an earlier rehearsal left may be broken, and then it is the checklist that says so.
  let ready: Promise<unknown> = Promise.resolve();
  if (storm.access !== undefined) {
    const health = () => targetsOf(account, backing);
    const lastLine = (uid: string, container: string) =>
      lastLines(join(runDirectory, "pods", uid, `${container}.log`), 1)[0];
    const seen = { since, health, scraped: () => storm.scraped(), lastLine };
    const serves = settled(storm.access, { ...seen, ...patience(options) });
    if (options.isPromoted === true) await serves;
    ready = serves.catch(() => undefined);
  }
  routes["GET /settled"] = async () => {
    await ready;
    return {};
  };
  const kubernetes = await startKubernetesProvider(
    {
      processes,
      helm: tools.helm ?? "helm",
      projectDirectory,
      timeScale,
    },
    boundaries,
  );
  undo.push(() => kubernetes.close());
  routes["GET /world"] = async () => ({ resources: account.world.all(), kept: account.world.kept() });
  routes["GET /users"] = async () => users.figures;
  routes["GET /rows"] = async () => ({ rows: await backing.database.rows() });
  const costs = new CostExplorer({
    resources: () => account.world.all(),
    modelSeconds: () => account.now(),
    now: () => Date.now() / 1000,
  });
  const facts = (type: string) => backupFacts(() => account.world.all(), type);
  Object.assign(
    routes,
    copyRoutes(backing.database, { facts: facts(TYPES.database), timeScale }),
    instanceRoutes(account.databases),
    costRoutes(costs),
    cacheCopyRoutes(backing.cache, facts(TYPES.replicationGroup)),
  );
  routes["GET /route53/*"] = async (_body, path) => {
    const { searchParams } = new URL(path, control.url);
    return new XmlDocument(queryLogList(searchParams.get("hostedzoneid") ?? "", account.world));
  };
  const hasStandby = () => account.world.ofType(TYPES.database).some(({ inputs }) => inputs.multiAz === true);
  const zones = new Zones({ clusters, database: backing.database, cache: backing.cache, hasStandby, timeScale });
  const place = {
    runDirectory,
    slot: addresses.slot,
    stack: options.stack,
    targets: () => targetsOf(account, backing),
  };
  const broken = { account, backing, storm, exporters, users, zones, slack, certificates: { days: undefined } };
  routes["POST /faults"] = (body) => applyFaults({ ...place, ...broken }, body);
  routes["POST /asker"] = async (body) => {
    account.authority.asker = parsed(askerSchema, body);
  };
  routes["GET /status"] = async () => ({ modelSeconds: account.now(), runDirectory });
  return {
    environment: {
      ...environment,
      PULUMI_DEBUG_PROVIDERS: attached({ ...account.ports, kubernetes: kubernetes.port }, options.real),
    },
    url: control.url,
    kubeconfigFile: join(runDirectory, "kubeconfig"),
    prometheusUrl,
    token,
    slot: addresses.slot,
  };
}

/** How long it is waited for that a world serves again. */
function patience({ isPromoted = false }: CloudOptions): { readonly limitSeconds: number } {
  return { limitSeconds: isPromoted ? 300 : 120 };
}

/** What the load balancers know of the targets of every group in the account. */
function targetsOf({ world }: AwsProviders, { loadBalancer }: Backing) {
  const groups = world.all().filter(({ type }) => type === TYPES.targetGroup);
  return groups.flatMap(({ arn }) => loadBalancer.health(arn));
}

interface Parts {
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly backing: Backing;
  readonly storm: Storm;
  readonly images: StoredImages;
  readonly environment: Readonly<Record<string, string>>;
  readonly boundaries: Boundaries;
}

/** The account's providers, with the cluster that reads its secrets and the services that stand behind it. */
async function startAccount(
  options: CloudOptions,
  { addresses, processes, backing, storm, images, environment, boundaries }: Parts,
  undo: Undo,
): Promise<{ readonly account: AwsProviders; readonly clusters: RehearsedClusters }> {
  const { runDirectory, tools, timeScale, seed, projectDirectory: directory, path } = options;
  const authority = await CertificateAuthority.open(runDirectory);
  // The cluster reads secrets of the account, and the account starts the cluster.
  let account: AwsProviders | undefined;
  const secretValue: SecretValue = async (...asked) => account?.secretFor(...asked);
  const { loadBalancer } = backing;
  const clientAuthorities = writeClientAuthorities(
    runDirectory,
    await openDatabaseAuthorities(runDirectory, authority),
  );
  const shared = {
    addresses,
    processes,
    tools,
    authority,
    clientAuthorities,
    images,
    timeScale,
    loadBalancer,
    secretValue,
  };
  const clusters = new RehearsedClusters(shared);
  undo.push(() => clusters.close());
  const services: Services = { ...backing, cluster: storm.watching(clusters) };
  const own = { PATH: path, HOME: process.env.HOME ?? "/", ...compiledCode() };
  const commands = { directory, environment: { ...environment, ...own } };
  account = await startAwsProviders({ runDirectory, services, timeScale, seed, commands, boundaries });
  undo.push(account.close);
  return { account, clusters };
}

function environmentOf({ runDirectory, timeScale }: CloudOptions, addresses: Addresses): Record<string, string> {
  return {
    KUBECONFIG: join(runDirectory, "kubeconfig"),
    SPARKI_DNS_SERVER: `${addresses.dns}:${PORTS.dns}`,
    SPARKI_CA_FILE: join(runDirectory, "ca.pem"),
    SPARKI_PORT_MAP: `443:${PORTS.https},80:${PORTS.http}`,
    SPARKI_TIME_SCALE: `${timeScale}`,
  };
}

function attached(ports: Readonly<Record<string, number>>, real: readonly string[] = []): string {
  return Object.entries(ports)
    .filter(([name]) => !real.includes(name))
    .map(([name, port]) => `${name}:${port}`)
    .join(",");
}

function pushImage(images: StoredImages, body: unknown): void {
  const { ref, behaviour } = parsed(imageSchema, body);
  images.push(ref, behaviour);
}

/** The one question of the OCI distribution API that deployments ask: is there a manifest of this digest. */
function registryRoutes(images: StoredImages): Readonly<Record<string, Route>> {
  const manifest: Route = async (_, path) => {
    const [, name, digest] = /^\/v2\/(.+)\/manifests\/(sha256:[0-9a-f]{64})$/.exec(path) ?? [];
    if (name === undefined || digest === undefined || !images.has(digest)) throw new NotFound("MANIFEST_UNKNOWN");
    return { schemaVersion: 2 };
  };
  return { "HEAD /v2/*": manifest, "GET /v2/*": manifest };
}

const messageSchema = z.object({ text: z.string().min(1), channel: z.string().exactOptional() });

/** Slack's incoming webhook, which keeps what it is sent: `GET /slack` tells it, oldest first. */
function slackRoutes(slack: { readonly isDown: boolean }): Readonly<Record<string, Route>> {
  const messages: z.infer<typeof messageSchema>[] = [];
  return {
    "POST /slack": async (body) => {
      if (slack.isDown) throw new Unavailable("Slack is down");
      messages.push(parsed(messageSchema, body));
    },
    "GET /slack": async () => ({ messages }),
  };
}

/** The run's token, made once and kept for later clouds over the same run directory. */
function tokenOf(runDirectory: string): string {
  const file = accessFile(runDirectory);
  if (!existsSync(file)) return randomBytes(32).toString("hex");
  return accessSchema.parse(JSON.parse(readFileSync(file, "utf8"))).token;
}

/** Writes down, for our own user alone, the token and the origins that it opens; answers with the file's path. */
export function writeAccess(runDirectory: string, token: string, origins: readonly string[]): string {
  const file = accessFile(runDirectory);
  writeFileSync(file, JSON.stringify({ token, origins }), { mode: 0o600 });
  return file;
}

/** The token alone, for servers that send it as a header; answers with the file's path. */
function writeToken(runDirectory: string, token: string): string {
  const file = tokenFileIn(runDirectory);
  writeFileSync(file, token, { mode: 0o600 });
  return file;
}

function accessFile(runDirectory: string): string {
  const folder = join(runDirectory, "private");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, "access.json");
}
