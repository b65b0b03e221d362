import type { DocumentStep } from "../deploy/deploy-document.ts";
import { duration } from "./columns.ts";
import { list, text } from "./page.ts";
import { isWork } from "./timeline.ts";

export const TIMELINE_STYLE = `
.timeline { list-style: none; padding: 0; }
.timeline li { padding: .2rem 0; border-bottom: 1px solid var(--soft); }
svg.mark { width: .75em; height: .75em; fill: var(--mark); }
.timeline li > svg { display: block; width: 100%; height: .75rem; background: var(--soft); }
.timeline rect { fill: var(--line); }
.timeline .critical rect { fill: var(--mark); }
.timeline .failed rect { fill: var(--bad); }
.timeline line { stroke: var(--line); stroke-width: 1; stroke-dasharray: 2 3; vector-effect: non-scaling-stroke; }
.timeline .name { display: flex; justify-content: space-between; gap: .75rem; }
.timeline .when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ticks :nth-child(even) { display: none; }
.ticks { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
@media (min-width: 48rem) {
  .timeline li { display: grid; grid-template-columns: minmax(0, 1fr) 50%; gap: .75rem; align-items: center; }
  .ticks { grid-column: 2; }
  .ticks :nth-child(even) { display: inline; }
}
`;

/** What lasted shorter than this share of the whole is only counted, unless it decided or failed. */
const SHORTEST_SHARE = 0.02;
const WIDTH = 1000;
const HEIGHT = 12;
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

/**
 * An update's steps as bars over its time, with their times as text beside them; on a narrow page each bar is below its
 * step. Short steps are in a list that opens.
 */
export function timelinePicture(steps: readonly DocumentStep[]): string {
  const work = steps
    .filter((step) => isWork(step) && step.op !== "read")
    .toSorted((a, b) => a.startSeconds - b.startSeconds);
  if (work.length === 0) return "<p>Nothing had to change.</p>";
  const end = Math.max(...work.map(endOf), Number.MIN_VALUE);
  const isShown = (step: DocumentStep) =>
    step.critical === true || step.status === "failed" || endOf(step) - step.startSeconds >= end * SHORTEST_SHARE;
  const shorter = work.filter((step) => !isShown(step));
  const rows = work.filter(isShown).map((step) => bar(step, end));
  const isMarked = work.some(({ critical }) => critical === true);
  const legend = isMarked
    ? `<p>${criticalMark("The mark")} on the critical path: only a faster step there ends the deployment sooner.</p>`
    : "";
  return `${legend}<ol class="timeline">${axis(end)}${rows.join("")}</ol>${shortList(shorter)}`;
}

function bar(step: DocumentStep, end: number): string {
  const { startSeconds, status, critical } = step;
  const classes = [...(critical ? ["critical"] : []), ...(status === "failed" ? ["failed"] : [])];
  const x = (startSeconds / end) * WIDTH;
  const width = Math.max(3, ((endOf(step) - startSeconds) / end) * WIDTH);
  const shape = `<rect x="${rounded(Math.min(x, WIDTH - 3))}" width="${rounded(width)}" height="${HEIGHT}"/>`;
  const picture = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${grid()}${shape}</svg>`;
  const name = `<span class="name"><span>${markOf(step)}${nameOf(step)}</span><span class="when">${timesOf(step)}</span></span>`;
  return `<li class="${classes.join(" ")}">${name}${picture}</li>`;
}

function markOf({ critical, status }: DocumentStep): string {
  const failed = status === "failed" ? `<strong class="bad">failed</strong> ` : "";
  return critical ? `${criticalMark("on the critical path")} ${failed}` : failed;
}

/** Drawn, because not every font has such a sign. */
function criticalMark(label: string): string {
  return `<svg class="mark" viewBox="0 0 10 10" role="img" aria-label="${label}"><polygon points="5,0 10,5 5,10 0,5"/></svg>`;
}

function nameOf({ op, type, name }: DocumentStep): string {
  return text(`${op} ${type.split(":").at(-1)} ${name}`);
}

function timesOf(step: DocumentStep): string {
  return `${duration(step.startSeconds)} – ${duration(endOf(step))}`;
}

function axis(end: number): string {
  const ticks = QUARTERS.map((share) => `<span>${duration(end * share)}</span>`);
  return `<li aria-hidden="true"><span class="ticks">${ticks.join("")}</span></li>`;
}

function grid(): string {
  const lines = QUARTERS.slice(1, -1).map(
    (share) => `<line x1="${share * WIDTH}" x2="${share * WIDTH}" y2="${HEIGHT}"/>`,
  );
  return lines.join("");
}

function shortList(steps: readonly DocumentStep[]): string {
  if (steps.length === 0) return "";
  const items = steps.map((step) => `${nameOf(step)}: ${timesOf(step)}`);
  const title = steps.length === 1 ? "One shorter step" : `${steps.length} shorter steps`;
  return `<details><summary>${title}</summary>${list(items, "ordered")}</details>`;
}

function endOf({ startSeconds, endSeconds }: DocumentStep): number {
  return endSeconds ?? startSeconds;
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}
