import { type GateResult, worst } from "../../gates/verdict.ts";
import { evidenceOf, gatePlot, PLOT_LEGEND } from "./gate-plot.ts";
import { list, text, toned } from "./page.ts";
import { toneOf } from "./tones.ts";

/** Every gate in the order it ran: what it counted as plots, and what it only looked at in words. */
export function gatesSection(gates: readonly GateResult[]): string {
  if (gates.length === 0) return "<p>No gate had to run.</p>";
  const byGate = [...Map.groupBy(gates, ({ gate }) => gate)];
  const hasPlots = gates.some(({ looks = [] }) => looks.length > 0);
  return `${hasPlots ? `<p>${PLOT_LEGEND}</p>` : ""}${byGate.map(([name, results]) => gateText(name, results)).join("\n")}`;
}

function gateText(name: string, results: readonly GateResult[]): string {
  const plotted = results.flatMap((result) => (result.looks?.length ? [gatePlot(result, result.looks)] : []));
  const others = results.filter(({ looks = [] }) => looks.length === 0);
  const plots = plotted.length === 0 ? "" : `<div class="plots">${plotted.join("")}</div>`;
  return `<h3>${text(name)}: ${verdictOf(results)}</h3>${othersText(others)}${plots}`;
}

/** So many that passed are only counted, in a list that opens. */
const MANY = 5;

function othersText(others: readonly GateResult[]): string {
  if (others.length === 0) return "";
  const refusing = others.filter(({ verdict }) => verdict !== "pass");
  const passed = others.filter(({ verdict }) => verdict === "pass");
  if (passed.length < MANY) return list(others.map(item));
  const counted = `<details><summary>${passed.length} checks passed</summary>${list(passed.map(item))}</details>`;
  return `${refusing.length === 0 ? "" : list(refusing.map(item))}${counted}`;
}

/** Health is seen, not counted: it has no limit. */
function item(result: GateResult): string {
  const { objective, reason, limit, requests, lower, upper } = result;
  const isCounted = limit > 0 && requests > 0 && !(lower === 0 && upper === 1);
  return `${verdictOf([result])} ${text(objective)}: ${text(isCounted ? evidenceOf(result) : reason)}`;
}

function verdictOf(results: readonly GateResult[]): string {
  const verdict = worst(results.map((result) => result.verdict));
  return toned(toneOf(verdict), verdict);
}
