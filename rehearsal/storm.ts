import type { RunningPrometheus } from "./backing/prometheus.ts";
import type { ClusterAccess, ClusterService } from "./services.ts";

type Start = (access: ClusterAccess) => Promise<RunningPrometheus>;

/** Storm's Prometheus: it watches the cluster from when that exists, and can be stopped and started again. */
export class Storm {
  readonly #start: Start;
  #running: RunningPrometheus | undefined;
  #access: ClusterAccess | undefined;

  constructor(start: Start) {
    this.#start = start;
  }

  /** The cluster service, with Storm watching each cluster that it starts. */
  watching(clusters: ClusterService): ClusterService {
    return {
      start: async (cluster) => {
        this.#access = await clusters.start(cluster);
        await this.resume();
        return this.#access;
      },
      stop: (name) => clusters.stop(name),
    };
  }

  /** How to reach the watched cluster; undefined while there is none. */
  get access(): ClusterAccess | undefined {
    return this.#access;
  }

  async suspend(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Starts it when it does not run; what it had scraped before is still there. */
  async resume(): Promise<void> {
    if (this.#access !== undefined) this.#running ??= await this.#start(this.#access);
  }
}
