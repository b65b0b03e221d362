import type { Reading } from "../gates/reading.ts";
import type { Labels, Prometheus } from "./prometheus.ts";
import { onceOf } from "./scraped-once.ts";

/** How much the counters grew whose values of the chosen label these are. */
export interface Grown {
  readonly labels: Labels;
  readonly growth: number;
}

/** Counters whose growth Prometheus adds up itself: days of every pod's samples are too many to fetch. */
export interface Counters {
  /** A selector. */
  readonly metric: string;
  /** The label that the sums are told apart by. */
  readonly by: string;
  /** A selector of the targets that the counters are scraped from, and of those beside them. */
  readonly up: string;
}

const LONGEST_STEP_SECONDS = 900;
/** How far back a pod is known of that was missed. */
const KNOWN = "1d";
/** Of one query: five days, so that each is answered in time. */
const MOST_STEPS = 480;

/** The growth of the counters over the `windowSeconds` up to `end`, in steps of at most a quarter of an hour. */
export async function growthOver(
  prometheus: Prometheus,
  counters: Counters,
  end: number,
  windowSeconds: number,
): Promise<Reading<readonly Grown[]>> {
  const steps = Math.ceil(windowSeconds / LONGEST_STEP_SECONDS);
  const step = windowSeconds / steps;
  const query = growthQuery(counters, step);
  const grown: Grown[] = [];
  for (let first = 1; first <= steps; first += MOST_STEPS) {
    const last = Math.min(steps, first + MOST_STEPS - 1);
    const at = (index: number) => end - windowSeconds + index * step;
    const reading = await prometheus.range(query, at(first), at(last), step);
    if (reading.kind === "no-data") continue;
    if (reading.kind !== "value") return reading;
    const sums = reading.value.map(({ labels, points }) => ({
      labels,
      growth: points.reduce((sum, [, value]) => sum + value, 0),
    }));
    grown.push(...sums);
  }
  return grown.length === 0 ? { kind: "no-data" } : { kind: "value", value: grown };
}

/**
 * The counters' growth over one step. A series that was not there in the step before grew from zero, where targets of
 * its namespace were scraped then: increase() leaves out what a series first shows. Else nobody looked, at all or at its
 * pod, and what it first shows may be of ten days.
 */
export function growthQuery({ metric, by, up }: Counters, stepSeconds: number): string {
  const step = `${Math.round(stepSeconds * 1000)}ms`;
  const now = onceOf((chosen) => chosen, metric);
  const before = onceOf((chosen) => `last_over_time(${chosen}[${step}] offset ${step})`, metric);
  const born = `${now} unless ${before}`;
  const scraped = `(max_over_time(${up}[${step}] offset ${step}) == 1)`;
  const known = `(max_over_time(${up.replace(/\}$/, ',pod!=""}').replace("{,", "{")}[${KNOWN}] offset ${step}) == 1)`;
  const own = `(${born}) and on (namespace, pod) ${scraped}`;
  const beside = `((${born}) and on (namespace) ${scraped}) unless on (namespace, pod) ${known}`;
  return `sum by (${by}) ((${own}) or (${beside}) or ${onceOf((chosen) => `increase(${chosen}[${step}])`, metric)})`;
}
