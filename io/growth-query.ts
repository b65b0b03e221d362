import { onceOf } from "./scraped-once.ts";

/** Counters whose growth Prometheus adds up itself. */
export interface Counters {
  /** A selector. */
  readonly metric: string;
  /** The label that the sums are told apart by. */
  readonly by: string;
  /** A selector of the targets that the counters are scraped from, and of those beside them. */
  readonly up: string;
  /** Further labels of whoever scrapes. @default none */
  readonly scrapers?: readonly string[];
}

/** How far back a pod is known of that was missed. */
const KNOWN = "1d";

/** How long a sample says what was so. */
const LOOKBACK = "5m";

/**
 * The counters' growth over one step. A series that was not there when the step began grew from zero, where its pod was
 * scraped then, or targets of its namespace were and nobody knows its pod: increase() leaves out what a series first shows.
 * Else nobody looked, at all or at its pod, and what it first shows may be of ten days. One that began again in the step in
 * which it was born grew by what increase() says, which is more than it last shows.
 */
export function growthQuery({ metric, by, up, scrapers }: Counters, stepSeconds: number): string {
  const step = `${Math.round(stepSeconds * 1000)}ms`;
  const once = (expression: (chosen: string) => string) => onceOf(expression, metric, scrapers);
  // Of a pod that is gone too.
  const last = once((chosen) => `last_over_time(${chosen}[${step}])`);
  const before = once((chosen) => `last_over_time(${chosen}[${LOOKBACK}] offset ${step})`);
  const scraped = `max_over_time(${up}[${LOOKBACK}] offset ${step}) == 1`;
  const known = `max_over_time(${up.replace(/\}$/, ',pod!=""}').replace("{,", "{")}[${KNOWN}] offset ${step}) == 1`;
  const beside = `max_over_time(${up}[${step}]) and on (namespace) (${scraped}) unless on (namespace, pod) (${known})`;
  const relabelled = `max_over_time(${up}[${step}]) unless max_over_time(${up}[${LOOKBACK}] offset ${step})`;
  const own = `${scraped} unless on (namespace, pod) (${relabelled})`;
  const born = `(${last} unless ${before}) and on (namespace, pod) (${own} or ${beside})`;
  const grown = once((chosen) => `increase(${chosen}[${step}])`);
  return `sum by (${by}) (max without (of) (label_replace(${born}, "of", "birth", "", "") or ${grown}))`;
}
