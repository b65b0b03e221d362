import { systemClock } from "../../io/clock.ts";
import { openNetwork } from "../../io/network.ts";
import { openPrometheus, type Prometheus } from "../../io/prometheus.ts";
import { type PrometheusCounts, prometheusCounts } from "../../io/prometheus-counts.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { BUDGET_PERIOD_SECONDS, type BurnWindow, budgetLeft, judgeBurn } from "../burn-rate.ts";
import { type GateResult, judgeGate, percent, type Trouble, troubleOfReading, worst } from "../gate.ts";
import { type CountsReading, type MetricSource, NO_COUNTS, type Objective, problemOfReading } from "../objective.ts";
import { timeScaleOf } from "./pace.ts";

/** Up to this long, every sample of a window is read; above it, Prometheus adds up. */
const EVERY_SAMPLE_SECONDS = 1_800;

/** The requests that a stack's pods have counted, as Prometheus has them. */
export interface ReleaseCounts {
  /** Of users, to either track of the config's release. */
  readonly users: PrometheusCounts;
  /** Of gates and checks, to either track of the config's release. */
  readonly synthetic: PrometheusCounts;
  /** Of users, whichever release answered: what an error budget is about. */
  readonly service: PrometheusCounts;
  /** Seconds since 1970. */
  now(): number;
}

/** What is judged: a stack by its objectives, and its release among them. */
export interface Judged {
  readonly stack: string;
  readonly config: StackConfig;
}

/** The counts behind a release's objectives and a service's error budget. */
export function releaseCounts(prometheus: Prometheus, { stack, config }: Judged, now: () => number): ReleaseCounts {
  const counts = (labels: Readonly<Record<string, string>>) =>
    prometheusCounts(prometheus, { labels: { stack, ...labels }, now });
  const release = config.release.id;
  return {
    users: counts({ release, synthetic: "false" }),
    synthetic: counts({ release, synthetic: "true" }),
    service: counts({ synthetic: "false" }),
    now,
  };
}

/**
 * Judges the release's objectives by every request since that time, synthetic ones among them and told apart, as its
 * gates do; never `pass` without data. Metrics that cannot be read end in `error`, unusable ones in `inconclusive`.
 */
export async function judgeReleaseSince(
  counts: Readonly<Record<"users" | "synthetic", MetricSource>>,
  { objectives, gate }: StackConfig,
  since: number,
  name: string,
): Promise<GateResult[]> {
  const [users, synthetic] = await Promise.all([
    counts.users.countsSince(objectives, since),
    counts.synthetic.countsSince(objectives, since),
  ]);
  const evidence = objectives.map((objective) => {
    const found = (reading: CountsReading) =>
      ("value" in reading ? reading.value[objective.name] : undefined) ?? NO_COUNTS;
    return [objective.name, { users: found(users), synthetic: found(synthetic) }] as const;
  });
  const options = { gate: name, errorRate: gate.maxWrongVerdictRatio };
  const results = judgeGate(objectives, Object.fromEntries(evidence), options);
  const trouble = troubleOfReading(users) ?? troubleOfReading(synthetic);
  return trouble === undefined ? results : results.map((result) => withTrouble(result, trouble));
}

/** What was counted in the seconds up to now. */
export function readWindow(
  counts: PrometheusCounts,
  objectives: readonly Objective[],
  seconds: number,
  now: () => number,
): Promise<CountsReading> {
  return seconds > EVERY_SAMPLE_SECONDS
    ? counts.countsOver(objectives, seconds)
    : counts.countsSince(objectives, now() - seconds);
}

/**
 * Judges how fast a window of users' requests used up the error budget, whichever release answered them; "no-requests"
 * where users asked nothing in it, which is told apart from metrics that cannot be read (`error`).
 */
export async function judgeWindow(
  counts: ReleaseCounts,
  { objectives, gate }: StackConfig,
  window: BurnWindow,
  { name, timeScale }: { readonly name: string; readonly timeScale: number },
): Promise<GateResult[] | "no-requests"> {
  const seconds = window.seconds * timeScale;
  const reading = await readWindow(counts.service, objectives, seconds, counts.now);
  if (reading.kind === "no-data") return "no-requests";
  const found = "value" in reading ? reading.value : {};
  const options = { gate: name, errorRate: gate.maxWrongVerdictRatio };
  const results = judgeBurn(objectives, window, found, options);
  const trouble = troubleOfReading(reading);
  if (trouble !== undefined) return results.map((result) => withTrouble(result, trouble));
  return results.every(({ requests }) => requests === 0) ? "no-requests" : results;
}

/** The window over the whole of a budget's period that is kept while more than this share of the budget is left. */
export function budgetWindow(minLeft: number): BurnWindow {
  return { name: "30 days", seconds: BUDGET_PERIOD_SECONDS, maxBurnRate: 1 - minLeft };
}

/** What is proven bad stays so; nothing else is proven by metrics that cannot be used. */
function withTrouble(result: GateResult, { verdict, reason }: Trouble): GateResult {
  return { ...result, verdict: worst([result.verdict, verdict]), reason };
}

/**
 * What a budget's period is really about: undefined where Prometheus has samples of all of it, else how far back they go,
 * in words, or why that is not known.
 */
export async function shortness(counts: PrometheusCounts, windowSeconds: number): Promise<string | undefined> {
  const reach = await counts.reachOver(windowSeconds);
  if (reach.kind !== "value") return `it is not known how far back Prometheus's samples go: ${problemOfReading(reach)}`;
  if (reach.value >= windowSeconds) return undefined;
  const share = percent(reach.value / windowSeconds);
  return `Prometheus's samples go back ${span(reach.value)} only, ${share} of the period`;
}

function span(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days`;
  return seconds >= 7_200 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 60)} min`;
}

interface Watched {
  readonly stack: string;
  readonly config: StackConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How much of the 30 days' error budget users' requests have used, in words, or why that is not known; never rejects. */
export async function budgetText({ stack, config, env }: Watched): Promise<string> {
  const objective = config.objectives.find(({ kind }) => kind.type === "errors");
  if (objective === undefined) return "no objective counts errors";
  const network = openNetwork(env);
  try {
    const labels = { stack, synthetic: "false" };
    const prometheus = openPrometheus(network, config.storm.prometheusUrl);
    const counts = prometheusCounts(prometheus, { labels, now: systemClock.now });
    const seconds = BUDGET_PERIOD_SECONDS * timeScaleOf(env);
    const reading = await counts.countsOver([objective], seconds);
    if (reading.kind === "no-data") return "0 % consumed, no user requests in 30 days";
    if (reading.kind !== "value") return `not known: ${problemOfReading(reading)}`;
    const left = budgetLeft(reading.value[objective.name] ?? { requests: 0, bad: 0 }, objective.maxRatio);
    if (left === undefined) return "0 % consumed, no user requests in 30 days";
    const short = await shortness(counts, seconds);
    return `${percent(1 - left)} consumed${short === undefined ? "" : `; ${short}`}`;
  } catch (error) {
    return `not known: ${messageOf(error)}`;
  } finally {
    await network.close();
  }
}
