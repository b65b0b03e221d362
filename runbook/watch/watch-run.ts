import { isSameRelease } from "../../records/promotion.ts";
import { isRollback, type Update } from "../../records/update.ts";
import type { Clock } from "../../shared/clock.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import type { Release } from "../../stacks/schema.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import { type Circumstances, failedLook, judgeLook, type Seen, subjectsOf, type WatchLook, WORDS } from "./look.ts";
import { END_SECONDS, LATE_SECONDS, LATEST_LOOK_SECONDS, nextLook, RECHECK_SECONDS } from "./schedule.ts";

type WatchOutcome =
  | "well"
  | "rolled-back"
  | "anomalies"
  | "not-proven"
  | "blind"
  | "rollback-failed"
  | "superseded"
  | "interrupted";

/** What a watch came to; also the document of `--json`, without the notifications. */
export interface WatchRun {
  readonly outcome: WatchOutcome;
  readonly exitCode: number;
  readonly reason: string;
  readonly release: Release;
  readonly promotedAt: number;
  readonly looks: readonly WatchLook[];
  readonly rollback: RequestedRollback | null;
}

/** How a watch ended, before its exit code. */
type End = Pick<WatchRun, "outcome" | "reason">;

const EXIT_CODES: Readonly<Record<WatchOutcome, number>> = {
  well: EXIT.done.code,
  superseded: EXIT.done.code,
  "rolled-back": EXIT.refused.code,
  anomalies: EXIT.held.code,
  "not-proven": EXIT.held.code,
  blind: EXIT.outside.code,
  interrupted: EXIT.outside.code,
  "rollback-failed": EXIT.rollback.code,
};

/** What a watch came to whose last look this is. */
function endOf(look: WatchLook | undefined): End {
  if (look === undefined || look.verdict === "error")
    return { outcome: "blind", reason: look?.problems[0] ?? "no check" };
  if (look.problems.length > 0) return { outcome: "anomalies", reason: look.problems.join("; ") };
  if (look.decision.action === "hold") return { outcome: "not-proven", reason: look.decision.reason };
  return { outcome: "well", reason: look.decision.reason };
}

type What = "anomaly" | "escalation" | "resolved";

/** Tells people of what changed since they were last told, and of nothing twice. */
class News {
  readonly #tell: (look: WatchLook, what: What) => void;
  #known: readonly string[] = [];
  #isEscalated = false;

  constructor(tell: (look: WatchLook, what: What) => void) {
    this.#tell = tell;
  }

  /** What people were told of a look, in words; null when there was no news. */
  of(look: WatchLook): string | null {
    const { action, page } = look.decision;
    if (page || action === "rollback") return this.escalate(look);
    // Whether a look that could not be taken would have found anything, nobody knows.
    if (look.verdict === "error") return null;
    const subjects = subjectsOf(look);
    if (subjects.length === 0) return this.#resolve(look);
    const isNew = subjects.some((subject) => !this.#known.includes(subject));
    this.#known = [...new Set([...this.#known, ...subjects])];
    if (!isNew) return null;
    this.#tell(look, "anomaly");
    return "told";
  }

  /** Pages once, until all is well again. */
  escalate(look: WatchLook): string | null {
    this.#known = [...new Set([...this.#known, ...subjectsOf(look)])];
    if (this.#isEscalated) return null;
    this.#isEscalated = true;
    this.#tell(look, "escalation");
    return "paged";
  }

  #resolve(look: WatchLook): string | null {
    const wasKnown = this.#isEscalated || this.#known.length > 0;
    this.#known = [];
    this.#isEscalated = false;
    if (!wasKnown) return null;
    this.#tell(look, "resolved");
    return "reported that it has recovered";
  }
}

/**
 * Watches a promoted release to the end of the schedule, from wherever in it the release is, and does what the decision
 * tree says. A look that fails is a look with the verdict `error`, and the next one is taken all the same; an aborted
 * signal ends it with what was seen so far.
 */
export async function runWatch(promoted: Promoted, ports: WatchPorts, options: WatchOptions): Promise<WatchRun> {
  const watch = new Watch(promoted, ports, options);
  const end = await watch.run();
  const { release, promotedAt } = promoted;
  const { looks, rollback } = watch;
  return { ...end, exitCode: EXIT_CODES[end.outcome], release, promotedAt, looks, rollback };
}

const OVER: End = { outcome: "well", reason: "its first day is over: from now on only the alerts watch it" };

class Watch {
  readonly looks: WatchLook[] = [];
  rollback: RequestedRollback | null = null;
  readonly #promoted: Promoted;
  readonly #ports: WatchPorts;
  readonly #options: WatchOptions;
  readonly #news: News;
  #triedRollback = false;

  constructor(promoted: Promoted, ports: WatchPorts, options: WatchOptions) {
    this.#promoted = promoted;
    this.#ports = ports;
    this.#options = options;
    this.#news = new News((look, what) => ports.tell(look, what, promoted.release));
  }

  async run(): Promise<End> {
    const { isOnce, signal } = this.#options;
    if (isOnce && this.#elapsed() > LATEST_LOOK_SECONDS) return OVER;
    try {
      for (;;) {
        signal.throwIfAborted();
        const end = await this.#lookAndAct();
        if (end !== undefined) return end;
        const look = this.looks.at(-1);
        const next = this.#nextAfter(look);
        if (isOnce || next === undefined) return endOf(look);
        await this.#ports.wait(Math.max(0, this.#realTimeOf(next) - this.#options.clock.now()), next);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      const count = this.looks.length === 1 ? "1 look" : `${this.looks.length} looks`;
      return { outcome: "interrupted", reason: `interrupted after ${count}: the same command continues from here` };
    }
  }

  /** Why the watch is over; undefined when it continues. */
  async #lookAndAct(): Promise<End | undefined> {
    const { isOnce, signal } = this.#options;
    const now = await this.#ports.promoted().catch((error: unknown) => asError(error));
    if (!(now instanceof Error) && now !== undefined && isAnother(now, this.#promoted)) {
      return { outcome: "superseded", reason: `${now.release.id} is live now: watch that one` };
    }
    const look = now instanceof Error ? failedLook(now, this.#circumstances(true)) : await this.#look();
    signal.throwIfAborted();
    const isGoingBack = look.decision.action === "rollback" && this.#options.mayRollBack;
    this.#ports.show(look, isGoingBack || isOnce ? undefined : this.#nextAfter(look));
    const acted = await this.#act(look);
    if (acted.look.done !== null) this.#ports.showDone(acted.look.done);
    this.looks.push(acted.look);
    return acted.end;
  }

  async #look(): Promise<WatchLook> {
    try {
      const seen = await this.#ports.see(this.#promoted, this.#elapsed(), this.#sinceLook());
      const first = judgeLook(seen, this.#circumstances(true));
      if (first.decision.action !== "rollback") return first;
      // Another process may have tried: a look by itself remembers nothing.
      const frozen = await this.#ports.frozen();
      const obstacle = frozen ?? (await this.#ports.obstacle(this.#promoted.release));
      if (obstacle === undefined) return first;
      const { decision, ...look } = judgeLook(seen, this.#circumstances(frozen !== undefined, frozen !== undefined));
      return { ...look, decision: { ...decision, reason: `${decision.reason}; ${obstacle}` } };
    } catch (error) {
      return failedLook(error, this.#circumstances(true));
    }
  }

  /** Does what was decided, once; people are told of what they do not know yet. */
  async #act(look: WatchLook): Promise<{ readonly look: WatchLook; readonly end?: End }> {
    if (look.decision.action !== "rollback") return { look: { ...look, done: this.#news.of(look) } };
    if (!this.#options.mayRollBack) {
      this.#news.of(look);
      return { look: { ...look, done: "reported only: without --yes nothing is rolled back" } };
    }
    this.#triedRollback = true;
    try {
      this.rollback = await this.#ports.rollBack(this.#promoted.release, `watch: ${look.decision.reason}`);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      return this.#notBack(look, `the rollback could not start: ${asError(error).message}`);
    }
    const { outcome, reason } = this.rollback;
    if (outcome === "rolled-back") return { look: { ...look, done: reason }, end: { outcome, reason } };
    if (outcome === "failed") return { look: { ...look, done: reason }, end: { outcome: "rollback-failed", reason } };
    return this.#notBack(look, reason);
  }

  #notBack(look: WatchLook, reason: string): { readonly look: WatchLook } {
    this.#news.escalate({ ...look, decision: { ...look.decision, reason: `${look.decision.reason}; ${reason}` } });
    return { look: { ...look, done: reason } };
  }

  #circumstances(canRollBack: boolean, isFrozen = false): Circumstances {
    const rollbackTried = this.#promoted.isReturned || this.#triedRollback || isFrozen;
    return { at: this.#options.clock.now(), elapsedSeconds: this.#elapsed(), canRollBack, rollbackTried };
  }

  /** Modelled seconds since the promotion. */
  #elapsed(): number {
    return Math.max(0, (this.#options.clock.now() - this.#promoted.promotedAt) / this.#options.timeScale);
  }

  /** A single look knows of none before it: it reaches back as far as one by a schedule of others may be late. */
  #sinceLook(): number {
    const before = this.looks.at(-1);
    if (before !== undefined) return this.#elapsed() - before.elapsedSeconds;
    return this.#options.isOnce ? LATE_SECONDS : 0;
  }

  #realTimeOf(elapsedSeconds: number): number {
    return this.#promoted.promotedAt + elapsedSeconds * this.#options.timeScale;
  }

  /** What is bad or could not be checked is checked again soon, for the tree waits minutes and not hours. */
  #nextAfter(look: WatchLook | undefined): number | undefined {
    const elapsed = this.#elapsed();
    if (look !== undefined && look.elapsedSeconds >= END_SECONDS) return undefined;
    const scheduled = nextLook(elapsed) ?? END_SECONDS;
    const isSoon = look !== undefined && (look.verdict === "fail" || look.verdict === "error");
    return isSoon ? Math.min(scheduled, elapsed + RECHECK_SECONDS) : scheduled;
  }
}

function isAnother(now: Promoted, { release, promotedAt }: Promoted): boolean {
  return now.release.id !== release.id || now.promotedAt > promotedAt;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** How a watch touches the stack; each part may reject, which ends no watch. */
export interface WatchPorts {
  /** What is live now; undefined when nothing was ever promoted. */
  promoted(): Promise<Promoted | undefined>;
  /** Both in modelled seconds: since the promotion, and since the look before this one. */
  see(promoted: Promoted, elapsedSeconds: number, sinceLookSeconds: number): Promise<Seen>;
  /** Why the stack is frozen: a rollback was tried, and not proven. Undefined when it is not. */
  frozen(): Promise<string | undefined>;
  /** Why this release cannot be left for the one before it; undefined when it can. */
  obstacle(leaving: Release): Promise<string | undefined>;
  /** Leaves this release for the one before it, if it is still what is live. */
  rollBack(leaving: Release, why: string): Promise<RequestedRollback>;
  /** Tells people; never holds up the watch. */
  tell(look: WatchLook, what: "anomaly" | "escalation" | "resolved", release: Release): void;
  /** Shows a look before anything is done about it, and when the next one is. */
  show(look: WatchLook, nextSeconds: number | undefined): void;
  /** Shows what was done about it. */
  showDone(text: string): void;
  /** Waits for real seconds, showing that it does. */
  wait(seconds: number, nextSeconds: number): Promise<void>;
}

interface WatchOptions {
  /** A single look, and nothing after it. */
  readonly isOnce: boolean;
  /** Whether a rollback is done, and not only told. */
  readonly mayRollBack: boolean;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What is live, since when, and what its gates found then. */
export interface Promoted {
  readonly release: Release;
  /** Seconds since 1970. */
  readonly promotedAt: number;
  /** It is what was rolled back to. */
  readonly isReturned: boolean;
  readonly baseline: StackOutputs["gates"];
}

/**
 * Since when a release has been live: the end of the update that began the newest unbroken run of updates after which it
 * was. Undefined when no update says so.
 */
export async function promotionTime(
  updates: readonly Update[],
  release: Release,
): Promise<Pick<Promoted, "promotedAt" | "isReturned"> | undefined> {
  let first: Update | undefined;
  for (const update of updates) {
    const promotion = await update.promotion();
    // What cannot be read says nothing; an earlier one still may.
    if (promotion === undefined) continue;
    if (!isSameRelease(promotion.release, release)) break;
    first = update;
  }
  return first && { promotedAt: first.endedAt, isReturned: isRollback(first) };
}

/** The gates' evidence among a stack's outputs; none where they cannot be read. */
export function gatesIn(outputs: Readonly<Record<string, { readonly value: unknown }>>): StackOutputs["gates"] {
  return outputsSchema.shape.gates.catch([]).parse(outputs.gates?.value);
}

/** The end of a watch: what it came to, and how often it was how. */
export function watchText(run: WatchRun, stack: string, paint: Paint): string {
  const { outcome, exitCode, reason, release, looks } = run;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const counts = Map.groupBy(looks, ({ verdict }) => WORDS[verdict].slice(2).toLowerCase());
  const told = [...counts].map(([word, all]) => `${all.length} ${word}`).join(", ") || "none";
  const head = `${paint.strong(`watch ${stack} ${release.id}`)}: ${colour(outcome)} (exit ${exitCode})`;
  return inColumns(`\n${head}\n${reason}\n  looks: ${told}\n`);
}
