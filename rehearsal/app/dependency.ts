import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { reasonOf } from "./log.ts";

export type Dependency = "database" | "cache";

/** A server that the application needs, and that is not its own, did not answer; log lines name it as `dependency`. */
export class DependencyError extends Error {
  readonly dependency: Dependency;

  constructor(dependency: Dependency, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.dependency = dependency;
  }
}

/** The log field of a failure that is a dependency's; empty for any other. */
export function dependencyIn(error: unknown): { readonly dependency?: Dependency } {
  return error instanceof DependencyError ? { dependency: error.dependency } : {};
}

/** How a pool of connections stands now. */
interface PoolState {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The engine's view of its database: connections as they are when it is scraped, and every query with its result. */
export class DatabaseMetrics {
  readonly #queries: Counter<"result">;
  readonly #durations: Histogram<"statement">;

  constructor(registry: Registry, pool: PoolState, maxConnections: number) {
    const registers = [registry];
    this.#queries = new Counter({
      name: "database_queries_total",
      help: "Queries asked, by result: ok or error.",
      labelNames: ["result"],
      registers,
    });
    this.#durations = new Histogram({
      name: "database_query_duration_seconds",
      help: "Time from the query to its answer, without the wait for a connection.",
      labelNames: ["statement"],
      buckets: SECONDS,
      registers,
    });
    exportPool(registry, pool, maxConnections);
  }

  /** A query was answered, or not. */
  record(result: "ok" | "error"): void {
    this.#queries.inc({ result });
  }

  /** Starts the clock of a query on its connection; call what it returns once there is an answer. */
  time(statement: string): () => void {
    return this.#durations.startTimer({ statement });
  }
}

function exportPool(registry: Registry, pool: PoolState, maxConnections: number): void {
  const registers = [registry];
  new Gauge({
    name: "database_connections",
    help: "Open connections, by state: active or idle.",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "active" }, pool.totalCount - pool.idleCount);
      this.set({ state: "idle" }, pool.idleCount);
    },
  });
  new Gauge({
    name: "database_connection_waiters",
    help: "Requests that wait for a connection.",
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
  new Gauge({
    name: "database_connections_max",
    help: "Connections that this process opens at the most.",
    registers,
  }).set(maxConnections);
}

/** A read's result is hit or miss, another command's is ok; any can be an error. */
type CommandResult = "hit" | "miss" | "ok";

/** The engine's view of its cache: every command with its result and time. */
export class CacheMetrics {
  readonly #commands: Counter<"result">;
  readonly #durations: Histogram<"command">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#commands = new Counter({
      name: "cache_commands_total",
      help: "Commands sent, by result: hit, miss, ok or error.",
      labelNames: ["result"],
      registers,
    });
    this.#durations = new Histogram({
      name: "cache_command_duration_seconds",
      help: "Time from the command to its answer.",
      labelNames: ["command"],
      buckets: SECONDS,
      registers,
    });
  }

  /** Passes an answer on, counted as what `resultOf` says of it; a rejection is counted as an error. */
  async observe<T>(command: string, answer: Promise<T>, resultOf: (value: T) => CommandResult): Promise<T> {
    const answered = this.#durations.startTimer({ command });
    try {
      const value = await answer;
      answered();
      this.#commands.inc({ result: resultOf(value) });
      return value;
    } catch (error) {
      this.#commands.inc({ result: "error" });
      throw error;
    }
  }
}
