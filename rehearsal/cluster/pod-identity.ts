import { isRestarted, type RestartPolicy } from "./container-plan.ts";
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
