import { isRestarted, type RestartPolicy } from "./container-plan.ts";
import type { ContainerStatus, Placement, Pod, PodCondition } from "./objects.ts";
import { isOver } from "./pod-identity.ts";

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
