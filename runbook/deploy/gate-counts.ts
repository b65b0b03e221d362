import type { GateResult } from "../../gates/verdict.ts";

/** Whether requests were counted against a limit; health is seen, and has none. */
export function isCounted({ limit }: Pick<GateResult, "limit">): boolean {
  return limit > 0;
}

/** How much a gate looked at, such as `4 health checks, 4 objectives`. */
export function countsText(results: readonly Pick<GateResult, "limit">[]): string {
  const objectives = results.filter(isCounted).length;
  const checks = results.length - objectives;
  const told = [amount(checks, "health check"), amount(objectives, "objective")];
  return told.filter((text) => text !== "").join(", ") || "nothing";
}

function amount(count: number, what: string): string {
  if (count === 0) return "";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
