import { toLoopback } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { LoadBalancerService } from "../services.ts";
import { serveReadinessGates } from "./admission.ts";
import type { KubernetesApi } from "./api.ts";
import {
  type BoundServices,
  type ClosedGate,
  closedGates,
  gatesFor,
  keyOf,
  type Target,
  type TargetGroupBinding,
  targetsByGroup,
} from "./bound-services.ts";
import type { EndpointSlice, Metadata, Pod, Service } from "./objects.ts";
import { pathOf, uidOf } from "./pod-identity.ts";
import { pause } from "./timing.ts";
import { follow } from "./watch.ts";

export interface TargetGroupsOptions {
  readonly balancer: Pick<LoadBalancerService, "setTargets" | "health">;
  readonly slot: number;
  /** Where the admission webhook listens. */
  readonly address: string;
  readonly authority: CertificateAuthority;
}

/**
 * Stands in for the load balancer's controller until the signal aborts: keeps every bound target group's targets equal
 * to its Service's endpoints, and lets a gated pod be ready only once it is healthy in its target group.
 */
export async function bindTargetGroups(
  api: KubernetesApi,
  { balancer, slot, address, authority }: TargetGroupsOptions,
  signal: AbortSignal,
): Promise<{ close(): Promise<void> }> {
  const services = new Map<string, Service>();
  const slices = new Map<string, EndpointSlice>();
  const pods = new Map<string, Pod>();
  const bindings = new Map<string, TargetGroupBinding>();
  const bound = { services, slices, pods, bindings };
  const targets = new AnnouncedTargets(balancer);
  const gates = new GateKeeper({ api, balancer, slot, bound, signal });
  const changed = () => {
    targets.announce(targetsByGroup(bound, slot));
    gates.wake();
  };
  await follow(api, collecting("/api/v1/services", services, changed), signal);
  await follow(api, collecting("/api/v1/pods", pods, changed), signal);
  await follow(api, collecting("/apis/discovery.k8s.io/v1/endpointslices", slices, changed), signal);
  await follow(api, collecting("/apis/eks.amazonaws.com/v1/targetgroupbindings", bindings, changed), signal);
  return serveReadinessGates(api, { address, authority }, (namespace, labels) => gatesFor(namespace, labels, bound));
}

function collecting<T extends { readonly metadata?: Metadata }>(
  path: string,
  known: Map<string, T>,
  changed: () => void,
) {
  const onChange = (object: T) => {
    known.set(keyOf(object), object);
    changed();
  };
  const onDelete = (object: T) => {
    known.delete(keyOf(object));
    changed();
  };
  return { path, onChange, onDelete };
}

/** Tells the balancer about changes only. */
class AnnouncedTargets {
  readonly #balancer: Pick<LoadBalancerService, "setTargets">;
  readonly #told = new Map<string, string>();

  constructor(balancer: Pick<LoadBalancerService, "setTargets">) {
    this.#balancer = balancer;
  }

  announce(groups: ReadonlyMap<string, readonly Target[]>): void {
    const gone = [...this.#told.keys()].filter((arn) => !groups.has(arn));
    for (const [arn, targets] of [...groups, ...gone.map((arn) => [arn, []] as const)]) {
      const text = JSON.stringify(targets);
      if (this.#told.get(arn) !== text) this.#balancer.setTargets(arn, targets);
      this.#told.set(arn, text);
    }
    for (const arn of gone) this.#told.delete(arn);
  }
}

/** Between two looks at the target groups' health, while any gate is closed. */
const LOOK_MILLISECONDS = 200;

interface GateKeeping {
  readonly api: KubernetesApi;
  readonly balancer: Pick<LoadBalancerService, "health">;
  readonly slot: number;
  readonly bound: BoundServices;
  readonly signal: AbortSignal;
}

/** Opens a pod's readiness gate once the pod is healthy in the gate's target group. */
class GateKeeper {
  readonly #keeping: GateKeeping;
  #looking: Promise<void> | undefined;

  constructor(keeping: GateKeeping) {
    this.#keeping = keeping;
  }

  /** Something changed: looks until no gate is closed. */
  wake(): void {
    if (closedGates(this.#keeping.bound).length === 0) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  async #look(): Promise<void> {
    const { bound, signal } = this.#keeping;
    for (let closed = closedGates(bound); closed.length > 0 && !signal.aborted; closed = closedGates(bound)) {
      const healthy = closed.filter((gate) => this.#isHealthy(gate));
      // A pod that is gone meanwhile needs no gate.
      await Promise.all(healthy.map((gate) => this.#open(gate).catch(() => undefined)));
      await pause(LOOK_MILLISECONDS, signal);
    }
  }

  #isHealthy({ pod, targetGroupArn }: ClosedGate): boolean {
    const { balancer, slot } = this.#keeping;
    const address = toLoopback(pod.status?.podIP ?? "", slot);
    return balancer.health(targetGroupArn).some((target) => target.address === address && target.healthy);
  }

  async #open({ pod, gate }: ClosedGate): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const condition = { type: gate, status: "True", reason: "Healthy", lastTransitionTime };
    const change = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
    await this.#keeping.api.patch(`${pathOf(pod)}/status`, "strategic-merge-patch", change);
  }
}
