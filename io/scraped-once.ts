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
 * The labels that tell the scrapers of one pod apart, by the targets' own `up`, into which an application puts none: so two
 * servers or two sites are known by whatever label they have. None where every pod has one scraper.
 */
export function scrapersIn(up: readonly Series[]): readonly string[] {
  const named = up.flatMap(({ labels }) => (labels.pod ? [labels] : []));
  const byPod = Map.groupBy(named, ({ namespace = "", pod }) => `${namespace}/${pod}`);
  return [...new Set([...byPod.values()].flatMap(differencesIn))].sort();
}

function differencesIn(all: readonly Labels[]): string[] {
  const names = [...new Set(all.flatMap((labels) => Object.keys(labels)))];
  return names.filter((name) => new Set(all.map((labels) => labels[name])).size > 1);
}

/**
 * Each counter of each pod once, whoever scrapes it: of the series that are one counter, the one that began first, and of
 * every later one what comes after the end of those before. So two jobs do not count a request twice, and a series that
 * was relabelled continues where it ended under its old labels. Their labels are then those that say whose they are.
 */
export function scrapedOnce(series: readonly Series[], scrapers: readonly string[] = []): Series[] {
  const named = series.map(({ labels, points }) => ({ labels: ownOf(labels, scrapers), points }));
  return [...Map.groupBy(named, ({ labels }) => identityOf(labels)).values()].map(joined);
}

/** Whose a series is: a pod by its name, else what is scraped by its address. */
export function identityOf(labels: Labels): string {
  return JSON.stringify(Object.entries(ownOf(labels, [])).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function ownOf(labels: Labels, scrapers: readonly string[]): Labels {
  const left: readonly string[] = labels.pod ? [...SCRAPER_LABELS, "instance", ...scrapers] : SCRAPER_LABELS;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !left.includes(name)));
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
export function onceOf(
  expression: (selector: string) => string,
  selector: string,
  scrapers: readonly string[] = [],
): string {
  const labels = SCRAPER_LABELS.join(", ");
  const ofPods = [...new Set([...SCRAPER_LABELS, "instance", ...scrapers])].map(written).join(", ");
  const [named, unnamed] = [`pod!=""`, `pod!~".+"`].map((pod) =>
    expression(selector.replace(/\}$/, `,${pod}}`).replace("{,", "{")),
  );
  return `(max without (${ofPods}) (${named}) or max without (${labels}) (${unnamed}))`;
}

/** A label's name as PromQL takes it: Prometheus 3 has some that want quotes. */
function written(name: string): string {
  return /^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
