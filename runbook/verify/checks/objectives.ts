import { type BurnWindow, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../../gates/burn-rate.ts";
import { type GateResult, percent, worst } from "../../../gates/gate.ts";
import { budgetWindow, judgeReleaseSince, judgeWindow, shortness } from "../../../gates/live/release-slo.ts";
import { type MetricSource, NO_COUNTS, type Objective, sum } from "../../../gates/objective.ts";
import { countsByObjective } from "../../../gates/traffic.ts";
import { type Finding, fail, pass, skipped, warn } from "../../preflight/check.ts";
import { diagnoseErrors, type Verification, type VerifyContext, verifyLater } from "../verification.ts";

/** How far back the release's requests count: those of its gates are among them right after a deployment. */
const WINDOW_SECONDS = 1_800;
const GRACE_SECONDS = 60;
const GATE = "verify";

interface ObjectivesOptions {
  readonly config: Pick<VerifyContext["config"], "objectives">;
  readonly pace: Pick<VerifyContext["pace"], "deadlineSeconds" | "sourceRetrySeconds">;
}

/**
 * The release's objectives, all judged on one reading of the metrics. Where too few requests were made to prove them, its
 * own are made until they do, at the gates' pace and within their deadline.
 */
export class ReleaseObjectives {
  readonly checks: readonly Verification[];
  #judged: Promise<Judged> | undefined;
  #results: readonly GateResult[] = [];

  constructor({ config, pace }: ObjectivesOptions) {
    const timeLimitSeconds = pace.deadlineSeconds + pace.sourceRetrySeconds + GRACE_SECONDS;
    this.checks = config.objectives.map((objective) => ({
      id: sloId(objective),
      title: objectiveTitle(objective),
      proves: `${objectiveTitle(objective)}, by a bound that holds at every check.`,
      timeLimitSeconds,
      run: (context, signal) => this.#look(objective, context, signal),
    }));
  }

  /** What was found, with the counts behind it; empty until it was checked. */
  get results(): readonly GateResult[] {
    return this.#results;
  }

  async #look({ name }: Objective, context: VerifyContext, signal: AbortSignal): Promise<Finding> {
    this.#judged ??= judge(context, signal);
    const { results, problem } = await this.#judged;
    this.#results = results;
    const result = results.find(({ objective }) => objective === name);
    return findingOf(result, problem, context);
  }
}

interface Judged {
  readonly results: readonly GateResult[];
  /** Why requests of our own prove nothing either. */
  readonly problem: string | undefined;
}

async function judge(context: VerifyContext, signal: AbortSignal): Promise<Judged> {
  const { clock, config, counts, pace } = context;
  const started = clock.now();
  const since = started - WINDOW_SECONDS;
  let own: OwnRequests | undefined;
  try {
    for (;;) {
      const synthetic = own ?? counts.synthetic;
      const results = await judgeReleaseSince({ users: counts.users, synthetic }, config, since, GATE);
      const verdict = worst(results.map((result) => result.verdict));
      const limit = verdict === "error" ? pace.sourceRetrySeconds : pace.deadlineSeconds;
      if (verdict === "pass" || verdict === "fail" || clock.now() - started >= limit)
        return { results, problem: own?.problem() };
      if (verdict === "inconclusive") own ??= await ownRequests(context, since);
      await clock.sleep(pace.lookEverySeconds, signal);
    }
  } finally {
    await own?.stop();
  }
}

interface OwnRequests extends MetricSource {
  problem(): string | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the check's own requests, to be counted as they were answered here beside the synthetic ones that the pods had
 * counted until then: what the load balancer answers by itself, or nobody does, no pod counts. Undefined while those
 * before cannot be read.
 */
async function ownRequests(
  { config, counts, traffic: open }: VerifyContext,
  since: number,
): Promise<OwnRequests | undefined> {
  const reading = await counts.synthetic.countsSince(config.objectives, since);
  if (!("value" in reading) && reading.kind !== "no-data") return undefined;
  const before = "value" in reading ? reading.value : {};
  const traffic = open();
  traffic.start();
  return {
    countsSince: async (objectives) => {
      const found = Object.entries(countsByObjective(objectives, traffic.counts()));
      const value = Object.fromEntries(found.map(([name, own]) => [name, sum(before[name] ?? NO_COUNTS, own)]));
      return { kind: "value", value };
    },
    problem: () => traffic.problem?.(),
    stop: () => traffic.stop(),
  };
}

function findingOf(result: GateResult | undefined, problem: string | undefined, context: VerifyContext): Finding {
  const { stack } = context;
  if (result === undefined) return fail("was not judged", `npx sparki verify --stack ${stack}`);
  const { verdict, reason, synthetic, requests } = result;
  const told = `${reason}${requests === 0 ? "" : ` (${requests - synthetic} of users)`}`;
  switch (verdict) {
    case "pass":
      return pass(told);
    case "fail":
      return fail(told, `npx sparki diagnose --stack ${stack}`);
    case "error":
      return warn(`not proven: ${reason}`, `npx sparki preflight --stack ${stack}, for Storm's services`);
    case "inconclusive":
      return warn(`not yet proven: ${[told, problem].filter(Boolean).join("; ")}`, verifyLater(context));
  }
}

/** An objective as the runbook says it: `Error rate < 0.1 %`, `P99 latency < 5 s`. */
export function objectiveTitle({ kind, maxRatio }: Objective): string {
  if (kind.type === "errors") return `Error rate < ${percent(maxRatio)}`;
  return `P${percentileOf(maxRatio)} latency < ${kind.seconds < 1 ? `${kind.seconds * 1000} ms` : `${kind.seconds} s`}`;
}

/** For the JSON document: `slo-errors`, `slo-p99`. */
export function sloId({ kind, maxRatio }: Pick<Objective, "kind" | "maxRatio">): string {
  return `slo-${kind.type === "errors" ? "errors" : `p${percentileOf(maxRatio)}`}`;
}

/** 99 for an objective that one request in a hundred may miss. */
export function percentileOf(maxRatio: number): number {
  return Number((100 - maxRatio * 100).toPrecision(4));
}

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
    if (result === undefined) return skipped("nothing used: no user requests in 30 days");
    const finding = judgeBudget(result, objective.maxRatio, context);
    if (short === undefined || finding.status !== "pass") return finding;
    return { ...warn(`${finding.reason}; ${short}`, KEEP_LONGER), advisory: true };
  },
};

const KEEP_LONGER =
  "let Prometheus keep 30 days or more (--storage.tsdb.retention.time, and the size beside it), or read the budget as covering only that time";

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
    if (results === "no-requests") return skipped(`no user requests in the last ${window.name}`);
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
