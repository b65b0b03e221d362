import { percent } from "../../gates/gate.ts";
import type { GateResult, Look } from "../../gates/verdict.ts";
import { worst } from "../../gates/verdict.ts";
import { list, table, text, toned, toneOf } from "./page.ts";

export const PLOT_STYLE = `
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; background: var(--soft); }
figure text { fill: var(--text); font: 11px system-ui, sans-serif; }
.band { fill: var(--line); opacity: .25; }
.bound, .measured, .limit { fill: none; vector-effect: non-scaling-stroke; }
.bound { stroke: var(--line); stroke-width: 1; }
.measured { stroke: var(--text); stroke-width: 2; }
figure text.limit-mark { font-weight: 700; }
figure circle { fill: var(--text); }
.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 6 4; }
.looks { font-size: .875rem; font-variant-numeric: tabular-nums; }
`;

/** Says once how to read every plot. */
const PLOT_LEGEND =
  "Each plot goes from left to right with the number of requests. Thick line: the measured share of bad requests; " +
  "shaded: where the true share is, with the bounds that hold at every check; dashed: the limit, with its figure in bold at the left. A gate passes once all " +
  "of the shade is below the limit, and fails once all of it is above.";

const WIDTH = 340;
const HEIGHT = 170;
const LEFT = 48;
const TOP = 8;
const INNER_WIDTH = WIDTH - LEFT - 10;
const INNER_HEIGHT = HEIGHT - TOP - 24;
/** How far above the limit a plot shows, unless more was measured. */
const ABOVE_LIMIT = 2.5;

/** One objective's evidence as a plot, with the same in words below it and as a table that opens. */
function gatePlot(result: GateResult, looks: readonly Look[]): string {
  const { objective, verdict } = result;
  const mark = toned(toneOf(verdict), verdict);
  const caption = `<figcaption>${text(objective)}: ${mark}. ${text(evidenceOf(result))}.</figcaption>`;
  return `<figure>${plot(result, looks)}${caption}${looksTable(result, looks)}</figure>`;
}

/** A result's numbers in one sentence, without its end. */
function evidenceOf({ requests, bad, lower, upper, limit, synthetic }: GateResult): string {
  const counts = `${bad} of ${requests} requests bad (${synthetic} synthetic)`;
  // A number is never parted from its sign.
  return `${counts}: ${percent(lower)} to ${percent(upper)}, limit ${percent(limit)}`.replaceAll(" %", "\u00a0%");
}

/** Before the first look nothing is known. */
const IGNORANCE: Look = { seconds: 0, requests: 0, bad: 0, lower: 0, upper: 1 };

function plot(result: GateResult, looks: readonly Look[]): string {
  const { gate, objective, verdict, limit } = result;
  const most = Math.max(1, ...looks.map(({ requests }) => requests));
  const top = topOf(result, looks);
  const at = (requests: number, ratio: number) => `${x(requests, most)},${y(ratio, top)}`;
  const known = [IGNORANCE, ...looks];
  const upper = known.map((look) => at(look.requests, look.upper)).join(" ");
  const lower = known.map((look) => at(look.requests, look.lower));
  const measured = looks.map((look) => at(look.requests, measuredOf(look))).join(" ");
  const [endX, endY] = at(most, result.measured ?? 0).split(",");
  const inside = [
    `<polygon class="band" points="${upper} ${lower.toReversed().join(" ")}"/>`,
    `<polyline class="bound" points="${upper}"/><polyline class="bound" points="${lower.join(" ")}"/>`,
    `<polyline class="measured" points="${measured}"/><circle cx="${endX}" cy="${endY}" r="3"/>`,
    `<polyline class="limit" points="0,${y(limit, top)} ${INNER_WIDTH},${y(limit, top)}"/>`,
  ];
  const label = `${gate}, ${objective}: ${verdict}, ${evidenceOf(result)}`;
  // What is above the plot's top is cut off by the inner picture's own edge.
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${text(label)}">${axes(top, most, limit)}<svg x="${LEFT}" y="${TOP}" width="${INNER_WIDTH}" height="${INNER_HEIGHT}">${inside.join("")}</svg></svg>`;
}

/** The highest ratio that the plot shows: where the decision fell, a failure's at its lower bound. */
function topOf({ limit, upper, verdict }: GateResult, looks: readonly Look[]): number {
  const settled = looks.slice(Math.floor(looks.length / 2)).map(measuredOf);
  const decided = verdict === "fail" ? 0 : upper;
  return Math.min(1, Math.max(limit * ABOVE_LIMIT, decided * 1.1, ...settled.map((ratio) => ratio * 1.4)));
}

/** Two marks of the left axis that are nearer than this would be written over each other. */
const MARK_HEIGHT = 12;

/** At the left nothing, the limit and the top, below none and all requests; nothing is written over the curves. */
function axes(top: number, most: number, limit: number): string {
  const isApart = (ratio: number) => Math.abs(y(ratio, top) - y(limit, top)) >= MARK_HEIGHT;
  const marks = [...[0, top].filter(isApart), limit].map((ratio) => {
    const height = rounded(TOP + y(ratio, top) + 4);
    const weight = ratio === limit ? ' class="limit-mark"' : "";
    return `<text x="${LEFT - 4}" y="${height}" text-anchor="end"${weight}>${short(ratio)}</text>`;
  });
  const bottom = HEIGHT - 8;
  const below = `<text x="${LEFT}" y="${bottom}">0</text><text x="${WIDTH - 10}" y="${bottom}" text-anchor="end">${most} requests</text>`;
  return `<g aria-hidden="true">${marks.join("")}${below}</g>`;
}

function looksTable({ objective }: GateResult, looks: readonly Look[]): string {
  const rows = looks.map(({ seconds, requests, bad, lower, upper }) => [
    `${Number(seconds.toFixed(1))} s`,
    `${requests}`,
    `${bad}`,
    percent(lower),
    percent(upper),
  ]);
  const title = looks.length === 1 ? `One check at ${objective}` : `${looks.length} checks at ${objective}`;
  return `<details class="looks"><summary>${text(title)}</summary>${table(["at", "requests", "bad", "lower", "upper"], rows)}</details>`;
}

function measuredOf({ requests, bad }: Look): number {
  return requests === 0 ? 0 : bad / requests;
}

function x(requests: number, most: number): number {
  // So that the last look's mark is whole.
  return rounded((requests / most) * (INNER_WIDTH - 4));
}

function y(ratio: number, top: number): number {
  // The bottom line stays inside.
  return rounded((INNER_HEIGHT - 2) * (1 - ratio / top) + 1);
}

function short(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(2))} %`;
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

/** Every gate in the order it ran: what it counted as plots, and what it only checked in words. */
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
  const { kind, objective, reason, requests, lower, upper } = result;
  const isCounted = kind !== "health" && requests > 0 && !(lower === 0 && upper === 1);
  return `${verdictOf([result])} ${text(objective)}: ${text(isCounted ? evidenceOf(result) : reason)}`;
}

function verdictOf(results: readonly GateResult[]): string {
  const verdict = worst(results.map((result) => result.verdict));
  return toned(toneOf(verdict), verdict);
}
