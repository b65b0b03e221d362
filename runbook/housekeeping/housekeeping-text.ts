import { EXIT } from "../../shared/deploy-error.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { CostByService, ServiceCost } from "./cost-by-service.ts";
import type { Housekeeping, Offer } from "./housekeeping.ts";

/** What may go, what stays and why, and what the stack costs by service, for a person. */
export function housekeepingText(document: Housekeeping, paint: Paint): string {
  const { stack, applied, offered, kept, byHand, costs, exitCode, next } = document;
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
      ...(typeof costs === "string" ? [`  ? costs are not known: ${costs}`] : costLines(costs, paint)),
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

function costLines(costs: CostByService, paint: Paint): string[] {
  const { services, from, to, days, partial, pricesAsOf, pricesRegion } = costs;
  const named = (what: string, found: readonly ServiceCost[]) =>
    found.length === 0 ? [] : [`  ${what}: ${found.map(({ service }) => service).join(", ")}`];
  const total = { ...costs, service: "Together" };
  return [
    paint.strong("What it costs a month, in US dollars:"),
    `  spent on ${days} complete ${days === 1 ? "day" : "days"}, ${from} to ${to}; estimated by list prices of ${pricesAsOf} in ${pricesRegion}, use not counted`,
    ...(partial.length === 0 ? [] : [paint.bad(`  partial: ${partial.join("; ")}`)]),
    costRow(["Service", "estimated", "spent", "ratio"]),
    ...[...services, total].map((cost) =>
      costRow([cost.service, dollars(cost.estimatedUsd), dollars(cost.spentUsd), dollars(cost.ratio)]),
    ),
    ...named(
      "spent, and in no estimate",
      services.filter(({ estimatedUsd }) => estimatedUsd === null),
    ),
    ...named(
      "estimated, and nothing is recorded under the stack's tags",
      services.filter(({ spentUsd }) => spentUsd === null),
    ),
  ];
}

function costRow([service, ...numbers]: readonly [string, string, string, string]): string {
  return `  ${service.padEnd(49)}${numbers.map((text) => text.padStart(9)).join("")}`;
}

function dollars(amount: number | null): string {
  return amount === null ? "-" : amount.toFixed(2);
}
