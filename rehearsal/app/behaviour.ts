import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageBehaviour } from "../services.ts";

/** What the running application does wrong on purpose; every field has its harmless value. */
export interface Behaviour {
  readonly errorRatio: number;
  readonly slowRatio: number;
  readonly slowMilliseconds: number;
  readonly crash: boolean;
  readonly neverReady: boolean;
  readonly metricsNotNumbers: boolean;
  readonly failMigration: string | undefined;
  readonly failTests: boolean;
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
    metricsNotNumbers: given.metricsNotNumbers === true,
    failMigration: typeof given.failMigration === "string" ? given.failMigration : undefined,
    failTests: given.failTests === true,
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

const LOOK_MILLISECONDS = 250;

/** The behaviour of a running process: its image's, until `behaviour.json` in its root says otherwise. */
export class Misbehaviour {
  readonly #errors = new Cadence();
  readonly #delays = new Cadence();
  readonly #image: Behaviour;
  readonly #file: string;
  // Looking again and again misses nothing, unlike watching a file that is not there yet.
  readonly #timer: NodeJS.Timeout;
  #text: string | undefined;
  #current: Behaviour;

  constructor(image: Behaviour, root: string) {
    this.#image = image;
    this.#file = join(root, "behaviour.json");
    this.#current = image;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS).unref();
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
    clearInterval(this.#timer);
  }

  #look(): void {
    const text = textOf(this.#file);
    if (text === this.#text) return;
    this.#text = text;
    this.#current = (text === undefined ? undefined : understood(text)) ?? this.#image;
    this.#errors.restart();
    this.#delays.restart();
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The behaviour in a text; undefined when only half of it is written yet. */
function understood(text: string): Behaviour | undefined {
  try {
    return parseBehaviour(text);
  } catch {
    return undefined;
  }
}
