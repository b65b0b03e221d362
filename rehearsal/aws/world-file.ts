import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { Properties } from "../provider/properties.ts";

/** A world as it is on disk. */
export interface SavedWorld {
  readonly seed: number;
  readonly serial: number;
  readonly creations: Readonly<Record<string, number>>;
  readonly modelSeconds: number;
  readonly resources: readonly WorldResource[];
  readonly remains: readonly Remains[];
}

/** Changes are gathered for this long before they are written, so that a burst costs one write. */
const DEBOUNCE_MILLISECONDS = 15;

/** The world's file; a reader never sees half a write, and a later state never loses to an earlier one. */
export class WorldFile {
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
export interface Remains {
  readonly type: string;
  readonly name: string;
  readonly untilModelSeconds: number;
}
