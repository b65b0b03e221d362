import type { Objective } from "../../gates/objective.ts";
import { type Counters, growthQuery } from "../../io/growth-query.ts";
import { onceOf } from "../../io/scraped-once.ts";
import { objectiveLabel } from "../../stacks/schema.ts";
import { ENTERED, namespaceOf } from "../../stacks/services.ts";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold before it fires, such as `5m`. @default fires at once */
  readonly for?: string;
  /** How long it goes on firing after its expression has ended. @default not at all */
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Rules that Prometheus evaluates one after the other, every `interval`. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

export type Matcher = readonly [label: string, operator: "=" | "=~" | "!=", value: string];

/** Label matchers between braces; values are quoted as PromQL wants them. */
export function selector(...matchers: readonly Matcher[]): string {
  return `{${matchers.map(([label, operator, value]) => `${label}${operator}${JSON.stringify(value)}`).join(",")}}`;
}

/** What a counter grows by in a second, of each pod once, whoever scrapes it. */
export function rateOnce(counter: string, window: string, offset = ""): string {
  return onceOf((chosen) => `rate(${chosen}[${window}]${offset})`, counter);
}

/** How long the newest value stands for what did not come since, as a scrape that failed: as Prometheus's own look back. */
export const HELD = "5m";

/** The newest value of a series of the cluster's: a scrape that fails would begin the wait of every alert again. */
export function held(series: string): string {
  return `last_over_time(${series}[${HELD}])`;
}

/** Windows over which the proportion of bad requests is counted from the requests themselves. */
const SHORT_WINDOWS = ["5m", "30m", "1h", "6h"] as const;

/** Windows that are added up from the recorded 5-minute rates: days of every pod's counters are too many samples. */
const LONG_WINDOWS = ["1d", "3d", "30d"] as const;

export type Window = (typeof SHORT_WINDOWS)[number] | (typeof LONG_WINDOWS)[number];

/** The length of a window in seconds. */
export function windowSeconds(window: Window): number {
  return Number.parseInt(window, 10) * (window.endsWith("d") ? 86_400 : window.endsWith("h") ? 3600 : 60);
}

/** The recorded window of that many seconds; throws when none is. */
export function windowOf(seconds: number): Window {
  const window = [...SHORT_WINDOWS, ...LONG_WINDOWS].find((candidate) => windowSeconds(candidate) === seconds);
  if (window === undefined) throw new Error(`no window of ${seconds} s is recorded`);
  return window;
}

/** What is of the stack's namespaces whose requests are Sparki's service; each namespace has a budget of its own. */
export function served(stack: string): readonly Matcher[] {
  return [
    ["namespace", "=~", ENTERED.map(namespaceOf).join("|")],
    ["stack", "=", stack],
  ];
}

/** The recorded proportion of bad requests of an objective over a window, one series a namespace. */
export function badRatio(stack: string, objective: Objective, window: Window): string {
  return recorded("sparki:slo_bad:ratio_rate", window, { objective: objectiveLabel(objective), stack });
}

/** The recorded number of bad requests of an objective in a window, one series a namespace. */
export function badCount(stack: string, objective: Objective, window: Window): string {
  return recorded("sparki:slo_bad:increase", window, { objective: objectiveLabel(objective), stack });
}

type RecordLabels = Readonly<Record<"objective" | "stack", string>>;

function recorded(record: string, window: Window, { objective, stack }: RecordLabels): string {
  return `${record}${window}${selector(["objective", "=", objective], ["stack", "=", stack])}`;
}

/** How often the rates are recorded that days are added up from. */
const INTERVAL_SECONDS = 30;

/** Everything that alerts and dashboards read about the objectives, recorded once. */
export function sloRuleGroups(stack: string, objectives: readonly Objective[]): RuleGroup[] {
  return objectives.map((objective) => {
    const labels = { objective: objectiveLabel(objective), stack };
    return {
      name: `sparki-slo-${labels.objective}`,
      interval: `${INTERVAL_SECONDS}s`,
      rules: [
        ...SHORT_WINDOWS.flatMap((window) => shortCounts(stack, objective, window, labels)),
        ...COUNTED.map((counted) => ({
          record: `${counted}:rate5m`,
          expr: `${recorded(`${counted}:increase`, "5m", labels)} / ${windowSeconds("5m")}`,
          labels,
        })),
        ...LONG_WINDOWS.flatMap((window) => longCounts(window, labels)),
        ...[...SHORT_WINDOWS, ...LONG_WINDOWS].map((window) => ratio(window, labels)),
      ],
    };
  });
}

const COUNTED = ["sparki:slo_requests", "sparki:slo_bad"] as const;

/** Users' requests of a window, and the bad ones of them, by namespace, from the counters themselves. */
function shortCounts(stack: string, objective: Objective, window: Window, labels: RecordLabels): RecordingRule[] {
  const [requests, bad] = COUNTED.map((counted) => `${counted}:increase${window}`);
  return [
    { record: `${requests}`, expr: requestsIn(stack, objective, window), labels },
    { record: `${bad}`, expr: badIn(stack, objective, window, labels), labels },
  ];
}

/** The same of days, from the rates that were recorded in them: each stands for what came until the next one. */
function longCounts(window: Window, labels: RecordLabels): RecordingRule[] {
  const { objective, stack } = labels;
  const series = selector(["objective", "=", objective], ["stack", "=", stack]);
  return COUNTED.map((counted) => ({
    record: `${counted}:increase${window}`,
    expr: `${INTERVAL_SECONDS} * sum_over_time(${counted}:rate5m${series}[${window}])`,
    labels,
  }));
}

/** Without a request there is no proportion: dividing by nothing would say NaN, which no alert understands. */
function ratio(window: Window, labels: RecordLabels): RecordingRule {
  const [requests, bad] = COUNTED.map((counted) => recorded(`${counted}:increase`, window, labels));
  return { record: `sparki:slo_bad:ratio_rate${window}`, expr: `${bad} / (${requests} > 0)`, labels };
}

/** Users' requests, by namespace; synthetic ones are the gates' own. */
function requestsIn(stack: string, { kind }: Objective, window: Window): string {
  return growth(kind.type === "errors" ? "http_requests_total" : "http_request_duration_seconds_count", stack, window);
}

/** Bad requests, by namespace; zero, not absent, where requests came and none was bad. */
function badIn(stack: string, { kind }: Objective, window: Window, labels: RecordLabels): string {
  const all = `sum by (namespace) (${recorded("sparki:slo_requests:increase", window, labels)})`;
  if (kind.type === "errors")
    return `${growth("http_requests_total", stack, window, ["status", "=~", "5.."])} or 0 * ${all}`;
  const bound = ["le", "=~", bucketPattern(kind.seconds)] as const;
  const quick = growth("http_request_duration_seconds_bucket", stack, window, bound);
  // Two counters of one histogram are added up apart: their difference can be a rounding error below zero.
  return `clamp_min(${all} - ${quick}, 0)`;
}

/** As `watch` counts: rate() leaves out what a series first shows, which is the first error of every pod. */
function growth(metric: string, stack: string, window: Window, ...matchers: readonly Matcher[]): string {
  return growthQuery(usersCounters(metric, stack, ...matchers), windowSeconds(window));
}

/** A counter of the pods', of users' requests alone, by namespace. */
export function usersCounters(metric: string, stack: string, ...matchers: readonly Matcher[]): Counters {
  const users = selector(...served(stack), ["synthetic", "=", "false"], ...matchers);
  return { metric: `${metric}${users}`, by: "namespace", up: `up${selector(...served(stack))}` };
}

/** Prometheus 3 stores the bound 5 as 5.0, Prometheus 2 as it was written. */
function bucketPattern(seconds: number): string {
  const text = String(seconds).replace(".", "\\.");
  return Number.isInteger(seconds) ? `${text}(\\.0)?` : text;
}
