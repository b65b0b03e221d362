import type { Clock } from "../command.ts";
import type { Finding } from "../preflight/check.ts";

const EVERY_SECONDS = 1;

/** Looks again and again while the finding is a failure, for so long; resolves with the last one. */
export async function retrying(
  { clock }: { readonly clock: Clock },
  seconds: number,
  signal: AbortSignal,
  look: () => Promise<Finding>,
): Promise<Finding> {
  const deadline = clock.now() + seconds;
  for (;;) {
    const finding = await look();
    if (finding.status !== "fail" || clock.now() >= deadline) return finding;
    await clock.sleep(EVERY_SECONDS, signal);
  }
}
