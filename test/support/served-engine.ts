import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Node } from "@kubernetes/client-node";
import pg from "pg";
import { ask } from "../../rehearsal/backing/cache.ts";
import { startBacking } from "../../rehearsal/backing/serve.ts";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import { RehearsedClusters } from "../../rehearsal/cluster/cluster.ts";
import { StoredImages } from "../../rehearsal/cluster/images.ts";
import type { KubernetesObject, Pod } from "../../rehearsal/cluster/objects.ts";
import { claimSlot } from "../../rehearsal/control.ts";
import { Zones } from "../../rehearsal/faults.ts";
import { Helm } from "../../rehearsal/kubernetes/helm.ts";
import { Processes, readRecords, recordsFile, startParts, type Undo } from "../../rehearsal/processes.ts";
import type { ImageBehaviour } from "../../rehearsal/services.ts";
import { TEST_TOKEN } from "./asking.ts";
import type { Values } from "./chart.ts";
import { type Credentials, usersSince } from "./database-users.ts";
import {
  cacheSecret,
  failOverCache,
  giveToken,
  migrate,
  rotate,
  SITE,
  secretsFor,
  startServers,
  TOKEN,
  userSecretArn,
} from "./engine-servers.ts";
import { toolPath } from "./tool.ts";
import { stackValues } from "./workload-values.ts";
import { withValue } from "./wrong-values.ts";

/** The engine's fleet of a stack, by its own chart, behind a load balancer and with its database and cache. */
export interface ServedEngine {
  /** What finds the site: its origin, the DNS server and the authority that signs its certificate. */
  readonly site: { readonly origin: string; readonly dnsServer: string; readonly authorityFile: string };
  /** `helm upgrade` to a release of its own; resolves once Helm says that it is rolled out. */
  release(id: string): Promise<void>;
  /** Makes the database's users since another day, `20261101`, and rolls the fleet out with them, as a rotation does. */
  rotate(day: string): Promise<void>;
  /**
   * Gives Redis another token as a rotation does: beside the one before, then pods start with it, then it is the only one,
   * and every connection is lost. Resolves with what Redis then says to the token before and to the new one.
   */
  rotateToken(token: string): Promise<{ readonly before: string; readonly present: string }>;
  /** Replaces the token at once, as nobody should: pods are told of it some seconds after their connections are lost. */
  replaceToken(token: string): Promise<void>;
  /** The users that the engine's connections to the database have now. */
  connectedUsers(): Promise<readonly string[]>;
  /** Names of the fleet's pods that are ready and stay. */
  readyPods(): Promise<readonly string[]>;
  /** `kubectl delete pod`. */
  deletePod(name: string): Promise<void>;
  /** Takes Kubernetes to another version; the nodes are replaced after that. */
  upgradeKubernetes(version: string): Promise<void>;
  /** The minor versions of the API servers that were started, one after the other. */
  apiServers(): readonly string[];
  /** Kubernetes' versions on the nodes there are, one each. */
  nodeVersions(): Promise<readonly string[]>;
  /** SIGKILL to the process of a pod's container, as the kernel does when memory is short. */
  killProcess(pod: string): void;
  /** Loses a zone, "a", "b" or "c", with its nodes and pods, and with "a" the primaries of database and cache; none: has all again. */
  loseZone(zone: string | undefined): Promise<void>;
  /** The zones in which the fleet's pods are that are ready. */
  readyZones(): Promise<readonly string[]>;
  /** Takes the cache to another version as ElastiCache does. */
  upgradeCache(): Promise<void>;
  /** What the cache answers to a command. */
  askCache(command: readonly string[]): Promise<string>;
  /** Loses the cache with its data, and `bringCache` makes it anew, empty, with its token. */
  loseCache(): Promise<void>;
  bringCache(): Promise<void>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..", "..");
const TOOLS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "redis-server"];
const CLUSTER = { name: "sparki-test", version: "1.34", zones: ["a", "b", "c"], podNetwork: "10.40.0.0/16" };
const NAMESPACE = "sparki-engine";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

const LOSE_CONNECTIONS = ["CLIENT", "KILL", "TYPE", "normal"];

/** Starts everything around the fleet, with other tools of the catalog; `release` brings the fleet itself. */
export async function serveEngine(
  stack: string,
  timeScale: number,
  behaviour: object,
  others: readonly string[] = [],
): Promise<ServedEngine> {
  const runDirectory = mkdtempSync(join(tmpdir(), "sparki-fleet-"));
  return startParts((undo) => {
    undo.push(() => rmSync(runDirectory, { recursive: true, force: true }));
    return start({ stack, timeScale, runDirectory, behaviour, others }, undo);
  });
}

interface Options {
  readonly stack: string;
  readonly timeScale: number;
  readonly runDirectory: string;
  readonly behaviour: object;
  readonly others: readonly string[];
}

async function start(options: Options, undo: Undo): Promise<Omit<ServedEngine, "stop">> {
  const { runDirectory, behaviour } = options;
  const values = stackValues(options.stack, "engine", "fleet");
  const { addresses, processes, images, clusters, access, secrets, backing } = await startSurroundings(
    options,
    values,
    undo,
  );
  const api = new KubernetesApi(access);
  undo.push(() => api.close());
  let [day, release, token] = ["20260801", "", TOKEN];
  const makeUsers = async () => {
    const users = usersSince(day);
    await rotate(processes, addresses, values, users);
    secrets.set(userSecretArn(day), JSON.stringify(users.application));
    return users;
  };
  const prepare = async () => migrate(processes, addresses, values, await makeUsers());
  await Promise.all([prepare(), makeNamespace(api)]);
  const zones = new Zones({ ...backing, clusters, hasStandby: () => true, timeScale: options.timeScale });
  const pods = async () => (await api.list<Pod>(PODS)).items;
  const serving = async () => (await pods()).filter(isServing);
  const allStay = async () => {
    for (const end = Date.now() + 300_000; !(await pods()).every(isServing); await sleep(200))
      if (Date.now() > end) throw new Error("pods that were replaced have not left");
  };
  let cacheAddress = addresses.cache(1);
  const cachePlace = () => ({
    address: cacheAddress,
    authorityPem: readFileSync(join(runDirectory, "ca.pem"), "utf8"),
  });
  const kubeconfigFile = join(runDirectory, "kubeconfig");
  const helm = new Helm({ helm: toolPath("helm"), processes, projectDirectory: ROOT, kubeconfigFile });
  const [origin, dnsServer] = [`https://${SITE}:8443`, `${addresses.dns}:5353`];
  return {
    site: { origin, dnsServer, authorityFile: join(runDirectory, "ca.pem") },
    release: (id) => {
      release = id;
      return upgrade(helm, images, { values: withUser(values, day), id, behaviour });
    },
    rotate: async (to) => {
      day = to;
      await makeUsers();
      await upgrade(helm, images, { values: withUser(values, day), id: release, behaviour });
    },
    rotateToken: async (authToken) => {
      const before = token;
      await giveToken(backing, values, { authToken, tokenBefore: before });
      secrets.set(...cacheSecret(values, authToken));
      token = authToken;
      await upgrade(helm, images, { values: withToken(withUser(values, day), authToken), id: release, behaviour });
      // The token before ends with another deployment, when the pods that have it have left; Helm waits for the new ones only.
      await allStay();
      await giveToken(backing, values, { authToken });
      const said = (command: readonly string[]) =>
        ask(cachePlace(), authToken, command).then(String, (error: Error) => error.message);
      await said(LOSE_CONNECTIONS);
      return { before: await said(["AUTH", before]), present: await said(["AUTH", authToken]) };
    },
    replaceToken: async (authToken) => {
      await giveToken(backing, values, { authToken });
      await ask(cachePlace(), authToken, LOSE_CONNECTIONS);
      await sleep(2000);
      secrets.set(...cacheSecret(values, authToken));
      token = authToken;
    },
    connectedUsers: () => connectedUsers(addresses.database(1), runDirectory, usersSince(day).application),
    readyPods: async () => (await serving()).map(({ metadata }) => metadata?.name ?? ""),
    readyZones: async () => {
      const { items } = await api.list<KubernetesObject>("/api/v1/nodes");
      const zoneOf = new Map(
        items.map(({ metadata: { name, labels } }) => [name, labels?.["topology.kubernetes.io/zone"]]),
      );
      return (await serving()).map(({ spec }) => zoneOf.get(spec?.nodeName ?? "") ?? "none");
    },
    loseZone: (zone) => zones.set(zone),
    upgradeCache: async () => {
      cacheAddress = await failOverCache(backing, values);
    },
    askCache: async (command) => String(await ask(cachePlace(), token, command)),
    loseCache: () => backing.cache.suspend(),
    bringCache: () => backing.cache.resume(),
    deletePod: (name) => api.delete(`${PODS}/${name}`),
    upgradeKubernetes: (version) => clusters.upgrade(CLUSTER.name, version),
    apiServers: () => startedVersions(join(runDirectory, "logs"), "kube-apiserver"),
    nodeVersions: async () => {
      const { items } = await api.list<V1Node>("/api/v1/nodes");
      return items.map(({ status }) => status?.nodeInfo?.kubeletVersion ?? "");
    },
    killProcess: (pod) => process.kill(pidOf(runDirectory, `${NAMESPACE}.${pod}.engine`), "SIGKILL"),
  };
}

/** The cluster, and what its pods and their users need. */
async function startSurroundings({ stack, timeScale, runDirectory, others }: Options, values: Values, undo: Undo) {
  const control = await claimSlot({}, TEST_TOKEN);
  undo.push(() => control.close());
  const { addresses } = control;
  const processes = new Processes(runDirectory);
  undo.push(() => processes.stopAll());
  const tools = Object.fromEntries([...TOOLS, ...others].map((name) => [name, toolPath(name)]));
  const places = { stack, runDirectory, addresses, tools, processes, timeScale };
  const backing = await startBacking({
    ...places,
    token: TEST_TOKEN,
    seed: 1,
  });
  undo.push(() => backing.stop());
  const images = new StoredImages(join(runDirectory, "images.json"));
  const secrets = secretsFor(values);
  const clusters = new RehearsedClusters({
    ...places,
    authority: await CertificateAuthority.open(runDirectory),
    images,
    loadBalancer: backing.loadBalancer,
    secretValue: async (name) => secrets.get(name),
  });
  undo.push(() => clusters.close());
  const [access] = await Promise.all([clusters.start(CLUSTER), startServers(backing, values)]);
  return { addresses, processes, images, clusters, access, secrets, backing };
}

/** The chart's values with the secret of the application's user since a day. */
function withUser(values: Values, day: string): Values {
  return withValue(values, "database.secretArn", userSecretArn(day));
}

/** The chart's values with a day of its own for each token. */
function withToken(values: Values, token: string): Values {
  return withValue(values, "cache.tokenSince", token.endsWith("2") ? "2026-11-02" : "2026-11-03");
}

async function connectedUsers(host: string, runDirectory: string, { username, password }: Credentials) {
  const ssl = { ca: readFileSync(join(runDirectory, "ca.pem"), "utf8") };
  const client = new pg.Client({ host, user: username, password, database: "sparki", ssl });
  await client.connect();
  const text = "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'sparki-fleet' ORDER BY 1";
  const { rows } = await client.query<{ usename: string }>(text);
  await client.end();
  return rows.map(({ usename }) => usename);
}

/** The minor versions of Kubernetes that a program of the control plane was started in, by its log. */
export function startedVersions(logs: string, program: string): string[] {
  const log = readFileSync(join(logs, `${program}.log`), "utf8");
  return [...log.matchAll(/(?:Version: |"Starting[^"]*" version=")v(1\.\d+)\.\d+/g)].map(([, version = ""]) => version);
}

function pidOf(runDirectory: string, process: string): number {
  const records = readRecords(readFileSync(recordsFile(runDirectory), "utf8"));
  const found = records.find(({ name }) => name === process);
  if (found === undefined) throw new Error(`no process ${process}`);
  return found.pid;
}

/** As `apps/namespaces.ts` makes it, as far as pods notice. */
async function makeNamespace(api: KubernetesApi): Promise<void> {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "eks.amazonaws.com/pod-readiness-gate-inject": "enabled",
  };
  await api.create("/api/v1/namespaces", { metadata: { name: NAMESPACE, labels } });
  await api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: "engine" } });
}

interface Upgraded {
  readonly values: Values;
  readonly id: string;
  readonly behaviour: object;
}

async function upgrade(helm: Helm, images: StoredImages, { values, id, behaviour }: Upgraded): Promise<void> {
  const digest = Buffer.from(id).toString("hex").padEnd(64, "0");
  const image = `ghcr.io/alexarno/sparki/engine@sha256:${digest}`;
  const pushed: ImageBehaviour = { kind: "engine", ...behaviour };
  images.push(image, pushed);
  const release = {
    name: "engine-fleet",
    namespace: NAMESPACE,
    chart: "./apps/charts/engine",
    values: { ...values, image, release: { id, gitSha: digest.slice(0, 40) } },
    timeoutSeconds: 120,
    settings: { atomic: true },
  };
  const { signal } = new AbortController();
  const before = await helm.state(release.name, NAMESPACE, signal);
  const { code, stderr } = await helm.apply(before === undefined ? "install" : "upgrade", release, signal);
  if (code !== 0) throw new Error(`helm to ${id}: ${stderr}`);
}

function isServing({ metadata, status }: Pod): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True");
  return isReady === true && metadata?.deletionTimestamp === undefined;
}
