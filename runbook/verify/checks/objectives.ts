import { NO_COUNTS, sum } from "../../../gates/evidence.ts";
import { percent } from "../../../gates/gate.ts";
import { judgeReleaseSince } from "../../../gates/live/release-slo.ts";
import type { Objective } from "../../../gates/objective.ts";
import type { MetricSource } from "../../../gates/reading.ts";
import { countsByObjective } from "../../../gates/traffic.ts";
import { type GateResult, worst } from "../../../gates/verdict.ts";
import { type Finding, fail, pass, warn } from "../../preflight/check.ts";
import { type Verification, type VerifyContext, verifyLater } from "../verification.ts";

/** How far back the release's requests count: those of its gates are among them right after a deployment. */
const WINDOW_SECONDS = 1_800;
const GRACE_SECONDS = 60;
export const GATE = "verify";

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
      proves: `${objectiveTitle(objective)}, by a bound that holds at every look.`,
      timeLimitSeconds,
      run: (context, signal) => this.#look(objective, context, signal),
    }));
  }

  /** What was found, with the counts behind it; empty until it was looked at. */
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
  if (reading.kind !== "value" && reading.kind !== "no-data") return undefined;
  const before = reading.kind === "value" ? reading.value : {};
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
