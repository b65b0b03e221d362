import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ApiError } from "../../rehearsal/cluster/api.ts";
import type { KubernetesObject, Pod } from "../../rehearsal/cluster/objects.ts";
import { type ProcessRecord, readRecords, recordsFile } from "../../rehearsal/processes.ts";
import { apiFinding } from "../../runbook/preflight/kubernetes-apis.ts";
import { type RehearsedCluster, startRehearsedCluster } from "../support/rehearsed-cluster.ts";

jest.setTimeout(600_000);

const image = (letter: string) => `ghcr.io/alexarno/sparki/web@sha256:${letter.repeat(64)}`;
const GOOD = image("a");
const CRASHING = image("b");
const UNKNOWN = image("c");

const NAMESPACE = "/api/v1/namespaces/shop";
const PODS = `${NAMESPACE}/pods`;
const DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments";
const BINDINGS = "/apis/eks.amazonaws.com/v1/namespaces/shop/targetgroupbindings";
const CLASSES = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses";

let cluster: RehearsedCluster;
/** The processor time that the control plane and the nodes had taken when the nodes were Ready. */
let workedSeconds = 0;

beforeAll(async () => {
  cluster = await startRehearsedCluster();
  workedSeconds = children().reduce((sum, { pid }) => sum + processorSeconds(pid), 0);
  cluster.images.push(GOOD, { kind: "web" });
  cluster.images.push(CRASHING, { kind: "web", crash: true });
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await cluster.api.create("/api/v1/namespaces", { metadata: { name: "shop", labels } });
  await eventually(() => cluster.api.get(`${NAMESPACE}/serviceaccounts/default`));
});

afterAll(() => cluster?.stop());

/** Resolves with the first answer that is not undefined or false, asked for a minute at most. */
async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 1800; tries += 1) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not happen within three minutes: ${look}`);
}

function podSpec(
  name: string,
  ref: string,
  volumes: readonly { name: string; mountPath: string; source: object }[] = [],
) {
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name,
        image: ref,
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { httpGet: { path: "/health", port: "http" } },
        env: [{ name: "RELEASE_ID", value: "r1" }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: volumes.map((volume) => ({ name: volume.name, mountPath: volume.mountPath })),
      },
    ],
    volumes: volumes.map((volume) => ({ name: volume.name, ...volume.source })),
  };
}

async function deploy(name: string, ref: string): Promise<void> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec("web", ref) };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  await cluster.api.create(DEPLOYMENTS, { metadata: { name }, spec });
}

async function podsOf(name: string): Promise<readonly Pod[]> {
  return (await cluster.api.list<Pod>(PODS, { labelSelector: `app=${name}` })).items;
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

async function readyPods(name: string, count: number): Promise<readonly Pod[]> {
  return eventually(async () => {
    const ready = (await podsOf(name)).filter(isReady);
    return ready.length === count && ready;
  });
}

/** The children that run now. */
function children(): readonly ProcessRecord[] {
  return readRecords(readFileSync(recordsFile(cluster.processes.runDirectory), "utf8"));
}

/** By proc(5): the fields 14 and 15, user and system time, count hundredths of a second. */
function processorSeconds(pid: number): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(11, 13).map(Number);
  return (user + system) / 100;
}

/** The processor time that this process takes for a hundred million multiplications, one after the other. */
function multiplicationSeconds(): number {
  const before = process.cpuUsage();
  let product = 1;
  for (let index = 0; index < 1e8; index++) product = (product * 31 + index) | 0;
  expect(product).not.toBe(1);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function containersOf(deployment: string): readonly ProcessRecord[] {
  return children().filter(({ name }) => name.startsWith(`shop.${deployment}-`));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Versioned {
  readonly gitVersion?: string;
  readonly groups?: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[];
}

it("serves what preflight's table says that its version serves, and nothing of Kubernetes that the table does not know", async () => {
  const ask = async (path: string): Promise<Versioned> => (await cluster.api.get<Versioned>(path)) ?? {};
  const version = /^v(\d+\.\d+)/.exec((await ask("/version")).gitVersion ?? "")?.[1] ?? "";
  const groups = (await ask("/apis")).groups ?? [];
  const apis = ["v1", ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion))];
  const found: string[] = [];
  for (const api of apis) {
    const { resources = [] } = await ask(api === "v1" ? "/api/v1" : `/apis/${api}`);
    const objects = resources.filter(({ name, verbs }) => !name.includes("/") && verbs.includes("get"));
    for (const { kind } of objects) {
      const { status, reason } = apiFinding({ apiVersion: api, kind, metadata: { name: "x" } }, version);
      if (status === "refused") found.push(`${api} ${kind}: ${reason}`);
    }
  }
  expect([apis.length > 20, found]).toEqual([true, []]);
});

describe("RehearsedClusters", () => {
  it("has its nodes Ready for thirty times the work of a hundred million multiplications, on whatever machine", () => {
    const ratio = workedSeconds / multiplicationSeconds();
    process.stdout.write(
      `cluster ready after ${cluster.readySeconds.toFixed(1)} s, ${ratio.toFixed(1)} times the work\n`,
    );
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(30);
  });

  it("starts the controllers and the scheduler only once the API server lets them in", () => {
    for (const name of ["kube-controller-manager", "kube-scheduler"]) {
      const log = readFileSync(join(cluster.processes.runDirectory, "logs", `${name}.log`), "utf8");
      expect({ name, refused: log.split("\n").filter((line) => line.includes("forbidden")) }).toEqual({
        name,
        refused: [],
      });
    }
  });

  it("refuses a pod that Pod Security restricted forbids, naming each field", async () => {
    const bad = { metadata: { name: "bad" }, spec: { containers: [{ name: "bad", image: GOOD }] } };
    const refusal = await cluster.api.create(PODS, bad).catch((error: ApiError) => error);
    expect(refusal).toMatchObject({ status: 403, reason: "Forbidden" });
    for (const field of ["allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile"])
      expect(refusal).toHaveProperty("message", expect.stringContaining(field));
  });

  it("runs a Deployment's pods, binds them to the target group and gives out their logs", async () => {
    const ports = [{ name: "http", port: 80, targetPort: "http" }];
    await cluster.api.create(`${NAMESPACE}/services`, {
      metadata: { name: "good" },
      spec: { selector: { app: "good" }, ports },
    });
    await cluster.api.create(BINDINGS, {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "TargetGroupBinding",
      metadata: { name: "good" },
      spec: { targetGroupARN: "arn:good", targetType: "ip", serviceRef: { name: "good", port: "http" } },
    });
    await deploy("good", GOOD);
    const pods = await readyPods("good", 2);
    const targets = await eventually(async () => {
      const found = cluster.targets.get("arn:good");
      return found?.length === 2 && found;
    });
    for (const { address, port } of targets) expect((await fetch(`http://${address}:${port}/health`)).status).toBe(200);
    expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(2);
    expect(pods[0]?.status?.containerStatuses?.[0]?.imageID).toBe(GOOD);
    const log = await cluster.api.text(`${PODS}/${pods[0]?.metadata?.name}/log`, { tailLines: 1 });
    expect(JSON.parse(log)).toMatchObject({ level: "INFO", msg: "listening", release: "r1" });
  });

  it("goes on with its pods after a restart over the same data, and counts no restart of theirs", async () => {
    const old = await podsOf("good");
    const before = old.map(({ metadata }) => metadata?.uid).sort();
    const startOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.running?.startedAt;
    const earlier = new Set(old.map(startOf));
    await cluster.restart();
    await eventually(async () => containersOf("good").length === 2);
    const pods = await eventually(async () => {
      const ready = (await podsOf("good")).filter(isReady);
      const again = ready.filter((pod) => !earlier.has(startOf(pod)));
      return again.length === before.length && again;
    });
    expect(pods.map(({ metadata }) => metadata?.uid).sort()).toEqual(before);
    expect(pods.map(({ status }) => status?.containerStatuses?.[0]?.restartCount)).toEqual(before.map(() => 0));
  });

  it("loses a zone with what runs in it, has that made in the other ones, and its nodes again when it is back", async () => {
    const nodes = async () => (await cluster.api.list<KubernetesObject>("/api/v1/nodes")).items;
    const zoneOf = ({ metadata }: KubernetesObject) => metadata.labels?.["topology.kubernetes.io/zone"];
    const before = await readyPods("good", 2);
    const all = await nodes();
    const node = all.find(({ metadata }) => metadata.name === before[0]?.spec?.nodeName);
    const zone = (node && zoneOf(node)) ?? "";
    const lost = new Set(all.filter((each) => zoneOf(each) === zone).map(({ metadata }) => metadata.name));
    const isIn = ({ spec }: Pod) => lost.has(spec?.nodeName ?? "");
    const running = containersOf("good").length;
    await cluster.loseZone(zone);
    await eventually(async () => containersOf("good").length === running - before.filter(isIn).length);
    const after = await eventually(async () => {
      const pods = await readyPods("good", 2);
      return !pods.some(isIn) && pods;
    });
    expect((await nodes()).map(zoneOf)).not.toContain(zone);
    // What ran elsewhere is what it was.
    const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata?.name);
    expect(names(after)).toEqual(expect.arrayContaining(names(before.filter((pod) => !isIn(pod)))));
    await cluster.findZones();
    expect((await nodes()).filter((each) => zoneOf(each) === zone)).toHaveLength(2);
    expect(names(await readyPods("good", 2)).sort()).toEqual(names(after).sort());
  });

  it("ends the processes and the targets of what is deleted", async () => {
    await cluster.api.delete(`${DEPLOYMENTS}/good`);
    await eventually(async () => (await podsOf("good")).length === 0);
    expect(containersOf("good")).toEqual([]);
    await eventually(async () => cluster.targets.get("arn:good")?.length === 0);
  });

  it("lets a gated pod be ready only once it is healthy in its target group", async () => {
    const labels = { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" };
    await cluster.api.patch(NAMESPACE, "merge-patch", { metadata: { labels } });
    await deploy("good", GOOD);
    const targets = await eventually(async () => {
      const found = cluster.targets.get("arn:good");
      return found?.length === 2 && found;
    });
    expect((await podsOf("good")).filter(isReady)).toEqual([]);
    for (const { address } of targets) cluster.healthy.add(address);
    const [pod] = await readyPods("good", 2);
    const gates = [{ conditionType: "target-health.eks.amazonaws.com/good" }];
    expect(pod?.spec?.readinessGates).toEqual(gates);
    await cluster.api.delete(`${DEPLOYMENTS}/good`);
  });

  it("says why a container that ends again and again is not running", async () => {
    await deploy("crashing", CRASHING);
    const status = await eventually(async () => {
      const [pod] = await podsOf("crashing");
      const container = pod?.status?.containerStatuses?.[0];
      return container?.state?.waiting?.reason === "CrashLoopBackOff" && container;
    });
    expect(status.lastState?.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    await cluster.api.delete(`${DEPLOYMENTS}/crashing`);
  });

  it("says why an image cannot be pulled, and tells it in an event", async () => {
    await deploy("unknown", UNKNOWN);
    const waiting = await eventually(async () => {
      const [pod] = await podsOf("unknown");
      const found = pod?.status?.containerStatuses?.[0]?.state?.waiting;
      return found?.reason === "ImagePullBackOff" && found;
    });
    expect(waiting.message).toContain(`failed to resolve reference "${UNKNOWN}": not found`);
    const { items } = await cluster.api.list<{ message: string }>(`${NAMESPACE}/events`, {
      fieldSelector: "reason=Failed",
    });
    expect(items.map(({ message }) => message).join()).toContain(`Failed to pull image "${UNKNOWN}"`);
    await cluster.api.delete(`${DEPLOYMENTS}/unknown`);
  });

  it("holds a pod back until its secret exists, mounts it as files of the owner, and takes up its rotation", async () => {
    const objects = JSON.stringify([
      { objectName: "db", objectType: "secretsmanager", jmesPath: [{ path: "username", objectAlias: "username" }] },
    ]);
    await cluster.api.create(CLASSES, {
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: "database" },
      spec: { provider: "aws", parameters: { objects } },
    });
    const attributes = { volumeAttributes: { secretProviderClass: "database" } };
    const csi = { driver: "secrets-store.csi.k8s.io", readOnly: true, ...attributes };
    const volumes = [{ name: "database", mountPath: "/mnt/secrets/database", source: { csi } }];
    const pod = { metadata: { name: "reader", labels: { app: "reader" } }, spec: podSpec("web", GOOD, volumes) };
    await cluster.api.create(PODS, pod);
    const failure = await eventually(async () => {
      const query = { fieldSelector: "reason=FailedMount" };
      return (await cluster.api.list<{ message: string }>(`${NAMESPACE}/events`, query)).items[0];
    });
    expect(failure.message).toContain("ResourceNotFoundException");
    expect((await podsOf("reader"))[0]?.status?.phase).toBe("Pending");
    cluster.secrets.set("db", JSON.stringify({ username: "sparki", password: "hidden" }));
    const [ready] = await readyPods("reader", 1);
    const root = join(cluster.processes.runDirectory, "pods", ready?.metadata?.uid ?? "");
    const file = join(root, "mnt/secrets/database/username");
    expect(readFileSync(file, "utf8")).toBe("sparki");
    expect(statSync(file).mode & 0o077).toBe(0);
    cluster.secrets.set("db", JSON.stringify({ username: "rotated", password: "hidden" }));
    await eventually(async () => readFileSync(file, "utf8") === "rotated");
  });

  it("leaves no process behind once it is stopped", async () => {
    const pids = children().map(({ pid }) => pid);
    expect(pids.length).toBeGreaterThan(4);
    await cluster.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(cluster.processes.runDirectory)).toBe(false);
  });
});
