import { createHash } from "node:crypto";

/** Bytes without end that depend only on the key: the same rehearsal seed and resource give the same values again. */
export class Bytes {
  readonly #key: string;
  #block = Buffer.alloc(0);
  #used = 0;
  #blocks = 0;

  constructor(key: string) {
    this.#key = key;
  }

  next(): number {
    if (this.#used >= this.#block.length) {
      this.#block = createHash("sha256").update(`${this.#key}:${this.#blocks}`).digest();
      this.#blocks += 1;
      this.#used = 0;
    }
    const value = this.#block[this.#used] ?? 0;
    this.#used += 1;
    return value;
  }

  take(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.next()));
  }

  /** A whole number from 0 up to the bound (at most 256), each equally likely. */
  below(bound: number): number {
    const limit = 256 - (256 % bound);
    for (;;) {
      const value = this.next();
      if (value < limit) return value % bound;
    }
  }

  /** One of the characters. */
  pick(characters: string): string {
    return characters[this.below(characters.length)] ?? "";
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.below(Math.min(last + 1, 256));
      const [left, right] = [shuffled[last], shuffled[other]];
      if (left === undefined || right === undefined) continue;
      shuffled[last] = right;
      shuffled[other] = left;
    }
    return shuffled;
  }
}
