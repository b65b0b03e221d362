import { judgeStart, RELEASE_WINDOWS } from "../../../gates/burn-rate.ts";
import type { Point, Prometheus, Series } from "../../../io/prometheus.ts";
import { prometheusCounts } from "../../../io/prometheus-counts.ts";

const NOW = 1_800_000_000;
const DAYS = 864_000;
const errors = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 } as const;

/** Ten days of 50 requests a second; in the last half hour one in 20 fails. Prometheus was away for six minutes before. */
const COUNTERS: Readonly<Record<string, (at: number) => number>> = {
  "200": (at) => Math.round(50 * (at - NOW + DAYS) - 2.5 * Math.max(0, at - NOW + 1_800)),
  "500": (at) => Math.round(2.5 * Math.max(0, at - NOW + 1_800)),
};
const wasAway = (at: number) => at > NOW - 2_160 && at < NOW - 1_770;

function scraped(from: number, value: (at: number) => number): Point[] {
  const times = Array.from({ length: Math.floor((NOW - from) / 15) }, (_, index) => NOW - index * 15).reverse();
  return times.filter((at) => !wasAway(at)).map((at) => [at, value(at)] as const);
}

const prometheus: Prometheus = {
  instant: async () => ({ kind: "no-data" }),
  range: async () => ({ kind: "no-data" }),
  samples: async (selector, seconds, at): Promise<{ kind: "value"; value: Series[] }> => {
    if (selector.startsWith("up"))
      return { kind: "value", value: [{ labels: {}, points: scraped(at - seconds, () => 1) }] };
    const series = Object.entries(COUNTERS).map(([status, value]) => ({
      labels: { status },
      points: scraped(at - seconds, value),
    }));
    return { kind: "value", value: series };
  },
};

describe("the start of a release after an outage of Prometheus", () => {
  it("is refused for what burns since, however good the ten days before were", async () => {
    const [halfHour] = RELEASE_WINDOWS;
    if (halfHour === undefined) throw new Error("no window");
    const source = prometheusCounts(prometheus, { labels: { stack: "prod" }, now: () => NOW });
    const reading = await source.countsSince([errors], NOW - halfHour.seconds);
    expect(judgeStart([errors], halfHour, reading, { gate: "start" })).toMatchObject([
      { verdict: "fail", requests: 88_500, bad: 4_425 },
    ]);
  });
});
