import type { Labels, Series } from "./prometheus.ts";

/** Labels that say who scraped a series and by what, not whose it is. */
export const SCRAPER_LABELS = [
  "job",
  "endpoint",
  "service",
  "container",
  "prometheus",
  "prometheus_replica",
  "replica",
  "receive",
  "tenant_id",
] as const;

/**
 * Each counter of each pod once, whoever scrapes it: of the series that are one counter, the one that began first, and of
 * every later one what comes after the end of those before. So two jobs do not count a request twice, and a series that
 * was relabelled continues where it ended under its old labels.
 */
export function scrapedOnce(series: readonly Series[]): Series[] {
  return [...Map.groupBy(series, ({ labels }) => identityOf(labels)).values()].map(joined);
}

/** Whose a series is: a pod by its name, else what is scraped by its address. */
export function identityOf(labels: Labels): string {
  const left: readonly string[] = labels.pod === undefined ? SCRAPER_LABELS : [...SCRAPER_LABELS, "instance"];
  const own = Object.entries(labels).filter(([name]) => !left.includes(name));
  return JSON.stringify(own.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function joined(same: readonly Series[]): Series {
  const [first = { labels: {}, points: [] }, ...later] = [...same].sort((one, other) => startOf(one) - startOf(other));
  const points = [...first.points];
  for (const next of later) {
    const end = points.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    for (const point of next.points) if (point[0] > end) points.push(point);
  }
  return { labels: first.labels, points };
}

function startOf({ points }: Series): number {
  return points[0]?.[0] ?? Number.POSITIVE_INFINITY;
}

/** The same in PromQL, for an expression over one selector: the most that any scraper of a pod's counter saw. */
export function onceOf(expression: (selector: string) => string, selector: string): string {
  const labels = SCRAPER_LABELS.join(", ");
  const [named, unnamed] = [`pod!=""`, `pod!~".+"`].map((pod) =>
    expression(selector.replace(/\}$/, `,${pod}}`).replace("{,", "{")),
  );
  return `(max without (${labels}, instance) (${named}) or max without (${labels}) (${unnamed}))`;
}
