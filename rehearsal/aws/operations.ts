import { findingsOf } from "../../aws/check.ts";
import { type Finding, sentenceOf } from "../../aws/finding.ts";
import { inputRecordOf } from "../../aws/inputs.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { UNKNOWN_VALUES } from "../../shared/engine-values.ts";
import { PartialFailure } from "../provider/model.ts";
import type { Path, Properties } from "../provider/properties.ts";
import { checkBetween } from "./between.ts";
import { type Ending, FaultInjection } from "./fault-injection.ts";
import { draw, type Latency, TIMINGS, uniforms } from "./latency.ts";
import { AwsError, type Cloud, type Draft, type Reference, type ResourceModel, type Subject } from "./model.ts";
import type { Models } from "./models.ts";
import {
  companionRecord,
  computedOutputs,
  draftOf,
  identify,
  inputsOf,
  type Place,
  record,
  secretPathsOf,
  secretsKey,
  stateOf,
  subjectOf,
} from "./subject.ts";
import { TYPES } from "./types.ts";
import { flag, text, texts } from "./values.ts";
import { isCalled, type World, type WorldResource } from "./world.ts";

/** How often a refused deletion is tried again, in model seconds. */
const RETRY_SECONDS = 5;

/** Resolves once AWS lets the resource go; throws its refusal when that outlasts the provider's patience. */
async function whenDeletable(
  model: ResourceModel,
  resource: WorldResource,
  { world, clock, models }: Pick<Cloud, "world" | "clock"> & { readonly models: Models },
  signal: AbortSignal,
): Promise<void> {
  for (let left = (model.deleteRetrySeconds ?? 0) / RETRY_SECONDS; ; left -= 1) {
    const refusal = refusalOf(() => {
      model.mayDelete?.(resource, world);
      const holder = holderOf(resource, world, (type) => models.find(type));
      if (holder !== undefined) throw inUse(model, resource, holder);
    });
    if (refusal === undefined) return;
    if (left <= 0) throw refusal;
    await clock.wait(RETRY_SECONDS, signal);
  }
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
  readonly #lifecycle: Lifecycle;
  readonly #faults: FaultInjection;

  constructor(cloud: Cloud, models: Models, faults = new FaultInjection(cloud.clock, cloud.world.seed)) {
    this.#cloud = cloud;
    this.#models = models;
    this.#faults = faults;
    this.#lifecycle = new Lifecycle(cloud, this.#closing.signal);
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
      const resource = this.#lifecycle.begin(model, subject, order.secrets);
      const ending = this.#faults.creationOf(order.type);
      this.#ongoing.begin(
        resource,
        this.#lifecycle.create(model, subject, { ending, slowness: this.#faults.slownessOf(order.type) }),
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
      this.#ongoing.begin(resource, this.#lifecycle.update(model, subject, olds));
      return this.#settled(resource, signal);
    });
  }

  /** Makes now what waits for a maintenance window, as if each had just opened; resolves once all of it is done. */
  async openWindows(): Promise<void> {
    const { world, vault } = this.#cloud;
    const waiting = world.all().filter((each) => each.waiting !== undefined);
    for (const resource of waiting) {
      const model = this.#models.of(resource.type);
      const due = matured(resource, Number.POSITIVE_INFINITY);
      const olds = inputsOf(resource, vault);
      world.put(due);
      const subject = { ...subjectOf(due, this.#cloud), inputs: inputsOf(due, vault) };
      this.#ongoing.begin(due, this.#lifecycle.update(model, subject, olds));
      await this.#ongoing.waitFor(due, this.#closing.signal);
    }
    await world.saved();
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
      this.#ongoing.begin(resource, this.#lifecycle.delete(model, resource));
      await this.#ongoing.waitFor(resource, signal);
      await world.saved();
    });
  }

  /** Carries on after a restart, side by side for all resources. */
  async resume(): Promise<void> {
    const managed = this.#cloud.world.all().filter(({ owner }) => owner === undefined);
    await Promise.all(managed.map((resource) => this.#lifecycle.resume(this.#models.of(resource.type), resource)));
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
    const refused = this.#faults.refused({ type, act: "describe" }, over.signal);
    const patience = ending?.ends === "late" ? this.#outlasted(ending, over.signal) : undefined;
    // What ends late ends after that, also on a machine that hears of both at once.
    const ended = this.#ongoing.waitFor({ type, id }, signal).then(() => patience);
    for (const promise of [refused, patience, ended]) promise?.catch(() => undefined);
    try {
      await Promise.race([ended, refused, ...(patience === undefined ? [] : [patience])]);
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

const unknown = { isValue: (value: unknown) => typeof value === "string" && UNKNOWN_VALUES.has(value) };

/** What AWS's published rules find in a resource's inputs; what a preview does not know is not judged. */
export function publishedFindings(type: string, inputs: Properties, before?: Properties): Finding[] {
  const was = before === undefined ? undefined : inputRecordOf(before, unknown);
  return findingsOf(type, inputRecordOf(inputs, unknown), was);
}

/** Throws the AWS error for the first thing that keeps these inputs from being accepted. */
function checkAcceptable(model: ResourceModel, draft: Draft, world: World, self?: WorldResource): void {
  for (const reference of model.references ?? []) checkReference(reference, draft.inputs, world);
  checkUnique(model, draft, world, self);
  if (self === undefined) checkQuotas(model, draft, world);
  model.validate?.(draft, world);
  checkBetween(draft, world);
  const [refused] = publishedFindings(model.type, draft.inputs, self?.inputs);
  if (refused !== undefined) throw new AwsError("ValidationException", sentenceOf(refused));
}

function checkReference(reference: Reference, inputs: Properties, world: World): void {
  for (const identifier of texts(inputs, reference.path)) {
    if (reference.exempt?.(identifier)) continue;
    const found = world.find(reference.to, identifier);
    if (found === undefined || found.status === "deleting") throw reference.missing(identifier);
  }
}

function checkUnique(model: ResourceModel, draft: Draft, world: World, self: WorldResource | undefined): void {
  for (const { among = [model.type], key, taken } of model.unique ?? []) {
    const wanted = key(draft.inputs, model.type);
    if (wanted === undefined) continue;
    const other = world
      .all()
      .find(
        (it) =>
          it !== self && it.serial !== self?.serial && among.includes(it.type) && key(it.inputs, it.type) === wanted,
      );
    if (other !== undefined) throw taken(draft.inputs, other);
  }
}

function checkQuotas(model: ResourceModel, draft: Draft, world: World): void {
  for (const { limit, within, exceeded } of model.quotas ?? []) {
    const scope = within?.(draft.inputs);
    const counted = world
      .ofType(model.type)
      .filter((it) => it.region === draft.region && it.owner === undefined && within?.(it.inputs) === scope);
    if (counted.length >= limit) throw exceeded(limit);
  }
}

/** The first resource that keeps this one from being deleted by naming it. */
function holderOf(resource: WorldResource, world: World, modelOf: (type: string) => ResourceModel | undefined) {
  return world.all().find((other) => {
    if (other.owner === resource.id || (other.type === resource.type && other.id === resource.id)) return false;
    return (modelOf(other.type)?.references ?? []).some(
      (reference) =>
        reference.holds !== false &&
        reference.to.includes(resource.type) &&
        texts(other.inputs, reference.path).some((identifier) => isCalled(resource, identifier)),
    );
  });
}

/** How long a creation takes that ends late. */
const LATE_SECONDS = 2400;

/** What AWS does once it has accepted a request: it takes the modelled time, and real processes start beside it. */
class Lifecycle {
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

/** Changes that wait for the maintenance window unless they are asked for at once, by the provider's own names. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  [TYPES.database]: [
    ..."allocatedStorage engineVersion instanceClass iops storageThroughput storageType multiAz port".split(" "),
    ..."caCertIdentifier licenseModel networkType dedicatedLogVolume".split(" "),
  ],
  [TYPES.replicationGroup]: ["engineVersion", "nodeType", "automaticFailoverEnabled", "multiAzEnabled"],
};
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY = 24 * 3600;

/** What of an update takes effect now, and what waits. */
interface Split {
  readonly now: Properties;
  readonly later: Properties;
}

/** Parts the inputs of an update: what waits keeps its old value. */
export function splitUpdate(type: string, before: Properties, asked: Properties): Split {
  const waits = flag(asked, "applyImmediately") ? [] : (WAITING[type] ?? []);
  const changed = waits.filter(
    (key) => before[key] !== undefined && JSON.stringify(before[key]) !== JSON.stringify(asked[key]),
  );
  const pick = (from: Properties) =>
    Object.fromEntries(changed.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
  return { now: { ...asked, ...pick(before) }, later: pick(asked) };
}

/**
 * Seconds until a weekly window such as `sun:05:00-sun:06:00` opens next.
 * @param now milliseconds since the epoch
 */
export function secondsUntilWindow(window: string, now: number): number {
  const [, day = "sun", hour = "0", minute = "0"] = /^([a-z]{3}):(\d\d):(\d\d)-/.exec(window) ?? [];
  const date = new Date(now);
  const start = DAYS.indexOf(day) * DAY + Number(hour) * 3600 + Number(minute) * 60;
  const passed = date.getUTCDay() * DAY + date.getUTCHours() * 3600 + date.getUTCMinutes() * 60 + date.getUTCSeconds();
  return (start - passed + 7 * DAY) % (7 * DAY);
}

/** When the window of a resource opens; AWS gives one to who names none. */
function windowOf({ inputs }: Pick<WorldResource, "inputs">): string {
  return text(inputs, "maintenanceWindow") ?? "sun:05:00-sun:06:00";
}

/** The resource once what waited for its window has taken effect, or as it is. */
export function matured(resource: WorldResource, nowModelSeconds: number): WorldResource {
  const { waiting, ...rest } = resource;
  if (waiting === undefined || waiting.dueAtModelSeconds > nowModelSeconds) return resource;
  return { ...rest, inputs: { ...rest.inputs, ...waiting.inputs } };
}

/** What AWS is working on, by resource: a caller that stops waiting does not stop the work. */
class Ongoing {
  readonly #work = new Map<string, Promise<void>>();

  begin(resource: Identity, work: Promise<void>): void {
    const key = keyOf(resource);
    const tracked = work.finally(() => {
      if (this.#work.get(key) === tracked) this.#work.delete(key);
    });
    tracked.catch(() => undefined);
    this.#work.set(key, tracked);
  }

  /** Resolves once nothing is going on for the resource, whether it went well or not. */
  async ended(resource: Identity): Promise<void> {
    await this.#work.get(keyOf(resource))?.catch(() => undefined);
  }

  /** Settles as the work does; rejects when the caller is canceled before. */
  async waitFor(resource: Identity, signal: AbortSignal): Promise<void> {
    const { promise, dispose } = cancellation(signal);
    try {
      await Promise.race([this.#work.get(keyOf(resource)), promise]);
    } finally {
      dispose();
    }
  }

  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#work.values());
  }
}

interface Identity {
  readonly type: string;
  readonly id: string;
}

function keyOf({ type, id }: Identity): string {
  return `${type} ${id}`;
}

function cancellation(signal: AbortSignal): { promise: Promise<never>; dispose: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error("context canceled while AWS is still working on it"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  promise.catch(() => undefined);
  return { promise, dispose: () => signal.removeEventListener("abort", abort) };
}
