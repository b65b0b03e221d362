import type { Reading } from "../../gates/objective.ts";
import type { Labels, Prometheus, Series } from "../../io/prometheus.ts";

/** Requests that pods have counted between the epoch's begin and now, by their labels. */
export interface Counted {
  readonly labels: Labels;
  readonly requests: number;
  readonly errors?: number;
  /** By the bound in seconds. */
  readonly slower?: Readonly<Record<number, number>>;
}

const BOUNDS = [0.1, 1, 5];

/**
 * A Prometheus that scraped `counted` just before it is asked, and zeros before that; an instant is `now` where none is
 * named. `broken` is what it answers to everything instead, and `reachSeconds` how far back its samples go.
 */
export function fakePrometheus(
  counted: readonly Counted[],
  now: number,
  broken?: Reading<never>,
  reachSeconds = Number.MAX_SAFE_INTEGER,
): Prometheus {
  const answer = (query: string, at: number, from = 0): Reading<readonly Series[]> => {
    if (broken !== undefined) return broken;
    const chosen = counted.filter(({ labels }) => matches(query, labels));
    const series = chosen.flatMap((each) => seriesOf(query, each, at));
    const seen = series.map(({ labels, points }) => ({ labels, points: points.filter(([time]) => time >= from) }));
    return series.length === 0 ? { kind: "no-data" } : { kind: "value", value: seen };
  };
  return {
    // How far back samples go: as far as anyone asks.
    instant: async (query, at = now) =>
      query.startsWith("min_over_time(timestamp(") && broken === undefined
        ? oldest(query, at, reachSeconds)
        : answer(query, at),
    samples: async (selector, _, at) => answer(selector, at),
    // All that was counted was counted now.
    range: async (query, start, end) => (end < now ? { kind: "no-data" } : answer(query, end, start)),
  };
}

/** A query sees no further back than its own window. */
function oldest(query: string, at: number, reachSeconds: number): Reading<readonly Series[]> {
  const [, window] = /\[(\d+)s:/.exec(query) ?? [];
  return { kind: "value", value: [{ labels: {}, points: [[at, at - Math.min(reachSeconds, Number(window))]] }] };
}

function matches(query: string, labels: Labels): boolean {
  const wanted = [...query.matchAll(/(\w+)="([^"]*)"/g)];
  return wanted.every(([, name = "", value]) => labels[name] === value);
}

function seriesOf(query: string, { labels, requests, errors = 0, slower = {} }: Counted, at: number): Series[] {
  const series = (more: Labels, value: number): Series => ({
    labels: { ...labels, ...more },
    points: [
      [at - 1, 0],
      [at, value],
    ],
  });
  if (query.startsWith("up")) return [series({}, 1)];
  if (query.includes("http_requests_total"))
    return [series({ status: "200" }, requests - errors), series({ status: "500" }, errors)];
  const bounds = BOUNDS.map((bound) => series({ le: `${bound}` }, requests - (slower[bound] ?? 0)));
  return [...bounds, series({ le: "+Inf" }, requests)];
}
