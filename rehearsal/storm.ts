import type { RunningPrometheus } from "./backing/prometheus.ts";
import type { ClusterAccess, ClusterService } from "./services.ts";

type Start = (access: ClusterAccess | undefined) => Promise<RunningPrometheus>;

/** Storm's Prometheus: there before any cluster, it watches one from when that exists, and can be stopped and started. */
export class Storm {
  readonly #start: Start;
  #running: Promise<RunningPrometheus> | undefined;
  #access: ClusterAccess | undefined;

  constructor(start: Start) {
    this.#start = start;
  }

  /** The cluster service, with Storm watching each cluster that it starts. */
  watching(clusters: ClusterService): ClusterService {
    return {
      start: async (cluster) => {
        const access = await clusters.start(cluster);
        this.#access = access;
        await (await this.#prometheus()).watch(access);
        return access;
      },
      stop: (name) => clusters.stop(name),
    };
  }

  /** How to reach the watched cluster; undefined while there is none. */
  get access(): ClusterAccess | undefined {
    return this.#access;
  }

  async suspend(): Promise<void> {
    const running = await this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Starts it when it does not run; what it had scraped before is still there. */
  async resume(): Promise<void> {
    await this.#prometheus();
  }

  #prometheus(): Promise<RunningPrometheus> {
    this.#running ??= this.#start(this.#access);
    return this.#running;
  }
}
