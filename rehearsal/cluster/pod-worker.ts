import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { toLoopback } from "../addresses.ts";
import type { ImageBehaviour } from "../services.ts";
import { ContainerLog } from "./container-log.ts";
import type { ContainerPlan } from "./container-plan.ts";
import { ContainerRunner } from "./container-runner.ts";
import { isRestarted, type RestartPolicy } from "./container-state.ts";
import { environmentOf } from "./environment.ts";
import type { Occurrence } from "./events.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import type { Node } from "./nodes.ts";
import type { Container, Pod } from "./objects.ts";
import type { Placement } from "./pod-fields.ts";
import { conditionsOf, type PodFacts, phaseOf, restartPolicyOf } from "./pod-status.ts";
import { StatusPublisher } from "./status-publisher.ts";
import { pause } from "./timing.ts";
import { MountError, mountInto, setUpVolumes } from "./volumes.ts";

const MOUNT_RETRY = { firstMilliseconds: 500, lastMilliseconds: 5000 };
const DEFAULT_GRACE_SECONDS = 30;

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
  #life: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  constructor(context: KubeletContext, node: Node, pod: Pod) {
    this.#context = context;
    this.#node = node;
    this.#pod = pod;
    this.#root = join(context.processes.runDirectory, "pods", uidOf(pod));
    const podAddress = context.addresses.claim(uidOf(pod), pod.status?.podIP);
    this.#placement = { podAddress, nodeAddress: node.address };
    this.#publisher = new StatusPublisher(context.api, pathOf(pod), () => this.#status());
    const policy = restartPolicyOf(pod);
    const runner = (own: RestartPolicy) => (container: Container) =>
      new ContainerRunner(context, this.#plan(container, own));
    this.#initRunners = (pod.spec?.initContainers ?? []).map(runner(policy === "Never" ? "Never" : "OnFailure"));
    this.#runners = (pod.spec?.containers ?? []).map(runner(policy));
  }

  /** Begins to run the pod, unless it is over already. */
  start(): void {
    if (!isOver(this.#pod)) this.#life = this.#live().catch((error) => this.#broken(error));
    this.update(this.#pod);
  }

  /** Takes the pod's newest object; stops the pod when that is being deleted. */
  update(pod: Pod): void {
    const gatesChanged = JSON.stringify(pod.status?.conditions) !== JSON.stringify(this.#pod.status?.conditions);
    this.#pod = pod;
    if (pod.metadata?.deletionTimestamp !== undefined) this.#ending ??= this.#end();
    else if (gatesChanged && (pod.spec?.readinessGates ?? []).length > 0) this.#publisher.publish();
  }

  /** The API's object is gone: nothing is left to wait for. */
  async forget(): Promise<void> {
    this.kill();
    await this.#life;
    await this.#cleanUp();
  }

  /** Ends the pod's processes at once and says nothing to the API, as when the node's power fails. */
  kill(): void {
    this.#publisher.end();
    this.#stopping.abort();
    for (const runner of this.#everyRunner()) runner.kill();
  }

  log(container: string): ContainerLog | undefined {
    return this.#logs.get(container);
  }

  async #live(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    this.#publisher.publish();
    await this.#setUp();
    for (const runner of this.#initRunners) {
      if (!this.#stopping.signal.aborted) await runner.run();
      const code = runner.status().state?.terminated?.exitCode;
      if (code === undefined || code !== 0) return;
    }
    if (!this.#stopping.signal.aborted) await Promise.all(this.#runners.map((runner) => runner.run()));
  }

  async #setUp(): Promise<void> {
    const mounting = {
      pod: this.#pod,
      placement: this.#placement,
      sources: this.#context.sourcesIn(this.#namespace()),
    };
    let retry = MOUNT_RETRY.firstMilliseconds;
    while (!this.#stopping.signal.aborted && !this.#isSetUp) {
      try {
        await setUpVolumes(this.#root, mounting);
        for (const container of this.#everyContainer()) await mountInto(this.#root, container);
        this.#isSetUp = true;
        this.#publisher.publish();
      } catch (error) {
        if (!(error instanceof MountError)) throw error;
        this.#record({ type: "Warning", reason: "FailedMount", message: error.message });
        await pause(retry, this.#stopping.signal);
        retry = Math.min(retry * 2, MOUNT_RETRY.lastMilliseconds);
      }
    }
  }

  async #end(): Promise<void> {
    const seconds = this.#pod.metadata?.deletionGracePeriodSeconds ?? this.#graceSeconds();
    this.#stopping.abort();
    await Promise.all(this.#everyRunner().map((runner) => runner.stop(seconds)));
    await this.#life;
    this.#publisher.publish();
    await this.#publisher.settled();
    this.#publisher.end();
    const options = { gracePeriodSeconds: 0, preconditions: { uid: uidOf(this.#pod) } };
    await this.#context.api.delete(pathOf(this.#pod), options).catch(() => undefined);
    await this.#cleanUp();
  }

  async #cleanUp(): Promise<void> {
    this.#context.addresses.release(uidOf(this.#pod));
    await rm(this.#root, { recursive: true, force: true });
  }

  /** A fault of the kubelet itself is shown where a person looks for a pod's trouble. */
  #broken(error: Error): void {
    this.#record({ type: "Warning", reason: "FailedSync", message: `error syncing pod: ${error.message}` });
  }

  #plan(container: Container, restartPolicy: RestartPolicy): ContainerPlan {
    const log = new ContainerLog(join(this.#root, `${container.name}.log`));
    this.#logs.set(container.name, log);
    const name = this.#pod.metadata?.name ?? "";
    return {
      container,
      processName: `${this.#namespace()}.${name}.${container.name}`,
      podName: name,
      restartPolicy,
      address: toLoopback(this.#placement.podAddress, this.#context.slot),
      graceSeconds: this.#graceSeconds(),
      restarts: restartsAfter(this.#pod, container.name, restartPolicy),
      log,
      environment: (behaviour) => this.#environment(container, behaviour),
      record: (occurrence) => this.#record(occurrence, container.name),
      changed: () => this.#publisher.publish(),
    };
  }

  async #environment(container: Container, behaviour: ImageBehaviour): Promise<Record<string, string>> {
    const references = this.#context.sourcesIn(this.#namespace());
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
    const { metadata } = this.#pod;
    const object = {
      apiVersion: "v1",
      kind: "Pod",
      namespace: this.#namespace(),
      name: metadata?.name ?? "",
      uid: uidOf(this.#pod),
      ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
    };
    void this.#context.events.record(object, this.#node.name, occurrence);
  }

  #status() {
    const facts: PodFacts = {
      pod: this.#pod,
      initStatuses: this.#initRunners.map((runner) => runner.status()),
      statuses: this.#runners.map((runner) => runner.status()),
      isSetUp: this.#isSetUp,
      isStopping: this.#stopping.signal.aborted,
    };
    const { status } = this.#pod;
    const { podAddress, nodeAddress } = this.#placement;
    const now = new Date().toISOString();
    return {
      metadata: { uid: uidOf(this.#pod) },
      status: {
        phase: isOver(this.#pod) ? status?.phase : phaseOf(facts),
        conditions: conditionsOf(facts, status?.conditions ?? [], now),
        startTime: status?.startTime ?? now,
        hostIP: nodeAddress,
        podIP: podAddress,
        podIPs: [{ ip: podAddress }],
        ...(facts.initStatuses.length === 0 ? {} : { initContainerStatuses: facts.initStatuses }),
        containerStatuses: facts.statuses,
      },
    };
  }

  #namespace(): string {
    return this.#pod.metadata?.namespace ?? "default";
  }

  #graceSeconds(): number {
    return this.#pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  }

  #everyContainer(): readonly Container[] {
    return [...(this.#pod.spec?.initContainers ?? []), ...(this.#pod.spec?.containers ?? [])];
  }

  #everyRunner(): readonly ContainerRunner[] {
    return [...this.#initRunners, ...this.#runners];
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}

function pathOf({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
}

function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** A container that an earlier kubelet had started is started once more now. */
function restartsAfter(pod: Pod, container: string, policy: RestartPolicy): number {
  const earlier = pod.status?.containerStatuses?.find(({ name }) => name === container);
  if (earlier === undefined) return 0;
  const ran = earlier.state?.running !== undefined || isRestarted(policy, earlier.state?.terminated?.exitCode ?? 0);
  return earlier.restartCount + (ran && earlier.containerID !== undefined ? 1 : 0);
}
