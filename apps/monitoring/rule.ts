import { onceOf } from "../../io/scraped-once.ts";

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
