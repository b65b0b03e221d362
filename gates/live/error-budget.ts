import { systemClock } from "../../io/clock.ts";
import { openNetwork } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";
import { messageOf } from "../../shared/message-of.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { BUDGET_PERIOD_SECONDS, budgetLeft } from "../burn-rate.ts";
import { percent } from "../gate.ts";
import { problemOfReading } from "../reading.ts";
import { timeScaleOf } from "./pace.ts";
import { shortness } from "./release-slo.ts";

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
    if (reading.kind === "no-data") return "0 % consumed, users asked nothing in 30 days";
    if (reading.kind !== "value") return `not known: ${problemOfReading(reading)}`;
    const left = budgetLeft(reading.value[objective.name] ?? { requests: 0, bad: 0 }, objective.maxRatio);
    if (left === undefined) return "0 % consumed, users asked nothing in 30 days";
    const short = await shortness(counts, seconds);
    return `${percent(1 - left)} consumed${short === undefined ? "" : `; ${short}`}`;
  } catch (error) {
    return `not known: ${messageOf(error)}`;
  } finally {
    await network.close();
  }
}
