export type Level = "INFO" | "ERROR";

/** Writes one JSON line to stdout: `{"ts","level","msg",...fields}`. */
export function log(level: Level, msg: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ ts: new Date().toISOString(), level, msg, ...fields })}\n`);
}

/** Lets at most `perSecond` lines of one kind through, so that logging costs little under load. */
export class LineBudget {
  readonly #perSecond: number;
  #second = 0;
  #used = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  take(nowMilliseconds: number): boolean {
    const second = Math.floor(nowMilliseconds / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    this.#used += 1;
    return this.#used <= this.#perSecond;
  }
}

/** A failure's message, with its code where the system gave one. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
