import { readFileSync } from "node:fs";
import type { Engine } from "../../io/engine.ts";
import { keptPlan } from "../../io/seal/seal.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { type Approval, plannerOf } from "../../records/update.ts";
import type { Release } from "../../stacks/schema.ts";
import { approvalRefusal } from "../plan/approval.ts";
import { movedSince, type PlanTarget, planAndPreview } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { readPlanDocument, writePlan } from "../plan/plan-files.ts";
import { type PreflightReport, runPreflight } from "../preflight/check.ts";
import { CHECKLIST } from "../preflight/checklist.ts";
import { clusterExists, lostClusterIfSeen } from "../preflight/checks/state.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { CHECKOUT_DIRECTORY, SEALED } from "../project.ts";
import { type RecoverableTarget, Recovery } from "../recovery/take-over.ts";
import { showPhase, showWork } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { obstaclesTo, type StackPresent } from "../rollback/rollback-target.ts";
import { countsText } from "../verify/verify.ts";
import type { PlanRecord } from "./deploy-document.ts";
import { describeResult } from "./deployment.ts";
import { frozenReason } from "./stack-tags.ts";
import type { ReleaseStore } from "./stack-target.ts";
import { StackMoved } from "./stack-target.ts";

export interface BeginOptions {
  /** Goes through the checklist; whoever deploys knows what people confirmed. */
  readonly checklist: () => Promise<PreflightReport>;
  /** The hash of the plan that was approved; nothing else is deployed. */
  readonly approved?: string | undefined;
  /** Asks a person once all is known; throws for a no. */
  readonly confirm?: (() => Promise<void>) | undefined;
  /** A person has looked after a rollback failed, and lets deploys begin again. */
  readonly isThawed?: boolean;
  /** The next command where the stack is frozen. @default the stack's own `sparki rollback` */
  readonly thawCommand?: string;
}

/** What the time before the first change touches of a stack. */
export interface BeginTarget extends PlanTarget, ReleaseStore {
  /** In its `.sparki/plans` the plans' files are kept. */
  readonly plansDirectory: string;
  readonly screen: Screen;
  readonly engine: PlanTarget["engine"] & Pick<Engine, "tags" | "identity">;
}

/** What was found before anything was changed. */
export interface Beginning {
  /** Why nothing may be changed; a preview that refuses tells by itself. */
  readonly refusal: string | undefined;
  readonly preflight?: PreflightReport;
  readonly plan?: PlanRecord;
  readonly preview?: EngineResult;
  /** The stack's config file as it was planned; undefined when nothing was. */
  readonly configText?: string;
  /** Who approved the plan; null where nobody had to. */
  readonly approval?: Approval | null;
  /** Throws `StackMoved` for a deployment that is no longer the planned one; asked while the engine holds its lock. */
  readonly check?: () => Promise<void>;
}

/**
 * All that comes before the first change: a frozen stack refuses, then the checklist, then the plan, whose report is kept;
 * then what would make a rollback fail, the approval or the question, and whether anything moved since the plan.
 */
export async function begin(
  target: BeginTarget,
  release: Release,
  before: Pick<StackPresent, "live" | "resources">,
  options: BeginOptions,
): Promise<Beginning> {
  const ice = options.isThawed === true ? undefined : await frozen(target, options);
  if (ice !== undefined) return { refusal: ice };
  const preflight = await options.checklist();
  const refusal = checklistRefusal(preflight);
  if (refusal !== undefined) return { refusal, preflight };
  const { plan, preview, files } = await planned(target, release, options);
  const found = { preflight, preview, plan: recordOf(plan, files) };
  if (preview.outcome !== "succeeded") return { ...found, refusal: undefined };
  // Read before it is checked whether anything moved: what is not as it was planned is refused then.
  const configText = readFileSync(target.configFile, "utf8");
  const refused = await refusalOf(plan, target, before, options);
  const approval = refused === undefined && options.approved ? await approvalOf(target, options.approved) : null;
  const check = async () => {
    const moved = movedText(await movedSince(plan, target));
    if (moved !== undefined) throw new StackMoved(moved);
  };
  return { ...found, configText, refusal: refused, approval, check };
}

function recordOf({ fingerprint, outcome, duration }: Plan, files: PlanRecord["files"]): PlanRecord {
  const record = { hash: fingerprint.hash, files };
  // Of a preview that did not end nothing is known of the time.
  if (outcome !== "succeeded") return record;
  return { ...record, expected: { typicalSeconds: duration.typical, longestSeconds: duration.longest } };
}

/** The plan with its report; one preview for both, and no look at the rollback unless an approval needs it. */
function planned(target: BeginTarget, release: Release, { approved }: BeginOptions) {
  const { screen, clock, plansDirectory } = target;
  return showPhase(screen, clock, `preview ${release.id}`, async (phase) => {
    const options = { isBrief: approved === undefined, watch: phase.watch({ lines: false }) };
    const { plan, preview } = await planAndPreview(target, options);
    for (const { name } of plan.drift ?? []) screen.line(`  ! changed by hand: ${name}`);
    const files = await writePlan(plansDirectory, plan, { maker: "deploy", shownFrom: CHECKOUT_DIRECTORY });
    phase.note(`${describeResult(preview)}, ${preview.policy.checked} policy checks`);
    return { plan, preview, files };
  });
}

async function refusalOf(
  plan: Plan,
  target: BeginTarget,
  before: Pick<StackPresent, "live" | "resources">,
  { approved, confirm }: BeginOptions,
): Promise<string | undefined> {
  const { plansDirectory: projectDirectory, stack } = target;
  const refusal = await missingRollbackTarget(target, before);
  if (refusal !== undefined) return refusal;
  if (plan.policy.checked === 0)
    return "the policy pack did not run: no policy judged what the deployment would change, and nothing was changed";
  const unapproved = approved && (await approvalRefusal(approved, plan, { projectDirectory, stack }));
  if (unapproved) return unapproved;
  await confirm?.();
  return movedText(await movedSince(plan, target));
}

function movedText(moved: readonly string[]): string | undefined {
  if (moved.length === 0) return undefined;
  return [
    "what would be deployed has changed since the plan; nothing was changed",
    ...moved.map((line) => `  ${line}`),
  ].join("\n");
}

/** Who has approved the plan of this hash: whoever deploys it by the hash, or whom CI names. */
async function approvalOf({ clock, engine, plansDirectory, stack }: BeginTarget, hash: string): Promise<Approval> {
  const at = new Date(clock.now() * 1000).toISOString();
  const document = await readPlanDocument(plansDirectory, stack, hash);
  const plannedBy = plannerOf(hash, { kept: SEALED && keptPlan(SEALED.run, hash), document });
  return { hash, at, by: await engine.identity(), plannedBy };
}

async function frozen({ engine, stack }: BeginTarget, { thawCommand }: BeginOptions): Promise<string | undefined> {
  const reason = await frozenReason(engine);
  const command = thawCommand ?? `npx sparki rollback --stack ${stack}`;
  return reason && `${reason}. Nothing is deployed until that is fixed. Run: ${command}`;
}

/** A release that could not be gone back from because its images are gone is not begun. */
async function missingRollbackTarget(
  target: BeginTarget,
  present: Pick<StackPresent, "live" | "resources">,
): Promise<string | undefined> {
  const { live } = present;
  if (live === undefined) return undefined;
  const { charts, missing, unknown } = await obstaclesTo(live, target, present, []);
  for (const image of unknown) target.screen.line(`  ! could not check that a rollback would find: ${image}`);
  if (charts.length > 0) return `a rollback to ${live.release.id} would be incomplete: ${charts.join("; ")}`;
  if (missing.length === 0) return undefined;
  return `a rollback to ${live.release.id} would fail: the registry no longer has ${missing.join(" and ")}`;
}

/**
 * Goes through the checklist before anything is changed, by a state that knows all that is there, and once what runs there
 * is `ready` to be checked; closes its ports again.
 */
export async function goThroughChecklist(
  target: RecoverableTarget,
  open: () => Promise<Pick<OpenPreflight, "context" | "close">>,
  recovery = new Recovery(target, open),
  ready: (context: OpenPreflight["context"]) => Promise<void> = async () => {},
): Promise<PreflightReport> {
  const { clock, screen, signal } = target;
  const opened = await open();
  try {
    await recovery.takeOver(opened.context).catch(async (error: unknown) => {
      // Of a cluster that is lost nothing can be taken over, and the checklist says so.
      if ((await lostClusterIfSeen(opened.context)) === undefined) throw error;
    });
    await ready(opened.context);
    return await showWork(screen, clock, "preflight", async (note) => {
      const report = await runPreflight(opened.context, CHECKLIST, screen, signal);
      note(countsText(report.checks));
      return report;
    });
  } finally {
    await opened.close();
  }
}

const SHOWN_REASONS = 3;

/** Why a deploy must not begin by its checklist, the checks that failed named; undefined when none did. */
export function checklistRefusal({ checks }: Pick<PreflightReport, "checks">): string | undefined {
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length === 0) return undefined;
  // What else fails without a cluster fails for that.
  const lost = failed.find(({ id }) => id === clusterExists.id);
  if (lost !== undefined) return `preflight failed. ${lost.reason}. Run: ${lost.fix}`;
  const told = failed.slice(0, SHOWN_REASONS).map(({ title, reason }) => `${title}: ${reason}`);
  if (failed.length > SHOWN_REASONS) told.push(`and ${failed.length - SHOWN_REASONS} more`);
  return `preflight failed. ${told.join("; ")}`;
}
