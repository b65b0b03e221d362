import { createHash } from "node:crypto";

import { type AccountProfile, USED_ACCOUNT } from "./account-profile.ts";
import { type Remains, WorldFile, type WorldResource } from "./world-file.ts";

/** What exists in the simulated AWS account, kept on disk apart from Pulumi's state. */
export class World {
  readonly seed: number;
  /** Model seconds at the last write of the run before this one. */
  readonly loadedAtModelSeconds: number;
  readonly #file: WorldFile;
  readonly #resources = new Map<string, WorldResource>();
  #remains: Remains[];
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

  keepName(remains: Remains): void {
    this.#remains.push(remains);
    this.#changed();
  }

  /** True while a deleted resource's name is not free again. */
  isNameKept(type: string, name: string): boolean {
    return this.kept().some((it) => it.type === type && it.name === name);
  }

  /** What is left of deleted resources and still holds their names. */
  kept(): readonly Remains[] {
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
