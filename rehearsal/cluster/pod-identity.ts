import { isRestarted, type RestartPolicy } from "./container-state.ts";
import type { Container, ObjectReference, Pod } from "./objects.ts";

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

/** The restarts to begin with: a container that an earlier kubelet had started is started once more now. */
export function restartsBefore(pod: Pod, container: string, policy: RestartPolicy): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const earlier = statuses.find(({ name }) => name === container);
  if (earlier?.containerID === undefined) return earlier?.restartCount ?? 0;
  const exitCode = earlier.state?.terminated?.exitCode;
  return earlier.restartCount + (exitCode === undefined || isRestarted(policy, exitCode) ? 1 : 0);
}
