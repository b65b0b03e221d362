import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Addresses } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { Instances } from "../processes.ts";
import type { LoadBalancerService, LoadBalancerState } from "../services.ts";
import { type BalancerEvent, type BalancerRequest, type BalancerWorkerData, type Endpoint, keyOf } from "./balancer.ts";

export interface LoadBalancersOptions extends BalancerWorkerData {
  readonly authority: CertificateAuthority;
  readonly addresses: Pick<Addresses, "loadBalancer">;
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** Load balancers as HTTP proxies, each on its own address, all in one thread beside the cloud's own. */
export class LoadBalancers implements LoadBalancerService {
  readonly #options: LoadBalancersOptions;
  readonly #instances = new Instances<{ readonly address: string; isRunning(): boolean }>();
  readonly #targets = new Map<string, readonly Endpoint[]>();
  /** Target groups in which no pod may be registered. */
  readonly #closed = new Set<string>();
  readonly #healthy = new Map<string, ReadonlySet<string>>();
  readonly #entrances = new Map<string, { readonly name: string; readonly address: string }>();
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
  }

  async apply(state: LoadBalancerState): Promise<{ address: string }> {
    const { authority, addresses } = this.#options;
    const make = async (index: number) => ({ address: addresses.loadBalancer(index), isRunning: () => true });
    const { address } = await this.#instances.start(state.name, make);
    const [commonName] = state.certificateNames;
    const names = state.certificateNames;
    if (commonName !== undefined) this.#entrances.set(state.name, { name: commonName, address });
    const certificate = commonName === undefined ? undefined : await authority.issue({ commonName, names });
    await this.#request({ type: "apply", address, state, certificate });
    for (const { arn, takesPods } of state.targetGroups) {
      if (takesPods) this.#closed.delete(arn);
      else this.#closed.add(arn);
      this.#tellTargets(arn);
    }
    return { address };
  }

  setTargets(targetGroupArn: string, targets: readonly Endpoint[]): void {
    this.#targets.set(targetGroupArn, [...targets]);
    this.#tellTargets(targetGroupArn);
  }

  health(targetGroupArn: string): readonly { address: string; port: number; healthy: boolean }[] {
    const healthy = this.#healthy.get(targetGroupArn);
    const targets = this.#targets.get(targetGroupArn) ?? [];
    return targets.map((target) => ({ ...target, healthy: healthy?.has(keyOf(target)) ?? false }));
  }

  /** Lets in so many more of a gate's own requests and blocks the others, as a firewall's limit does; undefined lifts it. */
  limitGateRequests(gateRequests: number | undefined): void {
    this.#thread().postMessage({ type: "firewall", gateRequests });
  }

  /** The names and addresses at which users find the balancers. */
  entrances(): readonly { readonly name: string; readonly address: string }[] {
    return [...this.#entrances.values()];
  }

  async stop(name: string): Promise<void> {
    this.#entrances.delete(name);
    if ((await this.#instances.take(name)) !== undefined) await this.#request({ type: "stop", name });
  }

  async stopAll(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #tellTargets(arn: string): void {
    const targets = this.#closed.has(arn) ? [] : this.#targets.get(arn);
    if (targets) this.#thread().postMessage({ type: "targets", arn, targets });
  }

  #request(request: BalancerRequest): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread().postMessage({ ...request, id });
    });
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const { timeScale, seed } = this.#options;
    const workerData: BalancerWorkerData = { timeScale, seed };
    const worker = new Worker(join(import.meta.dirname, "balancer-worker.ts"), { workerData });
    worker.on("message", (event: BalancerEvent) => this.#receive(event));
    worker.on("error", (cause) =>
      this.#failAll(new DeployError("SPARKI_OUTSIDE", "the load balancer broke", { cause })),
    );
    worker.on("exit", () => this.#failAll(new DeployError("SPARKI_OUTSIDE", "the load balancer was stopped")));
    this.#worker = worker;
    return worker;
  }

  #receive(event: BalancerEvent): void {
    if (event.type === "health") {
      this.#healthy.set(event.arn, new Set(event.healthy));
      return;
    }
    const waiting = this.#waiting.get(event.id);
    this.#waiting.delete(event.id);
    if (event.failure === undefined) waiting?.resolve();
    else waiting?.reject(new DeployError("SPARKI_OUTSIDE", `load balancer: ${event.failure}`));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
