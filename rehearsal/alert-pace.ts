import { z } from "zod";

/**
 * What Prometheus and Alertmanager wait for is real in a rehearsal: a scrape a second, pods that start, processes on two
 * cores. Below this no window, wait or `for` of an alert is shortened; one that is shorter in production stays as it is.
 */
const SHORTEST_SECONDS = 6;
/** How often rules are evaluated at most: so many rules every second would cost the machine more than they tell. */
const SHORTEST_INTERVAL_SECONDS = 2;

/** How long a wait of alerting takes when time is compressed. */
export function pacedSeconds(seconds: number, timeScale: number, shortest = SHORTEST_SECONDS): number {
  return timeScale >= 1 ? seconds : Math.max(seconds * timeScale, Math.min(seconds, shortest));
}

const SECONDS: Readonly<Record<string, number>> = {
  ...{ ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 },
};
const DURATION = String.raw`(?:\d+(?:ms|[smhdwy]))+`;

/** A duration as Prometheus and Alertmanager write it, such as 1h30m, at the pace of the rehearsal. */
export function pacedDuration(text: string, timeScale: number, shortest?: number): string {
  return `${Math.round(pacedSeconds(secondsIn(text), timeScale, shortest) * 1000)}ms`;
}

function secondsIn(text: string): number {
  if (!new RegExp(`^${DURATION}$`).test(text)) throw new Error(`${text} is no duration`);
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (SECONDS[unit] ?? 0), 0);
}

/** Windows in brackets and offsets: nothing else in PromQL is a duration. */
const WINDOWS = new RegExp(`(\\[|\\boffset\\s+|:)(${DURATION})(?=\\]|:|\\s|\\)|$)`, "g");

/** A rule's expression with its windows and offsets at the pace of the rehearsal; what is between quotes stays. */
export function pacedExpression(expression: string, timeScale: number): string {
  const parts = expression.split(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/);
  return parts
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replaceAll(WINDOWS, (_, before: string, text: string) => `${before}${pacedDuration(text, timeScale)}`),
    )
    .join("");
}

const ruleSchema = z.looseObject({
  expr: z.string().exactOptional(),
  for: z.string().exactOptional(),
  keep_firing_for: z.string().exactOptional(),
});
const groupSchema = z.looseObject({ interval: z.string().exactOptional(), rules: z.array(ruleSchema).default([]) });

/** Groups of rules as a PrometheusRule has them, with every duration at the pace of the rehearsal. */
export function pacedGroups(groups: readonly unknown[], timeScale: number): readonly unknown[] {
  return timeScale >= 1 ? groups : groups.map((group) => pacedGroup(group, timeScale));
}

function pacedGroup(group: unknown, timeScale: number): unknown {
  const { interval, rules, ...rest } = groupSchema.parse(group);
  return {
    ...rest,
    ...(interval !== undefined && { interval: pacedDuration(interval, timeScale, SHORTEST_INTERVAL_SECONDS) }),
    rules: rules.map((rule) => pacedRule(rule, timeScale)),
  };
}

function pacedRule(rule: z.infer<typeof ruleSchema>, timeScale: number): unknown {
  const { expr, for: lasting, keep_firing_for: kept } = rule;
  return {
    ...rule,
    ...(expr !== undefined && { expr: pacedExpression(expr, timeScale) }),
    ...(lasting !== undefined && { for: pacedDuration(lasting, timeScale) }),
    ...(kept !== undefined && { keep_firing_for: pacedDuration(kept, timeScale) }),
  };
}
