import { join } from "node:path";
import { loggedCommand } from "../../io/child-command.ts";
import { backendHint, reasonIn } from "../../io/pulumi-process.ts";
import { lockFailure, StackLocked } from "../../io/stack-state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { type EndedCheck, findingLines, runSideBySide } from "../preflight/check.ts";
import { type PhaseContext, PROJECT_FOLDERS, pulumiEnvironment } from "../preflight/phases/context.ts";
import { type CheckedStep, SURVEYED, stateOf, stateWord, stepOf, todoLines } from "../preflight/phases/phases.ts";
import { checkCommand, forStack, numberOf, STEPS, type StepId } from "../preflight/phases/steps.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { ACTS, type ActPorts } from "./acts.ts";

/** A step with who does it, and what its checks found; without checks where an earlier step is not done yet. */
interface SurveyedStep extends CheckedStep {
  readonly owner: string;
  readonly doneBy: "sparki bootstrap" | "a person";
  /** The numbers of the steps that it waits for. */
  readonly waitsFor: readonly number[];
  readonly checks: readonly EndedCheck[];
}

type Found = ReadonlyMap<StepId, readonly EndedCheck[]>;

/** Where an account is on the way of docs/bootstrap.md, by the steps' own checks and by nothing that was written down. */
export class Survey {
  readonly #context: PhaseContext;
  readonly #screen: Screen;
  readonly #signal: AbortSignal;
  readonly #phases: typeof SURVEYED;
  #found: Found = new Map();

  constructor(context: PhaseContext, screen: Screen, signal: AbortSignal, phases = SURVEYED) {
    this.#phases = phases;
    this.#context = context;
    this.#screen = screen;
    this.#signal = signal;
  }

  /** Checks every step that can be checked and was not: one whose earlier steps are not done is open. */
  async complete(): Promise<readonly SurveyedStep[]> {
    for (;;) {
      const ready = STEPS.filter(({ id, needs }) => !this.#found.has(id) && needs.every((each) => this.#isDone(each)));
      if (ready.length === 0) return STEPS.map(({ id }) => this.#step(id));
      const looks = ready.flatMap(({ id }) => this.#phases[id]);
      const ended = await runSideBySide("bootstrap", looks, this.#context, {
        screen: this.#screen,
        signal: this.#signal,
      });
      const found = new Map(this.#found);
      for (const { id } of ready) found.set(id, ended.splice(0, this.#phases[id].length));
      this.#found = found;
    }
  }

  /** Has a step, and those that come after it, checked again. */
  forget(id: StepId): void {
    const after = new Set<string>([id]);
    for (const step of STEPS) if (step.needs.some((each) => after.has(each))) after.add(step.id);
    this.#found = new Map([...this.#found].filter(([each]) => !after.has(each)));
  }

  #isDone(id: StepId): boolean {
    const found = this.#found.get(id);
    return found !== undefined && stateOf(id, found) === "done";
  }

  #step(id: StepId): SurveyedStep {
    const number = numberOf(id);
    const { title, owner, doneBy, needs } = STEPS[number - 1] ?? STEPS[0];
    const checks = this.#found.get(id);
    const waitsFor = needs.filter((each) => !this.#isDone(each)).map(numberOf);
    const state = checks === undefined ? "open" : stateOf(id, checks);
    return { number, id, title, state, owner, doneBy, waitsFor, checks: checks ?? [] };
  }
}

/** The document of `sparki bootstrap --json`. */
interface BootstrapReport {
  readonly stack: string;
  /** Done once every step is; open while a person has to do one, or nobody could check it. */
  readonly outcome: "done" | "open";
  readonly exitCode: ExitCodeOf<"done" | "held">;
  readonly steps: readonly SurveyedStep[];
  /** The steps that this run did. */
  readonly did: readonly StepId[];
  /** What comes next; null when all is done. */
  readonly next: NextStep | null;
}

export interface NextStep {
  readonly number: number;
  readonly id: StepId;
  readonly who: string;
  readonly what: string;
  readonly command: string | null;
  readonly check: string;
}

/**
 * Does each step that code can do, in order and after a yes, until the next one is a person's; what is done is asked of the
 * account after each. With `isDry` it only checks.
 */
export async function runBootstrap(
  survey: Survey,
  ports: ActPorts,
  { isDry }: { readonly isDry: boolean },
): Promise<BootstrapReport> {
  const did: StepId[] = [];
  for (;;) {
    const steps = await survey.complete();
    const step = isDry ? undefined : steps.find(isForCode);
    const act = step && ACTS[step.id];
    if (step === undefined || act === undefined) return reportOf(ports.context.stack, steps, did);
    if (did.includes(step.id)) throw unfinished(step, ports.context.stack);
    ports.say(`Step ${step.number}, ${step.title}`);
    await act(ports);
    did.push(step.id);
    survey.forget(step.id);
  }
}

/** One that is known to be open: what nobody could check, nobody makes. */
function isForCode({ state, doneBy, waitsFor }: SurveyedStep): boolean {
  return doneBy === "sparki bootstrap" && state === "open" && waitsFor.length === 0;
}

function unfinished({ number, title, checks, id }: SurveyedStep, stack: string): DeployError {
  const open = checks.filter(({ status }) => status === "fail").map(({ reason }) => reason);
  return new DeployError("SPARKI_HELD", `step ${number}, ${title}, was done, and is still open: ${open.join("; ")}`, {
    hint: checkCommand(id, stack),
  });
}

function reportOf(stack: string, steps: readonly SurveyedStep[], did: readonly StepId[]): BootstrapReport {
  const ready = steps.filter(({ state, waitsFor }) => state !== "done" && waitsFor.length === 0);
  // What nobody could check from here stops nobody who has done it.
  const left = ready.find(({ state }) => state === "open") ?? ready[0];
  const { code: exitCode } = left === undefined ? EXIT.done : EXIT.held;
  const outcome = left === undefined ? "done" : "open";
  return { stack, outcome, exitCode, steps, did, next: left === undefined ? null : nextOf(left, stack) };
}

function nextOf({ id, number }: SurveyedStep, stack: string): NextStep {
  const { owner, act, command, doneBy } = stepOf(id);
  const own = doneBy === "sparki bootstrap" ? `npx sparki bootstrap --stack ${stack}` : command;
  return {
    ...{ number, id, who: owner, what: forStack(act, stack) },
    command: own === undefined ? null : forStack(own, stack),
    check: checkCommand(id, stack),
  };
}

interface Runner {
  readonly pulumi: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logDirectory: string;
  readonly clock: Clock;
  readonly screen: Screen;
}

/** Runs the Pulumi CLI for an act, live on the screen; a lock that a process left which is gone is taken away after a yes. */
export function actRunner(
  { pulumi, env, logDirectory, clock, screen }: Runner,
  { context, signal, agree }: Pick<ActPorts, "context" | "signal" | "agree">,
): ActPorts["run"] {
  const once: ActPorts["run"] = async (project, backend, args, more = {}) => {
    const name = args.slice(0, args[0] === "stack" ? 2 : 1).join("-");
    const start = clock.now();
    const logFile = join(logDirectory, `${project}-${name}.log`);
    const end = screen.region(() => [`  pulumi ${args.join(" ")}: ${duration(clock.now() - start)}`, `    ${logFile}`]);
    try {
      const { code, text } = await loggedCommand({
        ...{ path: pulumi, args: [...args, "--non-interactive"], cwd: PROJECT_FOLDERS[project], logFile, signal },
        env: { ...pulumiEnvironment(env, backend, context.backends), ...more },
        unlocking: cancelCommand(project, backend, args),
      });
      signal.throwIfAborted();
      if (code === 0) return text;
      throw lockFailure(text, context.stack) ?? failed(args, text, logFile);
    } finally {
      end();
    }
  };
  return async (project, backend, args, more) => {
    try {
      return await once(project, backend, args, more);
    } catch (error) {
      if (!(error instanceof StackLocked)) throw error;
      if (!error.isAbandoned) throw inUse(error, cancelCommand(project, backend, args));
      await agree(`${error.message}. Take the lock away?`);
      await once(project, backend, ["cancel", stackIn(args), "--yes"]);
      return once(project, backend, args, more);
    }
  };
}

/** With a command that finds the stack wherever the shell's own login is. */
function inUse({ message }: StackLocked, cancel: string): DeployError {
  const hint = `wait until it ends, then run the same command again; only if it is no longer running: ${cancel}`;
  return new DeployError("SPARKI_OUTSIDE", message, { hint });
}

function stackIn(args: readonly string[]): string {
  return args[args.indexOf("--stack") + 1] ?? "";
}

function cancelCommand(project: string, backend: string, args: readonly string[]): string {
  const folder = project === "sparki" ? "" : " --cwd delivery";
  return `PULUMI_BACKEND_URL='${backend}' pulumi cancel${folder} --stack ${stackIn(args)}`;
}

/** What Pulumi calls an error, and each policy that is broken with why. */
function faultsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    if (/^ +- \[mandatory\]/.test(line)) return lines.slice(index, index + 3);
    return /\berror: /.test(line) && !/\berror: (preview|update) failed$/.test(line) ? [line] : [];
  });
}

function failed(args: readonly string[], text: string, logFile: string): DeployError {
  const errors = faultsIn(text.split("\n"));
  const reason =
    errors.length > 0
      ? errors
          .slice(0, 6)
          .map((line) => line.trim())
          .join("\n")
      : reasonIn(text);
  return new DeployError(
    "SPARKI_OUTSIDE",
    `pulumi ${args.slice(0, 2).join(" ")}: ${reason}\nthe rest is in ${logFile}`,
    {
      hint: /login|backend|bucket/i.test(reason)
        ? backendHint(reason)
        : "fix what it names, then run the same command again",
    },
  );
}

/** The list as a person reads it: a line a step, what is wrong with those that are not done, and what comes next. */
export function bootstrapText({ stack, steps, next }: BootstrapReport, paint: Paint): string {
  const lines = steps.flatMap((step) => stepLines(step, paint));
  const end =
    next === null
      ? [paint.good(`All ${steps.length} steps are done: ${stack} is deployed from CI.`)]
      : [paint.strong(`Next is step ${next.number}:`), ...todoLines(next.id, stack)];
  return `${[...lines, "", ...end].join("\n")}\n`;
}

function stepLines({ number, title, state, waitsFor, checks }: SurveyedStep, paint: Paint): string[] {
  const waits = waitsFor.length === 0 ? "" : `, after step ${waitsFor.join(" and ")}`;
  const head = `  ${String(number).padStart(2)}  ${title}: ${stateWord(state, paint)}${waits}`;
  const wrong = checks.filter(({ status }) => status === "fail" || (status === "skipped" && state === "unknown"));
  return [head, ...wrong.flatMap((check) => findingLines(check, paint)).map((line) => `  ${line}`)];
}
