import { EXIT } from "../../../shared/deploy-error.ts";
import type { Paint, Screen } from "../../report/screen.ts";
import { type EndedCheck, findingLines, type PreflightReport, runPreflight, wrap } from "../check.ts";
import { CHECKLIST } from "../checklist.ts";
import { awsCli, offers } from "../checks/account.ts";
import { maintenanceWindow, onCall } from "../checks/people.ts";
import { quotas } from "../checks/quotas.ts";
import {
  administrator,
  deliveryConfig,
  deliveryRoles,
  documents,
  mails,
  programs,
  stateBucket,
  stateKeys,
} from "./account.ts";
import type { PhaseCheck, PhaseContext } from "./context.ts";
import { drills, environment, runner, runnerVariable, subject, variables, workflows } from "./github.ts";
import { deliveryState, deployedByCi, ownNetwork, ownStack, promoted } from "./states.ts";
import { checkCommand, forStack, numberOf, STEPS, type Step, type StepId } from "./steps.ts";

/** What each step must have left behind. */
export const PHASES: Readonly<Record<StepId, readonly PhaseCheck[]>> = {
  account: [administrator],
  tools: [programs, awsCli],
  quotas: [quotas, offers],
  config: [deliveryConfig, documents],
  delivery: [stateBucket, stateKeys, deliveryRoles],
  mails: [mails],
  state: [deliveryState],
  stack: [ownStack],
  checklist: CHECKLIST,
  network: [ownNetwork],
  github: [subject, environment, variables, workflows, drills],
  runner: [runner, runnerVariable],
  ci: [promoted, deployedByCi],
};

/** The same for who only wants to know where an account is: what people confirm of one deployment is asked by that deployment. */
export const SURVEYED: typeof PHASES = {
  ...PHASES,
  checklist: CHECKLIST.filter((check) => check !== onCall && check !== maintenanceWindow),
};

/** What is known of a step: what could not be checked is unknown, and never counts as done. */
export type StepState = "done" | "open" | "unknown";

/** A step with what was found of it. */
export interface CheckedStep {
  readonly number: number;
  readonly id: StepId;
  readonly title: string;
  readonly state: StepState;
}

/** The document of `preflight --phase`: the checklist's own, with the step. */
export interface PhaseReport extends PreflightReport {
  readonly phase: CheckedStep;
}

/**
 * What the findings of a step's checks come to. A check that could not run, or was skipped for lack of anything to check,
 * leaves the step unknown; only the whole checklist may skip what there is not yet.
 */
export function stateOf(id: StepId, found: readonly Pick<EndedCheck, "status" | "isBlind">[]): StepState {
  if (found.some(({ status, isBlind }) => status === "fail" && isBlind !== true)) return "open";
  const isUnseen = found.some(({ status }) => status === "fail" || (status === "skipped" && id !== "checklist"));
  return isUnseen || found.length === 0 ? "unknown" : "done";
}

/** Checks one step of docs/bootstrap.md; passed only when all that it must leave behind was seen. */
export async function runPhase(
  id: StepId,
  context: PhaseContext,
  screen: Screen,
  signal: AbortSignal,
): Promise<PhaseReport> {
  const report = await runPreflight(context, PHASES[id], screen, signal);
  const state = stateOf(id, report.checks);
  const outcome = state === "done" ? "passed" : "failed";
  const { code: exitCode } = state === "done" ? EXIT.done : EXIT.refused;
  return { ...report, outcome, exitCode, phase: { number: numberOf(id), id, title: stepOf(id).title, state } };
}

export function stepOf(id: StepId): Step {
  const found = STEPS.find((step) => step.id === id);
  if (found === undefined) throw new Error(`there is no step ${id}`);
  return found;
}

const WORDS: Readonly<Record<StepState, string>> = { done: "done", open: "open", unknown: "unknown" };

export function stateWord(state: StepState, paint: Paint): string {
  if (state === "done") return paint.good(WORDS.done);
  return state === "open" ? paint.bad(WORDS.open) : paint.strong(WORDS.unknown);
}

/** A step for a person: every check with what was found, the state, and while it is not done who has to do what. */
export function phaseText({ phase, checks, stack }: PhaseReport, paint: Paint): string {
  const { number, title, state } = phase;
  const end = `Step ${number} of ${STEPS.length}, ${title}: ${stateWord(state, paint)}.`;
  const found = checks.flatMap((check) => findingLines(check, paint));
  return `${[...found, "", end, ...(state === "done" ? [] : todoLines(phase.id, stack))].join("\n")}\n`;
}

/** Who does a step, what it is, what to run, and how to check it. */
export function todoLines(id: StepId, stack: string): string[] {
  const { owner, act, command, doneBy } = stepOf(id);
  const next = doneBy === "sparki bootstrap" ? `npx sparki bootstrap --stack ${stack}` : command;
  const lines = [
    ...wrap(`who:   ${owner}`),
    ...wrap(`what:  ${forStack(act, stack)}`),
    ...(next === undefined ? [] : [`run:   ${forStack(next, stack)}`]),
    `check: ${checkCommand(id, stack)}`,
  ];
  return lines.map((line) => `  ${line}`);
}
