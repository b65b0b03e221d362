import { ApiError, type KubernetesApi } from "./api.ts";
import { pause } from "./timing.ts";

const RETRY_MILLISECONDS = 250;

/** Writes one pod's status to the API: the newest only, one write at a time, until it succeeds or the pod is gone. */
export class StatusPublisher {
  readonly #api: KubernetesApi;
  readonly #path: string;
  readonly #status: () => unknown;
  #writing: Promise<void> | undefined;
  #isStale = false;
  #isOver = false;

  /** `path` is the pod's; `status` is asked for what to write at the time of each write. */
  constructor(api: KubernetesApi, path: string, status: () => unknown) {
    this.#api = api;
    this.#path = path;
    this.#status = status;
  }

  publish(): void {
    if (this.#isOver) return;
    this.#isStale = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves once everything published so far is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Nothing is written from now on. */
  end(): void {
    this.#isOver = true;
  }

  async #write(): Promise<void> {
    while (this.#isStale && !this.#isOver) {
      this.#isStale = false;
      try {
        await this.#api.patch(`${this.#path}/status`, "strategic-merge-patch", this.#status());
      } catch (error) {
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return this.end();
        this.#isStale = true;
        await pause(RETRY_MILLISECONDS);
      }
    }
  }
}
