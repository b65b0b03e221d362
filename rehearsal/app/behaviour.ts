import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import type { ImageBehaviour } from "../services.ts";

/** What the running application does wrong on purpose; every field has its harmless value. */
export interface Behaviour {
  readonly errorRatio: number;
  readonly slowRatio: number;
  readonly slowMilliseconds: number;
  readonly crash: boolean;
  readonly neverReady: boolean;
  readonly failMigration: string | undefined;
}

/** The behaviour in an `ImageBehaviour` JSON; what is absent is harmless, what has the wrong type throws. */
export function parseBehaviour(json: string): Behaviour {
  const given: Partial<Record<keyof ImageBehaviour, unknown>> = JSON.parse(json);
  return {
    errorRatio: proportion("errorRatio", given.errorRatio),
    slowRatio: proportion("slowRatio", given.slowRatio),
    slowMilliseconds: typeof given.slowMilliseconds === "number" ? given.slowMilliseconds : 2000,
    crash: given.crash === true,
    neverReady: given.neverReady === true,
    failMigration: typeof given.failMigration === "string" ? given.failMigration : undefined,
  };
}

function proportion(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new Error(`behaviour.${name} is ${JSON.stringify(value)}; expected a number from 0 to 1`);
}

/** Chooses `ratio` of all calls, evenly spaced: after n calls exactly `floor(n × ratio)` were chosen. */
export class Cadence {
  #calls = 0;
  #chosen = 0;

  next(ratio: number): boolean {
    this.#calls += 1;
    const due = Math.floor(this.#calls * ratio + 1e-9);
    if (due <= this.#chosen) return false;
    this.#chosen = due;
    return true;
  }

  /** Counts from zero again, so that a new ratio does not catch up for the calls before it. */
  restart(): void {
    this.#calls = 0;
    this.#chosen = 0;
  }
}

/** The behaviour of a running process: its image's, until `behaviour.json` in its root says otherwise. */
export class Misbehaviour {
  readonly #errors = new Cadence();
  readonly #delays = new Cadence();
  readonly #image: Behaviour;
  readonly #file: string;
  #current: Behaviour;

  constructor(image: Behaviour, root: string) {
    this.#image = image;
    this.#file = join(root, "behaviour.json");
    this.#current = image;
    this.#reload();
    watchFile(this.#file, { persistent: false, interval: 250 }, () => this.#reload());
  }

  get current(): Behaviour {
    return this.#current;
  }

  /** What happens to the next request: how long it waits, and whether it then fails. */
  next(): { readonly delayMilliseconds: number; readonly fails: boolean } {
    const { errorRatio, slowRatio, slowMilliseconds } = this.#current;
    const slow = slowRatio > 0 && this.#delays.next(slowRatio);
    return {
      delayMilliseconds: slow ? slowMilliseconds : 0,
      fails: errorRatio > 0 && this.#errors.next(errorRatio),
    };
  }

  close(): void {
    unwatchFile(this.#file);
  }

  #reload(): void {
    this.#current = readBehaviour(this.#file) ?? this.#image;
    this.#errors.restart();
    this.#delays.restart();
  }
}

/** The behaviour in a file; undefined when there is none, or only half of one is written yet. */
function readBehaviour(file: string): Behaviour | undefined {
  try {
    return parseBehaviour(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
