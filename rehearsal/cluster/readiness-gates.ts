import { toLoopback } from "../addresses.ts";
import type { LoadBalancerService } from "../services.ts";
import type { KubernetesApi } from "./api.ts";
import { type BoundServices, type ClosedGate, closedGates } from "./bound-services.ts";
import { pathOf, uidOf } from "./pod-identity.ts";
import { pause } from "./timing.ts";

/** Between two looks at the target groups' health, while any gate is closed. */
const LOOK_MILLISECONDS = 200;

export interface GateKeeping {
  readonly api: KubernetesApi;
  readonly balancer: Pick<LoadBalancerService, "health">;
  readonly slot: number;
  readonly bound: BoundServices;
  readonly signal: AbortSignal;
}

/** Opens a pod's readiness gate once the pod is healthy in the gate's target group. */
export class GateKeeper {
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
