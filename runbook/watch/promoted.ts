import type { GateResult } from "../../gates/verdict.ts";
import { isSameRelease } from "../../records/promotion.ts";
import { isRollback, type Update } from "../../records/update.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import type { Release } from "../../stacks/schema.ts";

/** What is live, since when, and what its gates found then. */
export interface Promoted {
  readonly release: Release;
  /** Seconds since 1970. */
  readonly promotedAt: number;
  /** It is what was gone back to. */
  readonly isReturned: boolean;
  readonly baseline: readonly GateResult[];
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
export function gatesIn(outputs: Readonly<Record<string, { readonly value: unknown }>>): readonly GateResult[] {
  return outputsSchema.shape.gates.catch([]).parse(outputs.gates?.value);
}
