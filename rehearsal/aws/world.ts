import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Properties } from "../provider/properties.ts";

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
  /** Numbers resources in the order of their creation; the source of everything generated for them. */
  readonly serial: number;
  /** Id of the resource that AWS made this one for; it comes and goes with it and is in no state. */
  readonly owner?: string;
  /** What others have put into it, so that it cannot just be deleted. */
  readonly contents?: string;
}

/** A name that stays taken after its resource is gone. */
export interface Remains {
  readonly type: string;
  readonly name: string;
  readonly untilModelSeconds: number;
}

interface Saved {
  readonly seed: number;
  readonly serial: number;
  readonly modelSeconds: number;
  readonly resources: readonly WorldResource[];
  readonly remains: readonly Remains[];
}

/** Changes are gathered for this long before they are written, so that a burst costs one write. */
const DEBOUNCE_MILLISECONDS = 15;

/** What exists in the simulated AWS account, kept on disk apart from Pulumi's state. */
export class World {
  readonly seed: number;
  /** Model seconds at the last write of the run before this one. */
  readonly loadedAtModelSeconds: number;
  readonly #file: string;
  readonly #resources = new Map<string, WorldResource>();
  #remains: Remains[];
  #serial: number;
  #now: () => number = () => 0;
  #pending: Promise<void> | undefined;

  /** Opens the world in the file, or starts an empty one; an existing world keeps its own seed. */
  constructor(file: string, seed: number) {
    mkdirSync(dirname(file), { recursive: true });
    const saved = load(file);
    this.#file = file;
    this.seed = saved?.seed ?? seed;
    this.#serial = saved?.serial ?? 0;
    this.loadedAtModelSeconds = saved?.modelSeconds ?? 0;
    this.#remains = [...(saved?.remains ?? [])];
    for (const resource of saved?.resources ?? []) this.#resources.set(keyOf(resource.type, resource.id), resource);
  }

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
    this.#resources.delete(keyOf(resource.type, resource.id));
    for (const owned of this.all().filter(({ owner }) => owner === resource.id)) this.remove(owned);
    this.#changed();
  }

  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** Hex digits that are the same for the same seed, serial and label, and differ otherwise. */
  hex(serial: number, label: string, length: number): string {
    return createHash("sha256").update(`${this.seed}:${serial}:${label}`).digest("hex").slice(0, length);
  }

  keepName(remains: Remains): void {
    this.#remains.push(remains);
    this.#changed();
  }

  /** True while a deleted resource's name is not free again. */
  isNameKept(type: string, name: string): boolean {
    return this.#remains.some((it) => it.type === type && it.name === name && it.untilModelSeconds > this.#now());
  }

  /** Resolves once every change made until now is on disk. */
  saved(): Promise<void> {
    return this.#pending ?? this.#writing;
  }

  #changed(): void {
    this.#pending ??= new Promise<void>((resolve) => setTimeout(resolve, DEBOUNCE_MILLISECONDS)).then(async () => {
      this.#pending = undefined;
      await this.#write();
    });
  }

  /** Writes one after the other: a later state never loses to an earlier one. */
  #writing: Promise<void> = Promise.resolve();

  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const saved: Saved = {
        seed: this.seed,
        serial: this.#serial,
        modelSeconds: this.#now(),
        resources: this.all(),
        remains: this.#remains,
      };
      await writeFile(`${this.#file}.new`, JSON.stringify(saved));
      await rename(`${this.#file}.new`, this.#file);
    });
    return this.#writing;
  }
}

/** True when the text is the resource's id, ARN or name. */
export function isCalled(resource: WorldResource, identifier: string): boolean {
  return resource.id === identifier || resource.arn === identifier || resource.name === identifier;
}

function keyOf(type: string, id: string): string {
  return `${type} ${id}`;
}

function load(file: string): Saved | undefined {
  try {
    const saved: Saved = JSON.parse(readFileSync(file, "utf8"));
    return saved;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
