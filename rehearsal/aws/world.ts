import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";

/** What an account has by itself, before any stack: it differs from one to the next. */
export interface AccountProfile {
  /** Processors of on-demand instances that it may run: a new account's five are too few for a stack. */
  readonly vcpus: number;
  /** Quotas that are otherwise than AWS's defaults, by their code. */
  readonly quotas: Readonly<Record<string, number>>;
  /** Types of the on-demand instances that run in it beside the stack's nodes. */
  readonly instances: readonly string[];
  /** Which number each letter of a region's zones has: AWS gives them out by account, and not in order. */
  readonly zoneNumbers: Readonly<Record<string, string>>;
  /** Whether services have made their own roles before. */
  readonly hasServiceRoles: boolean;
  /** Whether what Secrets Manager keeps can still be found there. */
  readonly hasSecrets: boolean;
  /** Whether `sparki-delivery` has made what stacks are deployed by: of each the policy that caps its roles. */
  readonly hasDelivery: boolean;
  /** Actions that the deploying role may not do. */
  readonly denied: readonly string[];
  /** Model seconds until the tagging API lists what was made, and lists what was deleted no more. */
  readonly tagDelaySeconds: number;
  /** Model seconds until an access entry's policy lets its principal in, at most; at least half of them. */
  readonly accessEntrySeconds: number;
  /** Whether EKS writes its last lines once its log group is gone, and so makes it again. */
  readonly hasLateClusterLogs: boolean;
  /** Snapshots of the database that somebody has just taken by hand. */
  readonly snapshots: readonly string[];
}

/** An account that runs other things already. */
export const USED_ACCOUNT: AccountProfile = {
  vcpus: 32,
  quotas: {},
  instances: [],
  zoneNumbers: { "us-east-1": "124635", "us-west-1": "132", "ca-central-1": "124" },
  hasServiceRoles: true,
  hasSecrets: true,
  hasDelivery: true,
  denied: [],
  tagDelaySeconds: 0,
  accessEntrySeconds: 0,
  hasLateClusterLogs: false,
  snapshots: [],
};

/** A world as it is on disk. */
interface SavedWorld {
  readonly seed: number;
  readonly serial: number;
  readonly creations: Readonly<Record<string, number>>;
  readonly modelSeconds: number;
  readonly resources: readonly WorldResource[];
  readonly remains: readonly RetainedName[];
}

/** Changes are gathered for this long before they are written, so that a burst costs one write. */
const DEBOUNCE_MILLISECONDS = 15;

/** The world's file; a reader never sees half a write, and a later state never loses to an earlier one. */
class WorldFile {
  readonly #path: string;
  #pending: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
  }

  /** The world of an earlier run; undefined when there is none. */
  load(): SavedWorld | undefined {
    if (!existsSync(this.#path)) return undefined;
    const saved: SavedWorld = JSON.parse(readFileSync(this.#path, "utf8"));
    return saved;
  }

  /** Writes soon; `current` is asked when it comes to it. */
  write(current: () => SavedWorld): void {
    if (this.#pending !== undefined) return;
    this.#pending = delay(DEBOUNCE_MILLISECONDS).then(() => {
      this.#pending = undefined;
      this.#writing = this.#writing.catch(() => undefined).then(() => this.#replace(current()));
      return this.#writing;
    });
    // Whoever asks whether it is saved learns of a failure.
    this.#pending.catch(() => undefined);
  }

  /** Resolves once everything asked for until now is on disk; rejects when it cannot be written. */
  saved(): Promise<void> {
    return this.#pending ?? this.#writing;
  }

  async #replace(world: SavedWorld): Promise<void> {
    await writeFile(`${this.#path}.new`, JSON.stringify(world));
    await rename(`${this.#path}.new`, this.#path);
  }
}

export type Status = "creating" | "available" | "failed" | "deleting";

/** Something that exists in the simulated account. */
export interface WorldResource {
  /** Pulumi's type token. */
  readonly type: string;
  readonly id: string;
  readonly arn: string;
  /** Physical name, where the type has one. */
  readonly name?: string;
  readonly region: string;
  readonly accountId: string;
  /** Without secret values: those are in the vault. */
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtModelSeconds: number;
  readonly status: Status;
  /** Numbers resources in the order of their creation. */
  readonly serial: number;
  /** Who asked for it, and for which time: the source of everything generated for it, whatever the order of creation. */
  readonly origin: string;
  /** Id of the resource that AWS made this one for; it comes and goes with it and is in no state. */
  readonly owner?: string;
  /** Changes that were asked for and wait for its maintenance window. */
  readonly waiting?: { readonly inputs: Properties; readonly dueAtModelSeconds: number };
  /** What others have put into it, so that it cannot just be deleted. */
  readonly contents?: string;
}

/** A name that stays taken after its resource is gone. */
interface RetainedName {
  readonly type: string;
  readonly name: string;
  readonly untilModelSeconds: number;
}

/** What exists in the simulated AWS account, kept on disk apart from Pulumi's state. */
export class World {
  readonly seed: number;
  /** Model seconds at the last write of the run before this one. */
  readonly loadedAtModelSeconds: number;
  readonly #file: WorldFile;
  readonly #resources = new Map<string, WorldResource>();
  #remains: RetainedName[];
  #deleted: { readonly resource: WorldResource; readonly atModelSeconds: number }[] = [];
  #serial: number;
  readonly #creations: Map<string, number>;
  #now: () => number = () => 0;

  /** Opens the world in the file, or starts an empty one; an existing world keeps its own seed. */
  constructor(file: string, seed: number) {
    this.#file = new WorldFile(file);
    const saved = this.#file.load();
    this.seed = saved?.seed ?? seed;
    this.#serial = saved?.serial ?? 0;
    this.#creations = new Map(Object.entries(saved?.creations ?? {}));
    this.loadedAtModelSeconds = saved?.modelSeconds ?? 0;
    this.#remains = [...(saved?.remains ?? [])];
    for (const resource of saved?.resources ?? []) this.#resources.set(keyOf(resource.type, resource.id), resource);
  }

  /** The account's own, which faults change. */
  profile: AccountProfile = USED_ACCOUNT;

  /** Takes the clock whose time is written with the world. */
  startClock(now: () => number): void {
    this.#now = now;
  }

  all(): readonly WorldResource[] {
    return [...this.#resources.values()];
  }

  ofType(type: string): WorldResource[] {
    return this.all().filter((resource) => resource.type === type);
  }

  get(type: string, id: string): WorldResource | undefined {
    return this.#resources.get(keyOf(type, id));
  }

  /** The resource of one of the types that has this id, ARN or name. */
  find(types: readonly string[], identifier: string): WorldResource | undefined {
    return this.all().find((resource) => types.includes(resource.type) && isCalled(resource, identifier));
  }

  put(resource: WorldResource): void {
    this.#resources.set(keyOf(resource.type, resource.id), resource);
    this.#changed();
  }

  /** Removes the resource and everything AWS made for it. */
  remove(resource: WorldResource): void {
    this.#deleted.push({ resource, atModelSeconds: this.#now() });
    this.#resources.delete(keyOf(resource.type, resource.id));
    for (const owned of this.all().filter(({ owner }) => owner === resource.id)) this.remove(owned);
    this.#changed();
  }

  /** What was deleted within the last seconds. */
  deletedWithin(modelSeconds: number): readonly WorldResource[] {
    const since = this.#now() - modelSeconds;
    return this.#deleted.filter(({ atModelSeconds }) => atModelSeconds > since).map(({ resource }) => resource);
  }

  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** A new origin for a resource that this URN asks for. */
  nextOrigin(urn: string): string {
    const creation = (this.#creations.get(urn) ?? 0) + 1;
    this.#creations.set(urn, creation);
    return `${urn}#${creation}`;
  }

  /** Hex digits that are the same for the same seed, origin and label, and differ otherwise. */
  hex(origin: string, label: string, length: number): string {
    return createHash("sha256").update(`${this.seed}:${origin}:${label}`).digest("hex").slice(0, length);
  }

  keepName(remains: RetainedName): void {
    this.#remains.push(remains);
    this.#changed();
  }

  /** True while a deleted resource's name is not free again. */
  isNameKept(type: string, name: string): boolean {
    return this.kept().some((it) => it.type === type && it.name === name);
  }

  /** What is left of deleted resources and still holds their names. */
  kept(): readonly RetainedName[] {
    return this.#remains.filter(({ untilModelSeconds }) => untilModelSeconds > this.#now());
  }

  /** Resolves once every change made until now is on disk. */
  saved(): Promise<void> {
    return this.#file.saved();
  }

  #changed(): void {
    this.#file.write(() => ({
      seed: this.seed,
      serial: this.#serial,
      creations: Object.fromEntries(this.#creations),
      modelSeconds: this.#now(),
      resources: this.all(),
      remains: this.#remains,
    }));
  }
}

/** True when the text is the resource's id, ARN or name. */
export function isCalled(resource: WorldResource, identifier: string): boolean {
  return resource.id === identifier || resource.arn === identifier || resource.name === identifier;
}

function keyOf(type: string, id: string): string {
  return `${type} ${id}`;
}

/**
 * Secret values of the simulated account, in memory and in one file that only its owner may read (mode 0600).
 * They are kept apart from the world's file, which holds none, so that the world can be shown and shared.
 */
export class Vault {
  readonly #file: string;
  readonly #values: Map<string, Value>;

  constructor(file: string) {
    this.#file = file;
    this.#values = new Map(Object.entries(load(file)));
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** The text stored under the key. */
  text(key: string): string | undefined {
    const value = this.#values.get(key);
    return typeof value === "string" ? value : undefined;
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#write();
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#write();
  }

  #write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#values)), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function load(file: string): Properties {
  if (!existsSync(file)) return {};
  const parsed: Value = JSON.parse(readFileSync(file, "utf8"));
  return isRecord(parsed) ? parsed : {};
}
