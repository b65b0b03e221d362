import type { Objective } from "../../gates/objective.ts";
import type { Scenario } from "./promtool.ts";

/** A stretch of time in which the proportion of bad requests stays the same. */
export interface Phase {
  readonly minutes: number;
  readonly badRatio: number;
  /** @default 1000 */
  readonly requestsPerMinute?: number;
}

export interface Traffic {
  readonly objective: Objective;
  readonly phases: readonly Phase[];
  /** Labels put over those of users' requests to the engine in prod. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const STEP_MINUTES = 2;

/** The counters that Prometheus would have scraped, one sample every two minutes. */
export function trafficSeries({ objective, phases, labels }: Traffic): Scenario["input_series"] {
  const all = { namespace: "sparki-engine", stack: "prod", synthetic: "false", ...labels };
  const good = phases.map((phase) => perStep(phase, 1 - phase.badRatio));
  const bad = phases.map((phase) => perStep(phase, phase.badRatio));
  const total = phases.map((phase) => perStep(phase, 1));
  const counter = (metric: string, more: Record<string, string>, increments: readonly Increment[]) => ({
    series: `${metric}{${Object.entries({ ...all, ...more })
      .map(([label, value]) => `${label}="${value}"`)
      .join(",")}}`,
    values: counterValues(increments),
  });
  if (objective.kind.type === "errors") {
    return [
      counter("http_requests_total", { status: "200" }, good),
      counter("http_requests_total", { status: "503" }, bad),
    ];
  }
  const { seconds } = objective.kind;
  return [
    counter("http_request_duration_seconds_count", {}, total),
    counter(
      "http_request_duration_seconds_bucket",
      { le: Number.isInteger(seconds) ? `${seconds}.0` : `${seconds}` },
      good,
    ),
    counter("http_request_duration_seconds_bucket", { le: "+Inf" }, total),
  ];
}

interface Increment {
  readonly steps: number;
  readonly amount: number;
}

function perStep({ minutes, requestsPerMinute = 1000 }: Phase, share: number): Increment {
  return { steps: Math.round(minutes / STEP_MINUTES), amount: requestsPerMinute * STEP_MINUTES * share };
}

/** promtool's notation: a start, what is added at each step, and how often. */
function counterValues(increments: readonly Increment[]): string {
  let value = 0;
  const parts = increments.map(({ steps, amount }) => {
    const part = `${value + amount}+${amount}x${steps - 1}`;
    value += amount * steps;
    return part;
  });
  return ["0", ...parts].join(" ");
}
