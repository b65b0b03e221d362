import { EXIT } from "../../shared/deploy-error.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Housekeeping, Offer } from "./housekeeping.ts";

/** What may go, what stays and why, for a person. */
export function housekeepingText(document: Housekeeping, paint: Paint): string {
  const { stack, applied, offered, kept, byHand, exitCode, next } = document;
  const what = applied ? "deleted" : "may be deleted";
  const known = offered.flatMap(({ monthlyUsd }) => monthlyUsd ?? []);
  const saved = known.length === 0 ? "" : `, ${known.reduce((sum, each) => sum + each, 0).toFixed(2)} USD a month`;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  return `${inColumns(
    [
      `${paint.strong(`housekeeping ${stack}`)}: ${colour(`${offered.length} ${what}`)}${saved}, ${kept.length} stay`,
      ...offered.map((offer) => `  ${markOf(offer, paint)} ${labelOf(offer)}: ${offer.problem ?? offer.why}`),
      ...kept.map(({ kind, id, why }) => `  ${paint.dim("·")} ${kind} ${id} stays: ${why}`),
      ...(typeof byHand === "string"
        ? [`  ? log groups are not known: ${byHand}`]
        : byHand.flatMap(({ id, why, command }) => [`  ? log group ${id}: ${why}`, `    ${command}`])),
      ...(next === null ? [] : [`Next: ${next}`]),
    ].join("\n"),
  )}\n`;
}

function markOf({ removed }: Offer, paint: Paint): string {
  if (removed === null) return "-";
  return removed ? paint.good("✓") : paint.bad("✗");
}

function labelOf({ kind, id, gib, monthlyUsd }: Offer): string {
  const size = gib === null ? "" : `, ${gib} GiB`;
  return `${kind} ${id}${size}${monthlyUsd === null ? "" : `, ${monthlyUsd} USD a month`}`;
}
