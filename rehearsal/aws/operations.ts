import { PartialFailure } from "../provider/failures.ts";
import type { Path, Properties } from "../provider/properties.ts";
import { AwsError } from "./aws-error.ts";
import { checkAcceptable, holderOf } from "./checks.ts";
import { draw, type Latency, TIMINGS, uniforms } from "./latency.ts";
import type { Cloud, ResourceModel, Subject } from "./model.ts";
import type { Models } from "./models.ts";
import {
  companionRecord,
  computedOutputs,
  draftOf,
  identify,
  inputsOf,
  type Place,
  record,
  secretsKey,
  stateOf,
  subjectOf,
} from "./subject.ts";
import type { WorldResource } from "./world.ts";

/** A resource to make. */
export interface Order extends Place {
  readonly type: string;
  readonly logicalName: string;
  readonly inputs: Properties;
  readonly secrets: readonly Path[];
}

/** How often a refused deletion is tried again, in model seconds. */
const RETRY_SECONDS = 5;

/**
 * What the simulated AWS does: it refuses or accepts at once, and then works by itself for the modelled time.
 * A caller that stops waiting does not stop AWS; whoever asks for the resource next waits for the same work.
 */
export class Operations {
  readonly #cloud: Cloud;
  readonly #models: Models;
  readonly #working = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(cloud: Cloud, models: Models) {
    this.#cloud = cloud;
    this.#models = models;
  }

  /** Makes the resource; resolves with its state once AWS says that it is available. */
  async create(order: Order, signal: AbortSignal): Promise<{ id: string; properties: Properties }> {
    const { world } = this.#cloud;
    const model = this.#models.of(order.type);
    const draft = draftOf(world, { ...order, serial: world.nextSerial() });
    return this.#named(`creating ${model.title} (${order.logicalName})`, async () => {
      checkAcceptable(model, draft, world);
      const subject = identify(model, draft, world);
      const resource = this.#begin(model, subject, order.secrets);
      this.#work(resource, this.#finish(model, subject));
      return { id: subject.id, properties: await this.#settled(resource, signal) };
    });
  }

  /** Changes the resource; resolves with its new state. */
  async update(id: string, order: Order, signal: AbortSignal): Promise<Properties> {
    const { world } = this.#cloud;
    const model = this.#models.of(order.type);
    return this.#named(`updating ${model.title} (${id})`, async () => {
      await this.#working.get(workKey(order.type, id))?.catch(() => undefined);
      const resource = this.#existing(order.type, id);
      const draft = draftOf(world, { ...order, serial: resource.serial });
      checkAcceptable(model, draft, world, resource);
      const subject = { ...draft, id, arn: resource.arn };
      const olds = inputsOf(resource, this.#cloud.vault);
      world.put({ ...resource, ...record(model, subject, { ...resource, secrets: order.secrets }, this.#cloud) });
      this.#work(resource, this.#change(model, subject, olds));
      return this.#settled(resource, signal);
    });
  }

  /** Deletes the resource, or leaves it as it is and throws; one that is gone already is no failure. */
  async delete(type: string, id: string, signal: AbortSignal): Promise<void> {
    const { world } = this.#cloud;
    const model = this.#models.of(type);
    await this.#named(`deleting ${model.title} (${id})`, async () => {
      await this.#working.get(workKey(type, id))?.catch(() => undefined);
      const resource = world.get(type, id);
      if (resource === undefined) return;
      if (model.adopted !== true) await this.#whenDeletable(model, resource, signal);
      const current = world.get(type, id);
      if (current === undefined) return;
      world.put({ ...current, status: "deleting" });
      this.#work(current, this.#remove(model, current));
      await this.#waitedFor(current, signal);
    });
  }

  /** Carries on after a restart: AWS has finished what it was asked for, and what runs behind resources runs again. */
  async resume(): Promise<void> {
    const resources = this.#cloud.world.all();
    await Promise.all(resources.map((resource) => this.#resumeOne(resource)));
  }

  /** Stops working; what is unfinished stays so until the next `resume`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#working.values());
  }

  async #resumeOne(resource: WorldResource): Promise<void> {
    const model = this.#models.find(resource.type);
    if (model === undefined || resource.owner !== undefined) return;
    if (resource.status === "deleting") return this.#gone(model, resource);
    if (resource.status === "failed") return;
    const subject = subjectOf(resource, this.#cloud);
    const backed = await model.backing?.start(subject, this.#cloud, this.#closing.signal);
    if (resource.status === "creating" || backed !== undefined) this.#available(model, subject, backed ?? {});
  }

  #begin(model: ResourceModel, subject: Subject, secrets: readonly Path[]): WorldResource {
    const { world, clock } = this.#cloud;
    const createdAtModelSeconds = clock.now();
    const resource = record(
      model,
      subject,
      { status: "creating", outputs: {}, createdAtModelSeconds, secrets },
      this.#cloud,
    );
    world.put(resource);
    for (const companion of model.companions?.(subject, world) ?? []) {
      world.put(companionRecord(companion, subject, createdAtModelSeconds));
    }
    return resource;
  }

  /** The modelled time and the real start run side by side: what takes longer decides. */
  async #finish(model: ResourceModel, subject: Subject): Promise<void> {
    const modelled = this.#wait(model.latency?.create ?? TIMINGS.small, subject, "create");
    try {
      if (model.backing?.afterLatency) await modelled;
      const backed = await model.backing?.start(subject, this.#cloud, this.#closing.signal);
      await modelled;
      this.#available(model, subject, backed ?? {});
    } catch (error) {
      modelled.catch(() => undefined);
      this.#failed(subject);
      throw error;
    }
  }

  async #change(model: ResourceModel, subject: Subject, olds: Properties): Promise<void> {
    await this.#wait(model.latency?.update ?? TIMINGS.quick, subject, "update");
    const { backing } = model;
    const backed = await (backing?.update?.(subject, olds, this.#cloud) ??
      backing?.start(subject, this.#cloud, this.#closing.signal));
    this.#available(model, subject, backed ?? {});
  }

  async #remove(model: ResourceModel, resource: WorldResource): Promise<void> {
    const subject = subjectOf(resource, this.#cloud);
    const modelled = this.#wait(model.latency?.delete ?? TIMINGS.quick, subject, "delete");
    await Promise.all([modelled, model.backing?.stop?.(resource, this.#cloud)]);
    await this.#gone(model, resource);
  }

  async #gone(model: ResourceModel, resource: WorldResource): Promise<void> {
    this.#cloud.world.remove(resource);
    this.#cloud.vault.delete(secretsKey(resource));
    model.afterDelete?.(resource, this.#cloud);
  }

  async #wait(of: Latency | ((inputs: Properties) => Latency), subject: Subject, act: string): Promise<void> {
    const { world, clock } = this.#cloud;
    const range = typeof of === "function" ? of(subject.inputs) : of;
    const seconds = draw(range, uniforms(world.seed, `${act} ${subject.type} ${subject.logicalName}`));
    await clock.wait(seconds, this.#closing.signal);
  }

  #available(model: ResourceModel, subject: Subject, backed: Properties): void {
    const { world } = this.#cloud;
    const resource = world.get(subject.type, subject.id);
    if (resource === undefined) return;
    const outputs = { ...resource.outputs, ...computedOutputs(model, subject, world), ...backed };
    world.put({ ...resource, outputs, status: "available" });
  }

  #failed(subject: Subject): void {
    const resource = this.#cloud.world.get(subject.type, subject.id);
    if (resource !== undefined && !this.#closing.signal.aborted)
      this.#cloud.world.put({ ...resource, status: "failed" });
  }

  #work(resource: WorldResource, work: Promise<void>): void {
    const key = workKey(resource.type, resource.id);
    const tracked = work.finally(() => {
      if (this.#working.get(key) === tracked) this.#working.delete(key);
    });
    tracked.catch(() => undefined);
    this.#working.set(key, tracked);
  }

  /** Waits until the work on a resource is done; what is there already is kept in state when the wait fails. */
  async #settled(resource: WorldResource, signal: AbortSignal): Promise<Properties> {
    const model = this.#models.of(resource.type);
    try {
      await this.#waitedFor(resource, signal);
    } catch (error) {
      const now = this.#cloud.world.get(resource.type, resource.id);
      if (now === undefined) throw error;
      const partial = { id: now.id, inputs: inputsOf(now, this.#cloud.vault), properties: this.#state(model, now) };
      throw new PartialFailure(error instanceof Error ? error.message : String(error), partial);
    }
    return this.#state(model, this.#existing(resource.type, resource.id));
  }

  async #waitedFor(resource: WorldResource, signal: AbortSignal): Promise<void> {
    const work = this.#working.get(workKey(resource.type, resource.id));
    const canceled = once(signal);
    try {
      await Promise.race([work, canceled.promise]);
      await this.#cloud.world.saved();
    } finally {
      canceled.dispose();
    }
  }

  #state(model: ResourceModel, resource: WorldResource): Properties {
    return stateOf(model, resource, this.#cloud.vault);
  }

  #existing(type: string, id: string): WorldResource {
    const found = this.#cloud.world.get(type, id);
    if (found === undefined) throw new AwsError("ResourceNotFoundException", `${id} does not exist`);
    return found;
  }

  async #whenDeletable(model: ResourceModel, resource: WorldResource, signal: AbortSignal): Promise<void> {
    const { world, clock } = this.#cloud;
    for (let left = (model.deleteRetrySeconds ?? 0) / RETRY_SECONDS; ; left -= 1) {
      const refusal = refusalOf(() => {
        model.mayDelete?.(resource, world);
        const holder = holderOf(resource, world, (type) => this.#models.find(type));
        if (holder !== undefined) throw inUse(model, resource, holder);
      });
      if (refusal === undefined) return;
      if (left <= 0) throw refusal;
      await clock.wait(RETRY_SECONDS, signal);
    }
  }

  async #named<T>(act: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const message = `${act}: ${error instanceof Error ? error.message : String(error)}`;
      if (!(error instanceof PartialFailure)) throw new Error(message, { cause: error });
      throw new PartialFailure(message, error);
    }
  }
}

function workKey(type: string, id: string): string {
  return `${type} ${id}`;
}

function inUse(model: ResourceModel, resource: WorldResource, holder: WorldResource): AwsError {
  const words = `resource ${resource.id} has a dependent object`;
  return model.inUse?.(resource, holder) ?? new AwsError("DependencyViolation", words);
}

function refusalOf(check: () => void): AwsError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

function once(signal: AbortSignal): { promise: Promise<never>; dispose: () => void } {
  let stop = () => {};
  const promise = new Promise<never>((_resolve, reject) => {
    const abort = () => reject(new Error("context canceled while AWS is still working on it"));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    stop = () => signal.removeEventListener("abort", abort);
  });
  promise.catch(() => undefined);
  return { promise, dispose: () => stop() };
}
