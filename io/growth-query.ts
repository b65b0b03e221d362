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

/**
 * The counters' growth over one step. A series that was not there in the step before grew from zero, where targets of
 * its namespace were scraped then: increase() leaves out what a series first shows. Else nobody looked, at all or at its
 * pod, and what it first shows may be of ten days.
 */
export function growthQuery({ metric, by, up, scrapers }: Counters, stepSeconds: number): string {
  const step = `${Math.round(stepSeconds * 1000)}ms`;
  const once = (expression: (chosen: string) => string) => onceOf(expression, metric, scrapers);
  // Of a pod that is gone too: what it last showed; or what it grew by in all, where its container began again.
  const now = once(
    (chosen) => `increase(${chosen}[${step}]) and resets(${chosen}[${step}]) > 0 or last_over_time(${chosen}[${step}])`,
  );
  const before = once((chosen) => `last_over_time(${chosen}[${step}] offset ${step})`);
  const born = `${now} unless ${before}`;
  const scraped = `(max_over_time(${up}[${step}] offset ${step}) == 1)`;
  const known = `(max_over_time(${up.replace(/\}$/, ',pod!=""}').replace("{,", "{")}[${KNOWN}] offset ${step}) == 1)`;
  const own = `(${born}) and on (namespace, pod) ${scraped}`;
  const beside = `((${born}) and on (namespace) ${scraped}) unless on (namespace, pod) ${known}`;
  return `sum by (${by}) ((${own}) or (${beside}) or ${once((chosen) => `increase(${chosen}[${step}])`)})`;
}
