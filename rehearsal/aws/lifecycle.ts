import type { Path, Properties } from "../provider/properties.ts";
import type { Ending } from "./fault-injection.ts";
import { draw, type Latency, TIMINGS, uniforms } from "./latency.ts";
import type { Cloud, ResourceModel, Subject } from "./model.ts";
import { companionRecord, computedOutputs, record, secretPathsOf, secretsKey, subjectOf } from "./subject.ts";
import type { WorldResource } from "./world.ts";

/** How long a creation takes that ends late. */
const LATE_SECONDS = 2400;

/** What AWS does once it has accepted a request: it takes the modelled time, and real processes start beside it. */
export class Lifecycle {
  readonly #cloud: Cloud;
  /** Aborted when the simulated account closes. */
  readonly #signal: AbortSignal;

  constructor(cloud: Cloud, signal: AbortSignal) {
    this.#cloud = cloud;
    this.#signal = signal;
  }

  /** Puts the resource into the world, with what AWS makes along with it, before anything takes time. */
  begin(model: ResourceModel, subject: Subject, secrets: readonly Path[]): WorldResource {
    const { world, clock } = this.#cloud;
    const state = { status: "creating", outputs: {}, createdAtModelSeconds: clock.now(), secrets } as const;
    const resource = record(model, subject, state, this.#cloud);
    world.put(resource);
    for (const companion of model.companions?.(subject, world) ?? []) {
      world.put(companionRecord(companion, subject, state.createdAtModelSeconds));
    }
    return resource;
  }

  /** The modelled time and the real start run side by side: what takes longer decides. */
  async create(
    model: ResourceModel,
    subject: Subject,
    { ending, slowness = 0 }: { readonly ending?: Ending | undefined; readonly slowness?: number } = {},
  ): Promise<void> {
    const late = ending?.ends === "late" ? this.#cloud.clock.wait(LATE_SECONDS, this.#signal) : undefined;
    const modelled = late ?? this.#wait(model.latency?.create ?? TIMINGS.small, subject, "create", slowness);
    modelled.catch(() => undefined);
    try {
      if (ending?.ends === "failed") {
        await modelled;
        throw new Error(ending.text);
      }
      if (model.backing?.afterLatency) await modelled;
      const backed = await this.#start(model, subject);
      await modelled;
      this.#available(model, subject, backed);
    } catch (error) {
      this.#failed(subject);
      throw error;
    }
  }

  async update(model: ResourceModel, subject: Subject, olds: Properties): Promise<void> {
    await this.#wait(model.latency?.update ?? TIMINGS.quick, subject, "update");
    const change = model.backing?.update?.(subject, olds, this.#cloud);
    this.#available(model, subject, await (change ?? this.#start(model, subject)));
  }

  async delete(model: ResourceModel, resource: WorldResource): Promise<void> {
    const subject = subjectOf(resource, this.#cloud);
    const modelled = this.#wait(model.latency?.delete ?? TIMINGS.quick, subject, "delete");
    await Promise.all([modelled, model.backing?.stop?.(resource, this.#cloud)]);
    this.#gone(model, resource);
  }

  /** After a restart AWS has finished what it was asked for, and what runs behind the resource runs again. */
  async resume(model: ResourceModel, resource: WorldResource): Promise<void> {
    if (resource.status === "failed") return;
    if (resource.status === "deleting") return this.#gone(model, resource);
    const subject = subjectOf(resource, this.#cloud);
    if (resource.status === "creating" || model.backing !== undefined) {
      this.#available(model, subject, await this.#start(model, subject));
    }
  }

  async #start(model: ResourceModel, subject: Subject): Promise<Properties> {
    return (await model.backing?.start(subject, this.#cloud, this.#signal)) ?? {};
  }

  async #wait(of: Latency | ((inputs: Properties) => Latency), subject: Subject, act: string, more = 0): Promise<void> {
    const { world, clock } = this.#cloud;
    const range = typeof of === "function" ? of(subject.inputs) : of;
    await clock.wait(more + draw(range, uniforms(world.seed, `${act} ${subject.origin}`)), this.#signal);
  }

  #available(model: ResourceModel, subject: Subject, backed: Properties): void {
    const { world, vault } = this.#cloud;
    const resource = world.get(subject.type, subject.id);
    if (resource === undefined) return;
    const outputs = { ...resource.outputs, ...computedOutputs(model, subject, world), ...backed };
    // A secret input is given back from the vault, so that no output of its name carries it into the world.
    const secrets = new Set(secretPathsOf(resource, vault).map(([key]) => key));
    const shown = Object.entries(outputs).filter(([key]) => !secrets.has(key));
    world.put({ ...resource, outputs: Object.fromEntries(shown), status: "available" });
  }

  #failed(subject: Subject): void {
    const resource = this.#cloud.world.get(subject.type, subject.id);
    if (resource === undefined || this.#signal.aborted) return;
    this.#cloud.world.put({ ...resource, status: "failed" });
  }

  #gone(model: ResourceModel, resource: WorldResource): void {
    this.#cloud.world.remove(resource);
    this.#cloud.vault.delete(secretsKey(resource));
    model.afterDelete?.(resource, this.#cloud);
  }
}
