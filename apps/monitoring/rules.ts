import type { Objective } from "../../gates/objective.ts";
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

/** Namespaces whose requests are Sparki's service; each has a budget of its own. */
export const SERVED_NAMESPACES: readonly string[] = ENTERED.map(namespaceOf);

/** The recorded proportion of bad requests of an objective over a window, one series a namespace. */
export function badRatio(stack: string, objective: Objective, window: Window): string {
  return `sparki:slo_bad:ratio_rate${window}${selector(["objective", "=", objectiveLabel(objective)], ["stack", "=", stack])}`;
}

/** Everything that alerts and dashboards read about the objectives, recorded once. */
export function sloRuleGroups(stack: string, objectives: readonly Objective[]): RuleGroup[] {
  return objectives.map((objective) => {
    const labels = { objective: objectiveLabel(objective), stack };
    return {
      name: `sparki-slo-${labels.objective}`,
      interval: "30s",
      rules: [
        { record: "sparki:slo_requests:rate5m", expr: requestRate(stack, objective, "5m"), labels },
        { record: "sparki:slo_bad:rate5m", expr: badRate(stack, objective, "5m"), labels },
        ...SHORT_WINDOWS.map((window) => shortRatio(stack, objective, window, labels)),
        ...LONG_WINDOWS.map((window) => longRatio(window, labels)),
      ],
    };
  });
}

function shortRatio(
  stack: string,
  objective: Objective,
  window: Window,
  labels: RecordingRule["labels"],
): RecordingRule {
  const bad = badRate(stack, objective, window);
  // Without a request there is no proportion: dividing by nothing would say NaN, which no alert understands.
  const expr = `(${bad}) / (${requestRate(stack, objective, window)} > 0)`;
  return { record: `sparki:slo_bad:ratio_rate${window}`, expr, labels };
}

function longRatio(window: Window, labels: { readonly objective: string; readonly stack: string }): RecordingRule {
  const series = selector(["objective", "=", labels.objective], ["stack", "=", labels.stack]);
  const over = (name: string) => `sum_over_time(${name}${series}[${window}])`;
  const expr = `${over("sparki:slo_bad:rate5m")} / (${over("sparki:slo_requests:rate5m")} > 0)`;
  return { record: `sparki:slo_bad:ratio_rate${window}`, expr, labels };
}

/** Users' requests a second, by namespace; synthetic ones are the gates' own. */
function requestRate(stack: string, { kind }: Objective, window: Window): string {
  return perSecond(
    kind.type === "errors" ? "http_requests_total" : "http_request_duration_seconds_count",
    stack,
    window,
  );
}

/** Bad requests a second, by namespace; zero, not absent, where requests came and none was bad. */
function badRate(stack: string, { kind }: Objective, window: Window): string {
  if (kind.type === "errors") {
    const failed = perSecond("http_requests_total", stack, window, ["status", "=~", "5.."]);
    return `${failed} or 0 * ${perSecond("http_requests_total", stack, window)}`;
  }
  const all = perSecond("http_request_duration_seconds_count", stack, window);
  const quick = perSecond("http_request_duration_seconds_bucket", stack, window, [
    "le",
    "=~",
    bucketPattern(kind.seconds),
  ]);
  // Two counters of one histogram are added up apart: their difference can be a rounding error below zero.
  return `clamp_min(${all} - ${quick}, 0)`;
}

function perSecond(metric: string, stack: string, window: Window, ...matchers: readonly Matcher[]): string {
  const requests = selector(
    ["namespace", "=~", SERVED_NAMESPACES.join("|")],
    ["stack", "=", stack],
    ["synthetic", "=", "false"],
    ...matchers,
  );
  return `sum by (namespace) (${rateOnce(`${metric}${requests}`, window)})`;
}

/** Prometheus 3 stores the bound 5 as 5.0, Prometheus 2 as it was written. */
function bucketPattern(seconds: number): string {
  const text = String(seconds).replace(".", "\\.");
  return Number.isInteger(seconds) ? `${text}(\\.0)?` : text;
}
