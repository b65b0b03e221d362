import type { Release } from "../../stacks/schema.ts";
import type { Clock } from "../command.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import type { Seen, WatchLook } from "./look.ts";
import type { Promoted } from "./promoted.ts";

/** How a watch touches the stack; each part may reject, which ends no watch. */
export interface WatchPorts {
  /** What is live now; undefined when nothing was ever promoted. */
  promoted(): Promise<Promoted | undefined>;
  see(promoted: Promoted, elapsedSeconds: number): Promise<Seen>;
  /** Why the release before cannot be gone back to; undefined when it can. */
  obstacle(): Promise<string | undefined>;
  goBack(why: string): Promise<RequestedRollback>;
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
