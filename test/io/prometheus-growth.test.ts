import { growthQuery } from "../../io/growth-query.ts";
import type { Prometheus } from "../../io/prometheus.ts";
import { growthOver } from "../../io/prometheus-counts.ts";
import { type Scenario, testRules } from "../support/promtool.ts";

const DAY = 86_400;
const counters = { metric: 'requests{stack="prod"}', by: "status", up: 'up{stack="prod"}', scrapers: ["site"] };

describe("growthOver", () => {
  /** A Prometheus in which every part of a window has one request; it notes what it is asked. */
  function steady() {
    const asked: { start: number; end: number; step: number }[] = [];
    const range: Prometheus["range"] = async (_, start, end, step) => {
      asked.push({ start, end, step });
      const points = Array.from(
        { length: Math.round((end - start) / step) + 1 },
        (_, n) => [start + n * step, 1] as const,
      );
      return { kind: "value", value: [{ labels: { status: "200" }, points }] };
    };
    const nothing = async () => ({ kind: "no-data" }) as const;
    return { prometheus: { instant: nothing, samples: nothing, range }, asked };
  }

  it("asks for 30 days in parts that Prometheus can answer, each quarter of an hour once", async () => {
    const { prometheus, asked } = steady();
    const reading = await growthOver(prometheus, counters, 100 * DAY, 30 * DAY);
    const sums = reading.kind === "value" ? reading.value : [];
    expect(sums.reduce((sum, { growth }) => sum + growth, 0)).toBe(30 * 96);
    expect(asked).toHaveLength(6);
    expect(asked[0]).toEqual({ start: 70 * DAY + 900, end: 75 * DAY, step: 900 });
    expect(asked[5]).toEqual({ start: 95 * DAY + 900, end: 100 * DAY, step: 900 });
  });

  it("has no data where no part has any, and says why a part cannot be read", async () => {
    const { prometheus } = steady();
    const none = { ...prometheus, range: async () => ({ kind: "no-data" }) as const };
    expect(await growthOver(none, counters, DAY, DAY)).toEqual({ kind: "no-data" });
    const down = { ...prometheus, range: async () => ({ kind: "unreachable", reason: "ECONNREFUSED" }) as const };
    expect(await growthOver(down, counters, DAY, DAY)).toEqual({ kind: "unreachable", reason: "ECONNREFUSED" });
  });
});

describe("growthQuery", () => {
  const LABELS = 'stack="prod",namespace="engine"';
  const counter = (pod: string, values: string) => ({
    series: `requests{${LABELS},status="500",pod="${pod}"}`,
    values,
  });
  const up = (pod: string, values: string) => ({ series: `up{${LABELS},pod="${pod}"}`, values });

  /** Over 15 minutes up to minute 30, from a sample every minute. */
  const CASES: readonly (readonly [string, Scenario["input_series"], number])[] = [
    ["a steady counter", [counter("a", "0+10x60"), up("a", "1x60")], 150],
    ["a counter without requests", [counter("a", "7x60"), up("a", "1x60")], 0],
    ["what came before a reset and after it", [counter("a", "0+10x20 0+10x40"), up("a", "1x60")], 139],
    ["all of a series that was born in the step", [counter("a", "_x20 4+0x40"), up("a", "1x60")], 4],
    [
      "nothing of a pod's life before an outage of the scraping, and what came after it",
      [counter("a", "0+1000x5 _x20 50000+10x40"), up("a", "1x5 _x20 1x40")],
      45,
    ],
    [
      "nothing of a pod's life after one failed scrape",
      [counter("a", "50000x14 stale 50000x45"), up("a", "1x14 0 1x45")],
      0,
    ],
    [
      "nothing that a pod shows which was missed while others were scraped, and what came after (W112)",
      [counter("a", "1000 _x25 50000+10x35"), counter("b", "7x60"), up("a", "1 _x25 1x35"), up("b", "1x60")],
      45,
    ],
    [
      "the first error of a pod that was scraped all the time",
      [counter("a", "_x20 4+0x40"), counter("b", "7x60"), up("a", "1x60"), up("b", "1x60")],
      4,
    ],
    [
      "all of a new pod among others",
      [counter("a", "_x20 4+0x40"), counter("b", "7x60"), up("a", "_x20 1x40"), up("b", "1x60")],
      4,
    ],
    [
      "a pod once that two jobs scrape",
      [
        { series: `requests{${LABELS},status="500",pod="a",job="one",instance="x"}`, values: "0+10x60" },
        { series: `requests{${LABELS},status="500",pod="a",job="two",instance="y"}`, values: "0+10x60" },
        up("a", "1x60"),
      ],
      150,
    ],
    [
      "a pod once that two servers scrape which only their own labels tell apart",
      [
        { series: `requests{${LABELS},status="500",pod="a",site="x"}`, values: "0+10x60" },
        { series: `requests{${LABELS},status="500",pod="a",site="y"}`, values: "0+10x60" },
        { series: `up{${LABELS},pod="a",site="x"}`, values: "1x60" },
        { series: `up{${LABELS},pod="a",site="y"}`, values: "1x60" },
      ],
      150,
    ],
    [
      "nothing twice of a pod that a second job begins to scrape",
      [
        { series: `requests{${LABELS},status="500",pod="a",job="one"}`, values: "5000+10x60" },
        { series: `requests{${LABELS},status="500",pod="a",job="two"}`, values: "_x20 5200+10x40" },
        up("a", "1x60"),
      ],
      150,
    ],
    [
      "targets without a pod's name each",
      [
        { series: `requests{${LABELS},status="500",job="one",instance="x"}`, values: "0+10x60" },
        { series: `requests{${LABELS},status="500",job="one",instance="y"}`, values: "0+10x60" },
        up("a", "1x60"),
      ],
      300,
    ],
    [
      "nothing of a pod's life before whoever scrapes it gave its series another label",
      [
        counter("a", "0+10x20 stale"),
        { series: `requests{${LABELS},status="500",pod="a",zone="x"}`, values: "_x21 210+10x39" },
        up("a", "1x20 stale"),
        { series: `up{${LABELS},pod="a",zone="x"}`, values: "_x21 1x39" },
      ],
      150,
    ],
    // All but the first value: 19 were.
    [
      "a series that was born in the step, and what it was before its container died",
      [counter("a", "_x17 5 10 15 2 4 4x40"), up("a", "1x60")],
      15,
    ],
    ["a series that was born and died in the step", [counter("a", "_x17 5 10 15 stale"), up("a", "1x60")], 15],
    [
      "the first error of a pod that is gone",
      [counter("a", "_x17 1x5 stale"), up("a", "1x22 stale"), up("b", "1x60")],
      1,
    ],
  ];

  it.each(CASES)("counts %s", (name, series, value) => {
    const played: Scenario = {
      name,
      interval: "1m",
      input_series: series,
      promql_expr_test: [
        {
          expr: `round(${growthQuery(counters, 900)})`,
          eval_time: "30m",
          exp_samples: [{ labels: '{status="500"}', value }],
        },
      ],
    };
    expect(testRules([{ groups: [], scenarios: [played] }], "1m")).toBe("");
  });
});
