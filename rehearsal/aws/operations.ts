import { messageOf } from "../../shared/message-of.ts";
import { PartialFailure } from "../provider/failures.ts";
import type { Path, Properties } from "../provider/properties.ts";
import { AwsError } from "./aws-error.ts";
import { checkAcceptable } from "./checks.ts";
import { whenDeletable } from "./deletion.ts";
import { Disturbances, type Ending } from "./disturbances.ts";
import { Labour } from "./labour.ts";
import { uniforms } from "./latency.ts";
import { matured, secondsUntilWindow, splitUpdate, windowOf } from "./maintenance.ts";
import type { Cloud, ResourceModel } from "./model.ts";
import type { Models } from "./models.ts";
import { Ongoing } from "./ongoing.ts";
import { draftOf, identify, inputsOf, type Place, record, stateOf } from "./subject.ts";
import { TYPES } from "./types.ts";
import { texts } from "./values.ts";
import type { WorldResource } from "./world-file.ts";

/** A resource to make, or what it is to become. */
export interface Order extends Place {
  readonly type: string;
  readonly urn: string;
  readonly logicalName: string;
  readonly inputs: Properties;
  readonly secrets: readonly Path[];
}

/** Seconds until every service knows of a new role. */
const LEAST_PROPAGATION = 2;
const MOST_PROPAGATION = 12;

/** How long the provider waits for a creation that ends late. */
const PATIENCE_SECONDS = 1800;

/** The API of the simulated AWS: it refuses or accepts at once, works by itself, and its callers wait. */
export class Operations {
  readonly #cloud: Cloud;
  readonly #models: Models;
  readonly #ongoing = new Ongoing();
  readonly #closing = new AbortController();
  readonly #labour: Labour;
  readonly #disturbances: Disturbances;

  constructor(cloud: Cloud, models: Models, disturbances = new Disturbances(cloud.clock, cloud.world.seed)) {
    this.#cloud = cloud;
    this.#models = models;
    this.#disturbances = disturbances;
    this.#labour = new Labour(cloud, this.#closing.signal);
  }

  /** Makes the resource; resolves with its state once AWS says that it is available. */
  async create(order: Order, signal: AbortSignal): Promise<{ id: string; properties: Properties }> {
    const { world } = this.#cloud;
    const model = this.#models.of(order.type);
    const draft = draftOf(world, { ...order, serial: world.nextSerial(), origin: world.nextOrigin(order.urn) });
    return inContext(`creating ${model.title} (${order.logicalName})`, async () => {
      await this.#propagated(model, order.inputs, signal);
      checkAcceptable(model, draft, world);
      const subject = identify(model, draft, world);
      const resource = this.#labour.begin(model, subject, order.secrets);
      const ending = this.#disturbances.creationOf(order.type);
      this.#ongoing.begin(
        resource,
        this.#labour.create(model, subject, { ending, slowness: this.#disturbances.slownessOf(order.type) }),
      );
      return { id: subject.id, properties: await this.#settled(resource, signal, ending) };
    });
  }

  /** What waits for the resource's maintenance window, as the world keeps it. */
  #waiting(resource: WorldResource, inputs: Properties): Pick<WorldResource, "waiting"> {
    if (Object.keys(inputs).length === 0) return {};
    const until = secondsUntilWindow(windowOf(resource), Date.now());
    return { waiting: { inputs, dueAtModelSeconds: this.#cloud.clock.now() + until } };
  }

  /** Services see a role some seconds after IAM has made it; until then the provider tries again. */
  async #propagated(model: ResourceModel, inputs: Properties, signal: AbortSignal): Promise<void> {
    if (model.type.startsWith("aws:iam/")) return;
    const { world, clock } = this.#cloud;
    const references = (model.references ?? []).filter(({ to }) => to.includes(TYPES.role));
    const roles = references.flatMap(({ path }) =>
      texts(inputs, path).flatMap((each) => world.find([TYPES.role], each) ?? []),
    );
    const seen = roles.map(({ origin, createdAtModelSeconds }) => {
      const [share] = uniforms(world.seed, `propagation ${origin}`);
      return createdAtModelSeconds + LEAST_PROPAGATION + share * (MOST_PROPAGATION - LEAST_PROPAGATION);
    });
    const wait = Math.max(0, ...seen) - clock.now();
    if (wait > 0) await clock.wait(wait, signal);
  }

  /** Changes the resource; resolves with its new state. */
  async update(id: string, order: Order, signal: AbortSignal): Promise<Properties> {
    const { world, vault } = this.#cloud;
    const model = this.#models.of(order.type);
    return inContext(`updating ${model.title} (${id})`, async () => {
      await this.#ongoing.ended({ type: order.type, id });
      const resource = matured(this.#existing(order.type, id), this.#cloud.clock.now());
      // The AWS provider would only find it at the next resource that needs this one.
      if (resource.status === "failed") throw new AwsError("InvalidRequestException", "its creation has failed");
      await this.#propagated(model, order.inputs, signal);
      const asked = draftOf(world, { ...order, serial: resource.serial, origin: resource.origin });
      checkAcceptable(model, asked, world, resource);
      const olds = inputsOf(resource, vault);
      const { now, later } = splitUpdate(order.type, olds, order.inputs);
      const subject = { ...asked, inputs: now, id, arn: resource.arn };
      const recorded = record(model, subject, { ...resource, secrets: order.secrets }, this.#cloud);
      const { waiting: _, ...rest } = resource;
      world.put({ ...rest, ...recorded, ...this.#waiting(resource, later) });
      this.#ongoing.begin(resource, this.#labour.update(model, subject, olds));
      return this.#settled(resource, signal);
    });
  }

  /** Deletes the resource, or leaves it as it is and throws; one that is gone already is no failure. */
  async delete(type: string, id: string, signal: AbortSignal): Promise<void> {
    const { world } = this.#cloud;
    const model = this.#models.of(type);
    await inContext(`deleting ${model.title} (${id})`, async () => {
      await this.#ongoing.ended({ type, id });
      const resource = world.get(type, id);
      if (resource === undefined) return;
      const means = { ...this.#cloud, models: this.#models };
      if (model.adopted !== true) await whenDeletable(model, resource, means, signal);
      world.put({ ...resource, status: "deleting" });
      this.#ongoing.begin(resource, this.#labour.delete(model, resource));
      await this.#ongoing.waitFor(resource, signal);
      await world.saved();
    });
  }

  /** Carries on after a restart, side by side for all resources. */
  async resume(): Promise<void> {
    const managed = this.#cloud.world.all().filter(({ owner }) => owner === undefined);
    await Promise.all(managed.map((resource) => this.#labour.resume(this.#models.of(resource.type), resource)));
  }

  /** Stops working; what is unfinished stays so until the next `resume`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ongoing.allEnded();
  }

  /** The state once AWS is done; when that fails, what is there by then goes into Pulumi's state. */
  async #settled(resource: WorldResource, signal: AbortSignal, ending?: Ending): Promise<Properties> {
    try {
      await this.#waitFor(resource, signal, ending);
    } catch (error) {
      const now = this.#cloud.world.get(resource.type, resource.id);
      if (now === undefined) throw error;
      await this.#cloud.world.saved();
      const partial = { id: now.id, inputs: inputsOf(now, this.#cloud.vault), properties: this.#state(now) };
      throw new PartialFailure(messageOf(error), partial);
    }
    await this.#cloud.world.saved();
    return this.#state(this.#existing(resource.type, resource.id));
  }

  /** Waits as the provider does: it asks AWS how far it is, and gives up when AWS no longer answers, or after too long. */
  async #waitFor({ type, id }: WorldResource, signal: AbortSignal, ending: Ending | undefined): Promise<void> {
    const over = new AbortController();
    const refused = this.#disturbances.refused({ type, act: "describe" }, over.signal);
    const patience = ending?.ends === "late" ? this.#outlasted(ending, over.signal) : new Promise<never>(() => {});
    for (const promise of [refused, patience]) promise.catch(() => undefined);
    try {
      await Promise.race([this.#ongoing.waitFor({ type, id }, signal), refused, patience]);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`waiting for ${this.#models.of(type).title} (${id}): ${messageOf(error)}`, { cause: error });
    } finally {
      over.abort();
    }
  }

  async #outlasted({ text }: Ending, signal: AbortSignal): Promise<never> {
    await this.#cloud.clock.wait(PATIENCE_SECONDS, signal);
    throw new Error(text);
  }

  #state(resource: WorldResource): Properties {
    return stateOf(this.#models.of(resource.type), resource, this.#cloud.vault);
  }

  #existing(type: string, id: string): WorldResource {
    const found = this.#cloud.world.get(type, id);
    if (found === undefined) throw new AwsError("ResourceNotFoundException", `${id} does not exist`);
    return found;
  }
}

async function inContext<T>(act: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const message = `${act}: ${messageOf(error)}`;
    if (!(error instanceof PartialFailure)) throw new Error(message, { cause: error });
    throw new PartialFailure(message, error);
  }
}
