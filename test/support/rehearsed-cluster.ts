import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import { RehearsedClusters } from "../../rehearsal/cluster/cluster.ts";
import { StoredImages } from "../../rehearsal/cluster/images.ts";
import type { Target } from "../../rehearsal/cluster/target-groups.ts";
import { claimSlot } from "../../rehearsal/control.ts";
import { Processes } from "../../rehearsal/processes.ts";
import type { ClusterAccess } from "../../rehearsal/services.ts";
import { TEST_TOKEN } from "./asking.ts";
import { toolPath } from "./tool.ts";

/** A whole rehearsed cluster: control plane, nodes, and what of the simulated account it asks for. */
export interface RehearsedCluster {
  readonly api: KubernetesApi;
  readonly access: ClusterAccess;
  readonly processes: Processes;
  readonly images: StoredImages;
  /** Secret values by name; a test adds to them. */
  readonly secrets: Map<string, string>;
  /** The targets that each target group has now. */
  readonly targets: ReadonlyMap<string, readonly Target[]>;
  /** The loopback addresses that the load balancer finds healthy; a test adds to them. */
  readonly healthy: Set<string>;
  readonly readySeconds: number;
  /** Loses a zone's nodes with all that runs on them; `findZones` gives it new ones. */
  readonly loseZone: RehearsedClusters["loseZone"];
  readonly findZones: RehearsedClusters["findZones"];
  /** Stops everything and starts it again over the same run directory. */
  restart(): Promise<void>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

const TOOLS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const CLUSTER = {
  name: "sparki-test",
  version: "1.35",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  podNetwork: "10.40.0.0/16",
};

export async function startRehearsedCluster(): Promise<RehearsedCluster> {
  const runDirectory = mkdtempSync(join(tmpdir(), "sparki-cluster-"));
  const slot = await claimSlot({}, TEST_TOKEN);
  const processes = new Processes(runDirectory);
  const images = new StoredImages(join(runDirectory, "images.json"));
  const secrets = new Map<string, string>();
  const targets = new Map<string, readonly Target[]>();
  const healthy = new Set<string>();
  const authority = await CertificateAuthority.open(runDirectory);
  const clusters = new RehearsedClusters({
    addresses: slot.addresses,
    processes,
    tools: Object.fromEntries(TOOLS.map((name) => [name, toolPath(name)])),
    authority,
    images,
    timeScale: 0.01,
    loadBalancer: { setTargets: (arn, found) => targets.set(arn, found), health: (arn) => healthOf(arn) },
    secretValue: async (name) => secrets.get(name),
  });
  const healthOf = (arn: string) =>
    (targets.get(arn) ?? []).map((target) => ({ ...target, healthy: healthy.has(target.address) }));
  const stop = async () => {
    await clusters.close();
    await processes.stopAll();
    await slot.close();
    rmSync(runDirectory, { recursive: true, force: true });
  };
  const since = performance.now();
  try {
    const access = await clusters.start(CLUSTER);
    const readySeconds = (performance.now() - since) / 1000;
    const restart = async () => {
      await clusters.close();
      await clusters.start(CLUSTER);
    };
    const api = new KubernetesApi(access);
    const stopAll = async () => {
      await api.close();
      await stop();
    };
    const zones = { loseZone: (zone: string) => clusters.loseZone(zone), findZones: () => clusters.findZones() };
    const acts = { ...zones, restart, stop: stopAll };
    return { api, access, processes, images, secrets, targets, healthy, readySeconds, ...acts };
  } catch (error) {
    await stop();
    throw error;
  }
}
