/** Answers to questions that are asked over and over; a full memory is emptied, so that it stays small. */
export class Memory<T> {
  readonly #known = new Map<string, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** What was answered before, else the answer now. */
  of(question: string, answer: () => T): T {
    const known = this.#known.get(question);
    if (known !== undefined) return known;
    const found = answer();
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(question, found);
    return found;
  }
}
