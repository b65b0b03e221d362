import { Counter, Histogram, type Registry } from "prom-client";

export interface RequestSample {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly synthetic: boolean;
  readonly seconds: number;
}

/** The counts that the gates judge: `http_requests_total` and `http_request_duration_seconds`. */
export class RequestMetrics {
  readonly #registry: Registry;
  readonly #requests: Counter<"method" | "route" | "status" | "synthetic">;
  readonly #durations: Histogram<"route" | "synthetic">;
  readonly contentType: string;

  /** Renders whatever the registry has, its own counts among it. */
  constructor(registry: Registry) {
    this.#registry = registry;
    this.contentType = registry.contentType;
    this.#requests = new Counter({
      name: "http_requests_total",
      help: "Requests answered.",
      labelNames: ["method", "route", "status", "synthetic"],
      registers: [registry],
    });
    this.#durations = new Histogram({
      name: "http_request_duration_seconds",
      help: "Time from the request's arrival to its answer.",
      labelNames: ["route", "synthetic"],
      // The objectives' limits (0.1, 1 and 5 seconds) must be bounds: a gate counts what is over them.
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    });
  }

  record({ method, route, status, synthetic, seconds }: RequestSample): void {
    const isSynthetic = synthetic ? "true" : "false";
    this.#requests.inc({ method, route, status: String(status), synthetic: isSynthetic });
    this.#durations.observe({ route, synthetic: isSynthetic }, seconds);
  }

  /** The exposition text. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The exposition text with every value gone, as of a broken exporter. */
  async renderNotNumbers(): Promise<string> {
    return (await this.render()).replace(/^([^#\s].*) \S+$/gm, "$1 NaN");
  }
}
