import type { RuleFiles, RunningPrometheus } from "./backing/prometheus.ts";
import type { ClusterAccess, ClusterService } from "./services.ts";
import { followRules } from "./storm-rules.ts";

type Start = (access: ClusterAccess | undefined) => Promise<RunningPrometheus>;

/**
 * Storm's Prometheus: there before any cluster, it watches one from when that exists, evaluates the rules that the cluster
 * holds, and can be stopped and started.
 */
export class Storm {
  readonly #start: Start;
  #running: Promise<RunningPrometheus> | undefined;
  #access: ClusterAccess | undefined;
  #rules: RuleFiles = new Map();
  #following: AbortController | undefined;

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
        await this.#follow(access);
        return access;
      },
      stop: async (name) => {
        this.close();
        await clusters.stop(name);
      },
    };
  }

  /** How to reach the watched cluster; undefined while there is none. */
  get access(): ClusterAccess | undefined {
    return this.#access;
  }

  /** Looks at the cluster no more. */
  close(): void {
    this.#following?.abort();
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
    this.#running ??= this.#started();
    return this.#running;
  }

  async #started(): Promise<RunningPrometheus> {
    const prometheus = await this.#start(this.#access);
    await prometheus.evaluate(this.#rules);
    return prometheus;
  }

  async #follow(access: ClusterAccess): Promise<void> {
    this.close();
    this.#following = new AbortController();
    const { signal } = this.#following;
    await followRules(access, signal, async (rules) => {
      this.#rules = rules;
      await (await this.#running)?.evaluate(rules);
    });
  }
}
