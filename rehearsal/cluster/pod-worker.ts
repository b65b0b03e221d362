import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../shared/deploy-error.ts";
import { toLoopback } from "../addresses.ts";
import type { ImageBehaviour } from "../services.ts";
import { ApiError, type Events, type KubernetesApi, type Occurrence } from "./api.ts";
import { ContainerLog } from "./container-log.ts";
import { type ContainerHost, type ContainerPlan, ContainerRunner } from "./container-runner.ts";
import {
  environmentOf,
  mountInto,
  type SecretProviderClass,
  type SecretValue,
  setUpVolumes,
  type VolumeSources,
} from "./environment-and-volumes.ts";
import type { ConfigMap, Container, Placement, Pod, Secret } from "./objects.ts";
import {
  containersOf,
  graceOf,
  isOver,
  namespaceOf,
  type PodAddresses,
  pathOf,
  podStatus,
  type RestartPolicy,
  referenceTo,
  restartPolicyOf,
  restartsBefore,
  uidOf,
} from "./pod.ts";
import { pause } from "./timing.ts";

const RETRY_MILLISECONDS = 250;

/** Writes one pod's status to the API: the newest only, one write at a time, until it succeeds or the pod is gone. */
class StatusPublisher {
  readonly #api: KubernetesApi;
  readonly #pod: Pod;
  readonly #status: () => unknown;
  #writing: Promise<void> | undefined;
  #isStale = false;
  #isOver = false;

  /** `status` is asked for what to write at the time of each write. */
  constructor(api: KubernetesApi, pod: Pod, status: () => unknown) {
    this.#api = api;
    this.#pod = pod;
    this.#status = status;
  }

  publish(): void {
    if (this.#isOver) return;
    this.#isStale = true;
    this.#writing ??= this.#write();
  }

  /** Resolves once everything published so far is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Nothing is written from now on. */
  end(): void {
    this.#isOver = true;
  }

  async #write(): Promise<void> {
    while (this.#isStale && !this.#isOver) {
      this.#isStale = false;
      try {
        await this.#api.patch(`${pathOf(this.#pod)}/status`, "strategic-merge-patch", this.#status());
      } catch (error) {
        if (await isGone(error, this.#api, this.#pod)) this.end();
        this.#isStale = true;
        await pause(RETRY_MILLISECONDS);
      }
    }
    // In the same step as the last look: what is published from now on is written again.
    this.#writing = undefined;
  }
}

/**
 * Whether the API refuses because the pod is not there any more, or another of its name is. A conflict alone does not say so:
 * it is also the answer when others write the same pod at the same time.
 */
async function isGone(error: unknown, api: KubernetesApi, pod: Pod): Promise<boolean> {
  if (!(error instanceof ApiError)) return false;
  if (error.status !== 409) return error.status === 404;
  const there = await api.get<Pod>(pathOf(pod)).catch(() => pod);
  return there === undefined || uidOf(there) !== uidOf(pod);
}

interface PodVolumesOptions {
  readonly root: string;
  readonly pod: Pod;
  readonly placement: Placement;
  readonly sources: VolumeSources;
  record(occurrence: Occurrence): void;
}

const RETRY = { firstMilliseconds: 500, lastMilliseconds: 5000 };

/** Sets up a pod's volumes, again and again until it succeeds; false when the signal aborted first. */
async function mountVolumes(options: PodVolumesOptions, signal: AbortSignal): Promise<boolean> {
  const { root, pod, record } = options;
  for (let retry = RETRY.firstMilliseconds; !signal.aborted; retry = Math.min(retry * 2, RETRY.lastMilliseconds)) {
    try {
      await setUpVolumes(root, options, pod.spec?.volumes ?? []);
      for (const container of containersOf(pod)) await mountInto(root, container);
      return true;
    } catch (error) {
      record({ type: "Warning", reason: "FailedMount", message: messageOf(error) });
      await pause(retry, signal);
    }
  }
  return false;
}

/** Writes secrets that were rotated into the running pod, looking every so often until the signal aborts. */
async function keepSecretsFresh(
  options: PodVolumesOptions,
  everyMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const secrets = (options.pod.spec?.volumes ?? []).filter(({ csi }) => csi !== undefined);
  if (secrets.length === 0) return;
  while (!signal.aborted) {
    await pause(everyMilliseconds, signal);
    // A secret that is gone for a while leaves the pod with what it had.
    if (!signal.aborted) await setUpVolumes(options.root, options, secrets).catch(() => undefined);
  }
}

/** One pod on one node, from its binding to its deletion. */
export class PodWorker {
  readonly #context: KubeletContext;
  readonly #node: Node;
  readonly #root: string;
  readonly #placement: Placement;
  readonly #publisher: StatusPublisher;
  readonly #stopping = new AbortController();
  readonly #logs = new Map<string, ContainerLog>();
  readonly #initRunners: readonly ContainerRunner[];
  readonly #runners: readonly ContainerRunner[];
  #pod: Pod;
  #isSetUp = false;
  #isKilled = false;
  #life: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(context: KubeletContext, node: Node, pod: Pod) {
    this.#context = context;
    this.#node = node;
    this.#pod = pod;
    this.#root = join(context.processes.runDirectory, "pods", uidOf(pod));
    const podAddress = context.addresses.claim(uidOf(pod), pod.status?.podIP);
    this.#placement = { podAddress, nodeAddress: node.address };
    this.#publisher = new StatusPublisher(context.api, pod, () => this.#status());
    const policy = restartPolicyOf(pod);
    const runnerOf = (own: RestartPolicy) => (container: Container) =>
      new ContainerRunner(context, this.#plan(container, own));
    this.#initRunners = (pod.spec?.initContainers ?? []).map(runnerOf(policy === "Never" ? "Never" : "OnFailure"));
    this.#runners = (pod.spec?.containers ?? []).map(runnerOf(policy));
  }

  get node(): Node {
    return this.#node;
  }

  /** Begins to run the pod, unless it is over already. */
  start(): void {
    if (!isOver(this.#pod)) this.#life = this.#live().catch((error) => this.#broken(error));
    this.update(this.#pod);
  }

  /** Takes the pod's newest object; stops the pod when that is being deleted. */
  update(pod: Pod): void {
    const [before, after] = [this.#pod.status?.conditions, pod.status?.conditions];
    this.#pod = pod;
    if (pod.metadata?.deletionTimestamp !== undefined) this.#ending ??= this.#end();
    else if (pod.spec?.readinessGates !== undefined && JSON.stringify(before) !== JSON.stringify(after))
      this.#publisher.publish();
  }

  /** The API's object is gone: nothing is left to wait for. */
  async forget(): Promise<void> {
    this.kill();
    await this.#life;
    await this.#cleanUp();
  }

  /** Ends the pod's processes at once and says nothing to the API, as when the node's power fails. */
  kill(): void {
    this.#isKilled = true;
    this.#publisher.end();
    this.#stopping.abort();
    for (const runner of [...this.#initRunners, ...this.#runners]) runner.kill();
  }

  log(container: string): ContainerLog | undefined {
    return this.#logs.get(container);
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping;
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    this.#publisher.publish();
    const volumes = this.#volumes();
    this.#isSetUp = await mountVolumes(volumes, signal);
    this.#publisher.publish();
    for (const runner of this.#initRunners) {
      if (!signal.aborted) await runner.run();
      if (runner.status().state?.terminated?.exitCode !== 0) return;
    }
    if (signal.aborted) return;
    const over = new AbortController();
    const every = this.#context.timing.secretRotation();
    void keepSecretsFresh(volumes, every, AbortSignal.any([signal, over.signal]));
    await Promise.all(this.#runners.map((runner) => runner.run()));
    over.abort();
  }

  async #end(): Promise<void> {
    const seconds = graceOf(this.#pod);
    this.#stopping.abort();
    await Promise.all([...this.#initRunners, ...this.#runners].map((runner) => runner.stop(seconds)));
    if (this.#life !== undefined) this.#publisher.publish();
    await this.#life;
    await this.#publisher.settled();
    this.#publisher.end();
    await this.#delete();
    await this.#cleanUp();
  }

  /** An API server that has just been started may refuse at first; a pod that nobody deletes would be waited for for ever. */
  async #delete(): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: uidOf(this.#pod) } };
    while (!this.#isKilled) {
      try {
        return void (await this.#context.api.delete(pathOf(this.#pod), options));
      } catch (error) {
        if (await isGone(error, this.#context.api, this.#pod)) return;
        await pause(RETRY_MILLISECONDS);
      }
    }
  }

  /** What cannot be removed now goes with the run directory. */
  async #cleanUp(): Promise<void> {
    this.#context.addresses.release(uidOf(this.#pod));
    await rm(this.#root, { recursive: true, force: true }).catch(() => undefined);
  }

  /** A fault of the kubelet itself is shown where a person looks for a pod's trouble. */
  #broken(error: Error): void {
    this.#record({ type: "Warning", reason: "FailedSync", message: `error syncing pod: ${error.message}` });
  }

  #volumes(): PodVolumesOptions {
    const sources = this.#context.sourcesFor(this.#pod);
    const record = (occurrence: Occurrence) => this.#record(occurrence);
    return { root: this.#root, pod: this.#pod, placement: this.#placement, sources, record };
  }

  #plan(container: Container, restartPolicy: RestartPolicy): ContainerPlan {
    const log = new ContainerLog(join(this.#root, `${container.name}.log`));
    this.#logs.set(container.name, log);
    const podName = this.#pod.metadata?.name ?? "";
    return {
      container,
      processName: `${namespaceOf(this.#pod)}.${podName}.${container.name}`,
      podName,
      restartPolicy,
      address: toLoopback(this.#placement.podAddress, this.#context.slot),
      graceSeconds: graceOf(this.#pod),
      restarts: restartsBefore(this.#pod, container.name, restartPolicy),
      log,
      environment: (behaviour) => this.#environment(container, behaviour),
      record: (occurrence) => this.#record(occurrence, container.name),
      changed: () => this.#publisher.publish(),
    };
  }

  async #environment(container: Container, behaviour: ImageBehaviour): Promise<Record<string, string>> {
    const references = this.#context.sourcesFor(this.#pod);
    const own = await environmentOf({ pod: this.#pod, container, placement: this.#placement, references });
    return {
      HOSTNAME: this.#pod.metadata?.name ?? "",
      ...own,
      ...this.#context.environment,
      SPARKI_LISTEN_ADDRESS: toLoopback(this.#placement.podAddress, this.#context.slot),
      SPARKI_ROOT: this.#root,
      SPARKI_BEHAVIOUR: JSON.stringify(behaviour),
    };
  }

  #record(occurrence: Occurrence, container?: string): void {
    if (this.#context.signal.aborted) return;
    void this.#context.events.record(referenceTo(this.#pod, container), this.#node.name, occurrence);
  }

  #status() {
    const facts = {
      pod: this.#pod,
      initStatuses: this.#initRunners.map((runner) => runner.status()),
      statuses: this.#runners.map((runner) => runner.status()),
      isSetUp: this.#isSetUp,
      isStopping: this.#stopping.signal.aborted,
    };
    return {
      metadata: { uid: uidOf(this.#pod) },
      status: podStatus(facts, this.#placement, new Date().toISOString()),
    };
  }
}

export interface Node {
  readonly name: string;
  readonly zone: string;
  /** Where the node's kubelet listens. */
  readonly address: string;
  /** Kubernetes' version, such as 1.35. */
  readonly version: string;
}

/** What every pod of the cluster shares. */
export interface KubeletContext extends ContainerHost {
  readonly api: KubernetesApi;
  readonly events: Events;
  readonly slot: number;
  readonly addresses: PodAddresses;
  /** Given to every process beside its own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when the kubelets stop for good. */
  readonly signal: AbortSignal;
  /** What a pod may refer to: the objects of its namespace, and the secrets that its service account may read. */
  sourcesFor(pod: Pod): VolumeSources;
}

/** Reads what pods refer to from the API, and secret values from the simulated account. */
export function sourcesFrom(
  api: KubernetesApi,
  cluster: string,
  secretValue: SecretValue,
): KubeletContext["sourcesFor"] {
  return (pod) => {
    const namespace = namespaceOf(pod);
    const reader = { cluster, namespace, serviceAccount: pod.spec?.serviceAccountName ?? "default" };
    const classes = `/apis/secrets-store.csi.x-k8s.io/v1/namespaces/${namespace}/secretproviderclasses`;
    return {
      configMap: (name) => api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`),
      secret: (name) => api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`),
      secretProviderClass: (name) => api.get<SecretProviderClass>(`${classes}/${name}`),
      secretValue: (nameOrArn, stage) => secretValue(nameOrArn, reader, stage),
    };
  };
}
