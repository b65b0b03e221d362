import type { Watcher } from "../../io/engine.ts";
import type { EngineRecord, Step } from "../../records/engine-record.ts";
import { nameOf, plain, type RecordedEvent } from "../../records/engine-record.ts";
import type { Clock } from "../../shared/clock.ts";
import { duration } from "./columns.ts";
import type { Screen } from "./screen.ts";

const MAX_RUNNING = 12;
/** Of one policy; a pack that is wrong about everything would drown what else it says. */
const MAX_VIOLATIONS = 3;

/** Shows one phase: its title with the elapsed time, what runs inside it, and a line that stays when it has ended. */
export async function showPhase<T>(
  screen: Screen,
  clock: Clock,
  title: string,
  work: (phase: LivePhase) => Promise<T>,
): Promise<T> {
  const phase = new LivePhase(screen, clock, title);
  const end = screen.region(() => phase.draw());
  try {
    const result = await work(phase);
    end();
    phase.tellEnd(screen.paint.good("done"));
    return result;
  } catch (error) {
    end();
    phase.tellEnd(screen.paint.bad("failed"));
    throw error;
  }
}

/** Shows a phase whose work draws for itself: its title, and a line that stays, with what `note` was told last. */
export async function showWork<T>(
  screen: Screen,
  clock: Clock,
  title: string,
  work: (note: (text: string) => void) => Promise<T>,
): Promise<T> {
  const start = clock.now();
  let noted = "";
  screen.line(screen.paint.strong(`• ${title}`));
  const tell = (how: string) => screen.line(`  ${how} in ${duration(clock.now() - start)}${noted && `, ${noted}`}`);
  try {
    const result = await work((text) => {
      noted = text;
    });
    tell(screen.paint.good("done"));
    return result;
  } catch (error) {
    tell(screen.paint.bad("failed"));
    throw error;
  }
}

/** A phase while it runs; it can watch the engine and show what is in flight. */
export class LivePhase {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #title: string;
  readonly #start: number;
  #steps: readonly Step[] = [];
  #latest = "";
  #note = "";
  readonly #violated = new Map<string, number>();

  constructor(screen: Screen, clock: Clock, title: string) {
    this.#screen = screen;
    this.#clock = clock;
    this.#title = title;
    this.#start = clock.now();
    screen.line(screen.paint.strong(`• ${title}`));
  }

  /** Said after the phase's end beside its time, such as a count. */
  note(text: string): void {
    this.#note = text;
  }

  /** Shown below what runs, until something newer is said. */
  say(text: string): void {
    this.#latest = text;
  }

  /** Shows the engine's steps: every one that ends as a line, those in flight in the region. */
  watch(options: { readonly lines: boolean }): Watcher {
    return (record: EngineRecord, event: RecordedEvent) => {
      this.#steps = record.steps;
      const metadata = (event.resOutputsEvent ?? event.resOpFailedEvent)?.metadata;
      const ended = this.#steps.findLast((step) => step.urn === metadata?.urn && step.op === metadata.op);
      if (options.lines && ended !== undefined && ended.op !== "same") this.#screen.line(this.#endOf(ended));
      if (event.diagnosticEvent) this.#tell(event.diagnosticEvent);
      if (event.policyEvent) this.#tellViolation(event.policyEvent);
    };
  }

  draw(): readonly string[] {
    const now = this.#elapsed();
    const running = this.#steps.filter(({ status }) => status === "running");
    const done = this.#steps.length - running.length;
    const counts = this.#steps.length > 0 ? `, ${done} done, ${running.length} in flight` : "";
    const lines = running
      .slice(0, MAX_RUNNING)
      .map((step) => `    ${label(step)}  ${duration(now - step.startSeconds)}`);
    return [`  ${this.#title}: ${duration(now)}${counts}`, ...lines, ...(this.#latest ? [`    ${this.#latest}`] : [])];
  }

  tellEnd(how: string): void {
    const note = this.#note === "" ? "" : `, ${this.#note}`;
    for (const [policy, count] of this.#violated)
      if (count > MAX_VIOLATIONS) this.#screen.line(`  policy ${policy}: ${count - MAX_VIOLATIONS} more`);
    this.#screen.line(`  ${how} in ${duration(this.#elapsed())}${note}`);
  }

  #elapsed(): number {
    return this.#clock.now() - this.#start;
  }

  #endOf(step: Step): string {
    const { paint } = this.#screen;
    const mark = step.status === "failed" ? paint.bad("✗") : paint.good("✓");
    const seconds = duration((step.endSeconds ?? step.startSeconds) - step.startSeconds);
    return `  ${mark} ${label(step)}  ${paint.dim(seconds)}`;
  }

  #tell({ message, severity }: NonNullable<RecordedEvent["diagnosticEvent"]>): void {
    const text = plain(message).trim();
    const [first = ""] = text.split("\n");
    if (text === "" || severity.startsWith("debug") || CONSEQUENCE.test(text)) return;
    this.#latest = first;
    if (severity === "error") this.#screen.line(`  ${this.#screen.paint.bad("✗")} ${text.split("\n").join("\n    ")}`);
  }

  #tellViolation({
    policyName,
    enforcementLevel,
    message,
    resourceUrn,
  }: NonNullable<RecordedEvent["policyEvent"]>): void {
    const { paint } = this.#screen;
    const count = (this.#violated.get(policyName) ?? 0) + 1;
    this.#violated.set(policyName, count);
    if (count > MAX_VIOLATIONS) return;
    const mark = enforcementLevel === "mandatory" ? paint.bad("✗") : "!";
    const text = plain(message).trim().split("\n").join("\n    ");
    this.#screen.line(`  ${mark} policy ${policyName}${resourceUrn ? `, ${nameOf(resourceUrn)}` : ""}: ${text}`);
  }
}

/** What the program says when the engine has given up already, for a reason that was told. */
const CONSEQUENCE = /resource monitor shut down|the client connection is closing|run remediation: context canceled/;

function label({ op, type, name }: Step): string {
  return `${op} ${type.split(":").at(-1)} ${name}`;
}
