import type { Counts } from "../../gates/evidence.ts";
import { type Decision, decide, HIGH_ERROR_RATIO, SETTLE_SECONDS } from "../../gates/tree.ts";
import type { Clock } from "../../shared/clock.ts";
import { type VerifyReport, verdictOf, verifyProblem } from "../verify/verify.ts";

/** What is looked at while a promoted release that is not verified gets time to settle. */
export interface SettlePorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** Requests and failed ones since the last call. */
  errors(): Promise<Counts>;
  /** Verifies again. */
  verify(): Promise<VerifyReport>;
  readonly canRollBack: boolean;
  onProgress(text: string): void;
}

export interface Settled {
  /** The last one. */
  readonly report: VerifyReport;
  /** In order, a wait that goes on told once; the last one is what is to be done. */
  readonly decisions: readonly Decision[];
}

const LOOK_SECONDS = 15;
/** Counters are scraped once a second at the fastest. */
const SHORTEST_LOOK_SECONDS = 1;

/**
 * Gives a release five minutes to settle, verifies it again, and asks the decision tree until it says more than to wait:
 * errors of more than 1 % for five minutes roll back, anything else that is still wrong is for a person.
 */
export async function settle(first: VerifyReport, ports: SettlePorts): Promise<Settled> {
  const { clock, signal, timeScale, onProgress } = ports;
  const started = clock.now();
  const decisions: Decision[] = [];
  let report = first;
  let highSince: number | undefined;
  for (;;) {
    const elapsedSeconds = (clock.now() - started) / timeScale;
    const errors = await ports.errors();
    const isHigh = errors.requests > 0 && errors.bad / errors.requests > HIGH_ERROR_RATIO;
    highSince = isHigh ? (highSince ?? elapsedSeconds) : undefined;
    if (elapsedSeconds >= SETTLE_SECONDS) report = await ports.verify();
    const highErrorSeconds = highSince === undefined ? 0 : Math.max(1, elapsedSeconds - highSince);
    const decision = decided(report, { elapsedSeconds, highErrorSeconds, canRollBack: ports.canRollBack });
    if (decisions.at(-1)?.reason !== decision.reason) decisions.push(decision);
    if (decision.action !== "wait") return { report, decisions };
    onProgress(`${decision.reason}: ${errors.bad} of ${errors.requests} requests failed`);
    const pause = timeScale === 1 ? LOOK_SECONDS : Math.max(SHORTEST_LOOK_SECONDS, LOOK_SECONDS * timeScale);
    await clock.sleep(pause, signal);
  }
}

/** What the tree says to a promoted release by its verification. */
export function decided(
  report: Pick<VerifyReport, "checks">,
  facts: { readonly elapsedSeconds: number; readonly highErrorSeconds: number; readonly canRollBack: boolean },
): Decision {
  const state = { hasState: true, destroyRequested: false, rollbackTried: false, deadlineSeconds: SETTLE_SECONDS };
  const decision = decide({ phase: "promoted", verdict: verdictOf(report.checks), ...state, ...facts });
  const problem = verifyProblem(report);
  return problem === undefined ? decision : { ...decision, reason: `${decision.reason} (${problem})` };
}
