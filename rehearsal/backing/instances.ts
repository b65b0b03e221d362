/** Servers by name, each started once however often and however concurrently it is asked for. */
export class Instances<T extends { isRunning(): boolean }> {
  readonly #started = new Map<string, Promise<T>>();
  readonly #indexes = new Map<string, number>();

  /** The running server of that name; else what `make` starts, on the first address that nobody has (counted from 1). */
  start(name: string, make: (index: number) => Promise<T>): Promise<T> {
    const before = this.#started.get(name) ?? Promise.resolve(undefined);
    const started = before
      .catch(() => undefined)
      .then((found) => (found?.isRunning() ? found : make(this.#indexOf(name))));
    this.#started.set(name, started);
    return started;
  }

  /** Starts another server beside the one of that name, on another address, which then has the name; resolves with it. */
  async replace(name: string, make: (index: number) => Promise<T>): Promise<T> {
    const beside = `${name}, the next`;
    const index = this.#indexOf(beside);
    try {
      const now = await make(index);
      this.#indexes.set(name, index);
      this.#started.set(name, Promise.resolve(now));
      return now;
    } finally {
      this.#indexes.delete(beside);
    }
  }

  async find(name: string): Promise<T | undefined> {
    return this.#started.get(name);
  }

  /** Forgets the server of that name and returns it, so that it can be stopped. */
  async take(name: string): Promise<T | undefined> {
    const found = await this.#started.get(name)?.catch(() => undefined);
    this.#started.delete(name);
    this.#indexes.delete(name);
    return found;
  }

  names(): readonly string[] {
    return [...this.#started.keys()];
  }

  #indexOf(name: string): number {
    const taken = new Set(this.#indexes.values());
    let index = this.#indexes.get(name) ?? 1;
    while (!this.#indexes.has(name) && taken.has(index)) index += 1;
    this.#indexes.set(name, index);
    return index;
  }
}
