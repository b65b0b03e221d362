/** What AWS is working on, by resource: a caller that stops waiting does not stop the work. */
export class Ongoing {
  readonly #work = new Map<string, Promise<void>>();

  begin(resource: Identity, work: Promise<void>): void {
    const key = keyOf(resource);
    const tracked = work.finally(() => {
      if (this.#work.get(key) === tracked) this.#work.delete(key);
    });
    tracked.catch(() => undefined);
    this.#work.set(key, tracked);
  }

  /** Resolves once nothing is going on for the resource, whether it went well or not. */
  async ended(resource: Identity): Promise<void> {
    await this.#work.get(keyOf(resource))?.catch(() => undefined);
  }

  /** Settles as the work does; rejects when the caller is canceled before. */
  async waitFor(resource: Identity, signal: AbortSignal): Promise<void> {
    const { promise, dispose } = cancellation(signal);
    try {
      await Promise.race([this.#work.get(keyOf(resource)), promise]);
    } finally {
      dispose();
    }
  }

  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#work.values());
  }
}

interface Identity {
  readonly type: string;
  readonly id: string;
}

function keyOf({ type, id }: Identity): string {
  return `${type} ${id}`;
}

function cancellation(signal: AbortSignal): { promise: Promise<never>; dispose: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error("context canceled while AWS is still working on it"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  promise.catch(() => undefined);
  return { promise, dispose: () => signal.removeEventListener("abort", abort) };
}
