import type { Properties } from "../../../rehearsal/provider/properties.ts";
import type { Account } from "./account.ts";
import type { Landscape } from "./landscape.ts";

/** Inputs as they are, or made in the landscape. */
export type Making = Properties | ((account: Account, land: Landscape) => Promise<Properties> | Properties);

/** What AWS refuses: the type, the inputs (made in the landscape), and its own code and words. */
export interface Refusal {
  readonly what: string;
  readonly type: string;
  readonly inputs: Making;
  readonly code: string;
  readonly words: string | RegExp;
  /** Created first, so that the second one is refused. */
  readonly first?: Making;
}
