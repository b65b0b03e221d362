import { type BurnWindow, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../../gates/burn-rate.ts";
import { percent } from "../../../gates/gate.ts";
import { budgetWindow, judgeWindow, shortness } from "../../../gates/live/release-slo.ts";
import { type GateResult, worst } from "../../../gates/verdict.ts";
import { type Finding, fail, pass, skipped, warn } from "../../preflight/check.ts";
import { diagnoseErrors, type Verification, type VerifyContext, verifyLater } from "../verification.ts";
import { GATE } from "./objectives.ts";

/** The runbook's success table asks for more than its SLO verification does. */
export const GOOD_BUDGET_LEFT = 0.99;
const TIME_LIMIT_SECONDS = 60;

export const budget: Verification = {
  id: "error-budget",
  title: "Error budget",
  proves: `More than ${percent(GOOD_BUDGET_LEFT)} of 30 days' error budget is left; at ${percent(MIN_BUDGET_LEFT)} or less it fails.`,
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => {
    const objective = context.config.objectives.find(({ kind }) => kind.type === "errors");
    if (objective === undefined) return skipped("no objective counts errors");
    const window = budgetWindow(GOOD_BUDGET_LEFT);
    const [results, short] = await Promise.all([
      windowResults(context, window, [objective]),
      shortness(context.counts.service, window.seconds * context.timeScale),
    ]);
    const [result] = results === "no-requests" ? [] : results;
    if (result === undefined) return skipped("nothing used: users asked nothing in 30 days");
    const finding = judgeBudget(result, objective.maxRatio, context);
    if (short === undefined || finding.status !== "pass") return finding;
    return { ...warn(`${finding.reason}; ${short}`, KEEP_LONGER), advisory: true };
  },
};

const KEEP_LONGER =
  "let Prometheus keep 30 days or more (--storage.tsdb.retention.time, and the size beside it), or read the budget as one of that time";

function judgeBudget(result: GateResult, maxRatio: number, context: VerifyContext): Finding {
  const { verdict, measured, bad, requests, reason } = result;
  if (verdict === "error" || measured === null) return unproven(reason, context);
  const left = 1 - measured / maxRatio;
  const told = `${percent(left)} left: ${bad} of ${requests} requests of 30 days bad`;
  if (verdict === "pass") return pass(told);
  if (verdict === "fail" && left <= MIN_BUDGET_LEFT) return fail(told, diagnoseErrors(context));
  return verdict === "fail" ? warn(told, diagnoseErrors(context)) : unproven(told, context);
}

export const burns: readonly Verification[] = RELEASE_WINDOWS.map((window) => ({
  id: `burn-${window.name.replace(" ", "-")}`,
  title: `${window.name} burn rate`,
  proves: `Users' requests of the last ${window.name} use up the error budget at less than ${window.maxBurnRate}x.`,
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => {
    const results = await windowResults(context, window, context.config.objectives);
    if (results === "no-requests") return skipped(`users asked nothing in the last ${window.name}`);
    const verdict = worst(results.map((result) => result.verdict));
    const told = results.filter((result) => result.verdict === verdict).map(burnText);
    if (verdict === "pass") return pass(`under ${window.maxBurnRate}x: ${told[0]}`);
    if (verdict === "fail") return fail(told.join("; "), diagnoseErrors(context));
    return unproven(told.join("; "), context);
  },
}));

function windowResults(context: VerifyContext, window: BurnWindow, objectives: VerifyContext["config"]["objectives"]) {
  const { config, counts, timeScale } = context;
  return judgeWindow(counts, { ...config, objectives }, window, { name: GATE, timeScale });
}

function burnText({ objective, reason }: GateResult): string {
  return `${objective.replace(/:.*/, "")}: ${reason}`;
}

function unproven(reason: string, context: VerifyContext): Finding {
  return warn(`not proven: ${reason}`, verifyLater(context));
}
