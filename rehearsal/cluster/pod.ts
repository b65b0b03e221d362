import type { Container, ContainerStatus, ObjectReference, Placement, Pod, PodCondition } from "./objects.ts";

const DEFAULT_GRACE_SECONDS = 30;

export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}

export function namespaceOf(pod: Pod): string {
  return pod.metadata?.namespace ?? "default";
}

/** The pod's path in the API. */
export function pathOf(pod: Pod): string {
  return `/api/v1/namespaces/${namespaceOf(pod)}/pods/${pod.metadata?.name}`;
}

/** What an event about the pod, or about one of its containers, refers to. */
export function referenceTo(pod: Pod, container: string | undefined): ObjectReference {
  const name = pod.metadata?.name ?? "";
  const reference = { apiVersion: "v1", kind: "Pod", namespace: namespaceOf(pod), name, uid: uidOf(pod) };
  return container === undefined ? reference : { ...reference, fieldPath: `spec.containers{${container}}` };
}

/** True once every container has ended for good. */
export function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Seconds from SIGTERM to SIGKILL: as the deletion asks, else as the pod does. */
export function graceOf({ metadata, spec }: Pod): number {
  return metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/** The init containers, then the others. */
export function containersOf({ spec }: Pod): readonly Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

/**
 * The restarts to begin with: a container that had ended is started once more now. One that ran continues: at AWS pods outlive
 * whoever deploys, and only here they end with the machine that a deployment is killed on.
 */
export function restartsBefore(pod: Pod, container: string, policy: RestartPolicy): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const earlier = statuses.find(({ name }) => name === container);
  if (earlier?.containerID === undefined) return earlier?.restartCount ?? 0;
  if (earlier.state?.running !== undefined) return earlier.restartCount;
  const exitCode = earlier.state?.terminated?.exitCode;
  return earlier.restartCount + (exitCode === undefined || isRestarted(policy, exitCode) ? 1 : 0);
}

/** Third octets of pods: below are the rehearsal's own servers. */
const FIRST_THIRD_OCTET = 16;

const PER_OCTET = 254;

const CAPACITY = (256 - FIRST_THIRD_OCTET) * PER_OCTET;

/** The pods' addresses as the API shows them, in the cluster's VPC; an address is reused as late as possible. */
export class PodAddresses {
  readonly #prefix: string;
  readonly #owners = new Map<string, string>();
  #next = 0;

  /** `podNetwork` is a CIDR of /16, of which the first two octets count. */
  constructor(podNetwork: string) {
    this.#prefix = podNetwork.split(".").slice(0, 2).join(".");
  }

  /** The pod's address: the one it had (`earlier`) when that is free, else the next. */
  claim(uid: string, earlier: string | undefined): string {
    const address = earlier !== undefined && !this.#owners.has(earlier) ? earlier : this.#free();
    this.#owners.set(address, uid);
    return address;
  }

  release(uid: string): void {
    for (const [address, owner] of this.#owners) if (owner === uid) this.#owners.delete(address);
  }

  #free(): string {
    for (let tries = 0; tries < CAPACITY; tries += 1) {
      const address = this.#at(this.#next);
      this.#next = (this.#next + 1) % CAPACITY;
      if (!this.#owners.has(address)) return address;
    }
    throw new Error(`all ${CAPACITY} pod addresses of ${this.#prefix}.0.0/16 are taken`);
  }

  #at(index: number): string {
    return `${this.#prefix}.${FIRST_THIRD_OCTET + Math.floor(index / PER_OCTET)}.${1 + (index % PER_OCTET)}`;
  }
}

export type RestartPolicy = "Always" | "OnFailure" | "Never";

/** Whether a container that ended with this code is started again. */
export function isRestarted(policy: RestartPolicy, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** What is known of a pod on its node. */
export interface PodFacts {
  readonly pod: Pod;
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
  /** The volumes are set up and the pod has its address. */
  readonly isSetUp: boolean;
  /** Containers are being stopped and none is started again. */
  readonly isStopping: boolean;
}

export function restartPolicyOf(pod: Pod): RestartPolicy {
  const policy = pod.spec?.restartPolicy;
  return policy === "Never" || policy === "OnFailure" ? policy : "Always";
}

/** The whole status of a pod, as a kubelet writes it. */
export function podStatus(facts: PodFacts, { podAddress, nodeAddress }: Placement, now: string) {
  const { status } = facts.pod;
  return {
    phase: isOver(facts.pod) ? status?.phase : phaseOf(facts),
    conditions: conditionsOf(facts, status?.conditions ?? [], now),
    startTime: status?.startTime ?? now,
    hostIP: nodeAddress,
    podIP: podAddress,
    podIPs: [{ ip: podAddress }],
    ...(facts.initStatuses.length === 0 ? {} : { initContainerStatuses: facts.initStatuses }),
    containerStatuses: facts.statuses,
  };
}

/** The phase, from the containers' states and the restart policy. */
export function phaseOf({ pod, initStatuses, statuses, isStopping }: PodFacts): PodPhase {
  const policy = restartPolicyOf(pod);
  if (initStatuses.some((status) => hasFailedForGood(status, policy))) return "Failed";
  const ends = statuses.map((status) => status.state?.terminated?.exitCode);
  const isOver = (code: number | undefined) => code !== undefined && (isStopping || !isRestarted(policy, code));
  if (ends.length > 0 && ends.every(isOver)) return ends.every((code) => code === 0) ? "Succeeded" : "Failed";
  return statuses.some(hasRun) ? "Running" : "Pending";
}

function hasFailedForGood({ state }: ContainerStatus, policy: RestartPolicy): boolean {
  return policy === "Never" && (state?.terminated?.exitCode ?? 0) !== 0;
}

function hasRun({ state, restartCount }: ContainerStatus): boolean {
  return state?.running !== undefined || state?.terminated !== undefined || restartCount > 0;
}

/** The conditions that a kubelet keeps; a condition's transition time changes only with its status. */
export function conditionsOf(facts: PodFacts, before: readonly PodCondition[], now: string): readonly PodCondition[] {
  const phase = phaseOf(facts);
  const initialized = facts.isSetUp && facts.initStatuses.every(({ state }) => state?.terminated?.exitCode === 0);
  const unready = facts.statuses.filter(({ ready }) => !ready).map(({ name }) => name);
  const isOver = phase === "Succeeded" || phase === "Failed";
  const notReady = isOver ? done(phase) : { reason: "ContainersNotReady", message: listed("unready", unready) };
  const containersReady = !isOver && facts.isSetUp && unready.length === 0;
  const gate = openGate(facts.pod);
  const isReady = containersReady && gate === undefined;
  const blocked = containersReady
    ? {
        reason: "ReadinessGatesNotReady",
        message: `corresponding condition of pod readiness gate "${gate}" is not True`,
      }
    : notReady;
  return [
    condition("PodReadyToStartContainers", facts.isSetUp, {}),
    condition("Initialized", initialized || phase === "Succeeded", { reason: "ContainersNotInitialized" }),
    condition("ContainersReady", containersReady, notReady),
    condition("Ready", isReady, blocked),
  ].map((each) => ({ ...each, lastTransitionTime: since(each, before) ?? now }));
}

function done(phase: PodPhase) {
  return { reason: phase === "Succeeded" ? "PodCompleted" : "PodFailed" };
}

function listed(what: string, names: readonly string[]): string {
  return `containers with ${what} status: [${names.join(" ")}]`;
}

/** The first readiness gate whose condition nobody has set to True. */
function openGate(pod: Pod): string | undefined {
  const conditions = pod.status?.conditions ?? [];
  const gates = pod.spec?.readinessGates ?? [];
  return gates.find(({ conditionType }) => !conditions.some(isTrue(conditionType)))?.conditionType;
}

function isTrue(wanted: string) {
  return ({ type, status }: PodCondition) => type === wanted && status === "True";
}

function condition(type: string, holds: boolean, otherwise: { reason?: string; message?: string }): PodCondition {
  return holds ? { type, status: "True" } : { type, status: "False", ...otherwise };
}

function since({ type, status }: PodCondition, before: readonly PodCondition[]): string | undefined {
  return before.find((earlier) => earlier.type === type && earlier.status === status)?.lastTransitionTime;
}
