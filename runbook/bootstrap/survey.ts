import type { PhaseContext } from "../preflight/phases/context.ts";
import { type CheckedStep, stateOf } from "../preflight/phases/phase-report.ts";
import { SURVEYED } from "../preflight/phases/phases.ts";
import { numberOf, STEPS, type StepId } from "../preflight/phases/steps.ts";
import { type EndedCheck, runSideBySide } from "../preflight/side-by-side.ts";
import type { Screen } from "../report/screen.ts";

/** A step with who does it, and what its checks found; without checks where an earlier step is not done yet. */
export interface SurveyedStep extends CheckedStep {
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
