import { runNameGate } from "../../gates/live/name-gate.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import type { Release } from "../../stacks/schema.ts";
import { showPhase } from "../report/live.ts";
import { type Adopter, type AfterPromotion, lookAfterPromotion } from "./after-promotion.ts";
import { decideOn, decisionsOf } from "./decisions.ts";
import type { Deployment } from "./deployment.ts";
import { type Ending, outcomeOf } from "./ending.ts";
import { type Conclusion, UNVERIFIED } from "./result.ts";
import { judgeRunningDigests } from "./running-digests.ts";
import { gateTargetOf, type StackTarget } from "./stack-target.ts";

/** What a promotion is proven by, in this order: the next one is asked once the one before has passed. */
export interface PromotionProofs {
  /** That the pods that run are the release's own. */
  digests(): Promise<readonly GateResult[]>;
  /** That the domain's name leads to the load balancer. */
  name(): Promise<readonly GateResult[]>;
  /** That the release is well, or what was done because it is not. */
  verify(): Promise<AfterPromotion>;
}

/** A release that an update has promoted. */
export interface Promotion {
  readonly domain: string;
  readonly release: Release;
  readonly deployment: Deployment;
  readonly ending: Ending;
}

const CIRCUMSTANCES = { canRollBack: true, hasState: true };

/**
 * What a promotion comes to. It counts once its own pods run, its name leads to them and it is verified. Of a name that
 * still has another answer no release is the cause: it is held, not verified by a name that does not lead to it, and never
 * rolled back for it.
 */
export async function concludePromotion(promotion: Promotion, proofs: PromotionProofs): Promise<Conclusion> {
  const { domain, release, deployment, ending } = promotion;
  const digests = await proofs.digests();
  const apart = refused(digests);
  if (apart !== undefined) {
    const found: Ending = { phase: "promoted", verdict: "error", reason: `promoted, but ${apart.reason}` };
    const outcome = { outcome: "failed", exitCode: EXIT.outside.code, reason: found.reason } as const;
    return { ...outcome, ...unverified(promotion, digests, found) };
  }
  const names = await proofs.name();
  const other = refused(names);
  if (other !== undefined) {
    const found: Ending = { phase: "cutover", verdict: other.verdict, reason: nameText(domain, other) };
    const { action } = decideOn(found, CIRCUMSTANCES);
    return { ...outcomeOf(deployment, found, action), ...unverified(promotion, [...digests, ...names], found) };
  }
  const decision = decideOn(ending, CIRCUMSTANCES);
  const { problem, ...after } = await proofs.verify();
  const outcome = problem ?? outcomeOf(deployment, ending, decision.action);
  const decisions = [...decisionsOf([...deployment.gates, ...digests, ...names]), decision, ...after.decisions];
  return { ...outcome, ...after, live: release, decisions };
}

/** An update that has promoted a release, and what takes over what is half-made where that is rolled back. */
interface Promoting extends Pick<Promotion, "deployment" | "ending"> {
  readonly recovery: Adopter | undefined;
}

/** The same by looks at the stack itself. */
export async function provePromotion(
  target: StackTarget,
  release: Release,
  { deployment, ending, recovery }: Promoting,
): Promise<Conclusion> {
  const { clock, screen } = target;
  const reach = await gateTargetOf(target, release, () => undefined);
  const { domain } = reach.config;
  return concludePromotion(
    { domain, release, deployment, ending },
    {
      digests: () => judgeRunningDigests(reach, { gate: "fleet", phase: "fleet", track: "fleet" }, DIGESTS_SECONDS),
      name: () =>
        showPhase(screen, clock, `DNS of ${domain}`, (phase) =>
          runNameGate({ ...reach, onProgress: (text) => phase.say(text) }, clock),
        ),
      verify: () => lookAfterPromotion(target, release, recovery),
    },
  );
}

const DIGESTS_SECONDS = 15;

function refused(results: readonly GateResult[]): GateResult | undefined {
  return results.find(({ verdict }) => verdict !== "pass");
}

function unverified({ release, deployment }: Promotion, results: readonly GateResult[], found: Ending) {
  const decisions = [...decisionsOf([...deployment.gates, ...results]), decideOn(found, CIRCUMSTANCES)];
  return { ...UNVERIFIED, live: release, decisions };
}

function nameText(domain: string, { reason }: GateResult): string {
  const next = `nslookup ${domain}, and npx sparki preflight for the delegation; once it resolves to the load balancer, run the same command again`;
  return `promoted, but DNS does not lead to it: ${reason}. Nothing more was changed. Next: ${next}`;
}
