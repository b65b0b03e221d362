import type { Clock } from "../../shared/clock.ts";
import type { Release } from "../../stacks/schema.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import type { Seen, WatchLook } from "./look.ts";
import type { Promoted } from "./promoted.ts";

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
  goBack(leaving: Release, why: string): Promise<RequestedRollback>;
  /** Tells people; never holds up the watch. */
  tell(look: WatchLook, what: "anomaly" | "escalation" | "resolved", release: Release): void;
  /** Shows a look before anything is done about it, and when the next one is. */
  show(look: WatchLook, nextSeconds: number | undefined): void;
  /** Shows what was done about it. */
  showDone(text: string): void;
  /** Waits for real seconds, showing that it does. */
  wait(seconds: number, nextSeconds: number): Promise<void>;
}

export interface WatchOptions {
  /** A single look, and nothing after it. */
  readonly isOnce: boolean;
  /** Whether a rollback is done, and not only told. */
  readonly mayRollBack: boolean;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}
