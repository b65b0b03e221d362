import type { Clock } from "../../shared/clock.ts";
import type { Finding } from "../preflight/check.ts";

const EVERY_SECONDS = 1;

/** Looks again and again while it fails or cannot look, for so long; ends as the last look did. */
export async function retrying(
  { clock }: { readonly clock: Clock },
  seconds: number,
  signal: AbortSignal,
  look: () => Promise<Finding>,
): Promise<Finding> {
  const deadline = clock.now() + seconds;
  for (;;) {
    const [found] = await Promise.allSettled([look()]);
    const isOver = clock.now() >= deadline || signal.aborted;
    if (found.status === "rejected" && isOver) throw found.reason;
    if (found.status === "fulfilled" && (found.value.status !== "fail" || isOver)) return found.value;
    await clock.sleep(EVERY_SECONDS, signal);
  }
}
