import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Remains, WorldResource } from "./world.ts";

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
