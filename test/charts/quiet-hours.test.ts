import type { RuleGroup } from "../../apps/monitoring/rules.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { type Scenario, testRules } from "../support/promtool.ts";

/** Requests of one pod that ended alike, by the minutes at which they came. */
interface Requests {
  readonly pod: string;
  /** A status, or how many seconds each took. */
  readonly ended: string | number;
  readonly at: readonly number[];
}

const SAMPLES_A_MINUTE = 2;
const OWN = 'namespace="sparki-engine",stack="prod"';
const { groups } = monitoringValues(monitoringArgs("prod"));

/** Every so many minutes from one to another. */
const every = (step: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

/** A counter as a client library has it: there from its first request on, and not before. */
function counter(series: string, at: readonly number[], minutes: number): Scenario["input_series"][number] {
  const samples = Array.from({ length: minutes * SAMPLES_A_MINUTE }, (_, sample) => {
    const count = at.filter((minute) => minute <= sample / SAMPLES_A_MINUTE).length;
    return count === 0 ? "_" : `${count}`;
  });
  return { series, values: samples.join(" ") };
}

function seriesOf({ pod, ended, at }: Requests, minutes: number): Scenario["input_series"] {
  const labels = `${OWN},synthetic="false",pod="${pod}"`;
  if (typeof ended === "string") return [counter(`http_requests_total{${labels},status="${ended}"}`, at, minutes)];
  const durations = (suffix: string, more: string, of: readonly number[]) =>
    counter(`http_request_duration_seconds_${suffix}{${labels}${more}}`, of, minutes);
  // A histogram has all its buckets from its first request on.
  const quick = ["0.1", "1.0", "5.0"].map((bound) => {
    const { series, values } = durations("bucket", `,le="${bound}"`, at);
    return { series, values: ended <= Number(bound) ? values : values.replaceAll(/\d+/g, "0") };
  });
  return [durations("count", "", at), ...quick];
}

/** What was not as expected, where each alert's name has a minute at which it does (1) or does not (0) fire. */
function played(
  requests: readonly Requests[],
  expected: readonly (readonly [alert: string, minute: number, firing: 0 | 1])[],
): string {
  const minutes = Math.max(...expected.map(([, minute]) => minute)) + 2;
  const pods = [...new Set(requests.map(({ pod }) => pod))];
  const scenario: Scenario = {
    name: "quiet",
    interval: "30s",
    input_series: [
      ...pods.map((pod) => ({ series: `up{${OWN},pod="${pod}"}`, values: `1x${minutes * SAMPLES_A_MINUTE}` })),
      ...requests.flatMap((each) => seriesOf(each, minutes)),
    ],
    promql_expr_test: expected.map(([alert, minute, value]) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
      eval_time: `${minute}m`,
      exp_samples: [{ labels: "{}", value }],
    })),
  };
  return testRules([{ groups: needed(new Set(expected.map(([alert]) => alert))), scenarios: [scenario] }], "30s");
}

/** The objectives' recordings, and of the alerts those that are asked for. */
function needed(alerts: ReadonlySet<string>): RuleGroup[] {
  const own = (name: string) => [...alerts].some((alert) => alert.startsWith(OBJECTIVES[name] ?? "none"));
  return groups
    .filter(({ name }) => name === "sparki-alerts" || own(name))
    .map((group) => ({
      ...group,
      rules: group.rules.filter((rule) => !("alert" in rule) || alerts.has(rule.alert)),
    }));
}

const OBJECTIVES: Readonly<Record<string, string>> = {
  "sparki-slo-errors": "ErrorsBudgetBurn",
  "sparki-slo-slower-than-5s": "SlowerThan5sBudgetBurn",
};
const [FAST, MEDIUM, SLOW] = ["ErrorsBudgetBurnFast", "ErrorsBudgetBurnMedium", "ErrorsBudgetBurnSlow"] as const;

/** One request a minute, which is well, in turn by one of two pods. */
const quiet = (until: number): Requests[] => [
  { pod: "a", ended: "200", at: every(2, 1, until) },
  { pod: "b", ended: "200", at: every(2, 2, until) },
];

// https://github.com/pyrra-dev/pyrra/issues/1925
describe("the burn-rate alerts in a quiet hour", () => {
  it.each([
    ["one request", [70]],
    ["two requests", [70, 74]],
  ])("call nobody for %s that fail", (_, at) => {
    const silent = [FAST, MEDIUM, SLOW].flatMap((alert) =>
      [70, 71, 73, 75, 78, 100].map((minute) => [alert, minute, 0] as const),
    );
    expect(played([...quiet(110), { pod: "a", ended: "503", at }], silent)).toBe("");
  });

  it("call for the third, and say that it is over 20 minutes after the last", () => {
    const failed = { pod: "a", ended: "503", at: [70, 74, 78] };
    const minutes = [
      [FAST, 77, 0],
      [FAST, 79, 1],
      // Told as over and told again would be another page: the next one fails while it is held.
      [FAST, 92, 1],
      [FAST, 99, 0],
    ] as const;
    expect(played([...quiet(110), failed], minutes)).toBe("");
  });

  // https://github.com/prometheus/prometheus/issues/1673
  it("count the first error of every pod, which no pod had a series of before", () => {
    const first = ["a", "b", "c"].map((pod, index) => ({ pod, ended: "500", at: [70 + index] }));
    const up = { pod: "c", ended: "200", at: [3] };
    expect(
      played(
        [...quiet(70), up, ...first],
        [
          [FAST, 71, 0],
          [FAST, 73, 1],
        ],
      ),
    ).toBe("");
  });

  it("count the first slow request of every pod", () => {
    const first = ["a", "b", "c"].map((pod, index) => ({ pod, ended: 7, at: [70 + index] }));
    const quick = { pod: "d", ended: 0.05, at: every(4, 1, 70) };
    expect(
      played(
        [quick, ...first],
        [
          ["SlowerThan5sBudgetBurnFast", 71, 0],
          ["SlowerThan5sBudgetBurnFast", 73, 1],
        ],
      ),
    ).toBe("");
  });

  it("call for an outage by the third request that fails, where three come in an hour", () => {
    const before = { pod: "a", ended: "200", at: every(10, 1, 120) };
    const sixAnHour = { pod: "a", ended: "503", at: every(10, 121, 200) };
    expect(
      played(
        [before, sixAnHour],
        [
          [FAST, 140, 0],
          [FAST, 142, 1],
          [FAST, 155, 1],
        ],
      ),
    ).toBe("");
  });

  it("call for an outage by the third request that fails, where three come in six hours", () => {
    // What the window before this one shows is what tells a first error from one that nobody saw.
    const before = { pod: "a", ended: "200", at: every(60, 1, 720) };
    const oneAnHour = { pod: "a", ended: "503", at: [725, 785, 845] };
    expect(
      played(
        [before, oneAnHour],
        [
          [MEDIUM, 786, 0],
          [SLOW, 786, 0],
          [MEDIUM, 846, 1],
          [SLOW, 851, 1],
          [FAST, 846, 0],
        ],
      ),
    ).toBe("");
  });
});
