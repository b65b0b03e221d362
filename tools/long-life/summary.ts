import { boundsTable, type Judged, judged } from "./bounds.ts";
import type { Result } from "./life.ts";

/** A line of progress. */
export function rowOf(
  result: Result,
  { count, seconds }: { readonly count: number; readonly seconds: number },
): string {
  const { number, name, outcome, exitCode, isKilled, againSeconds, findings } = result;
  const met = isKilled === false ? ", met nobody" : "";
  const again = againSeconds === null ? "" : ` and ${againSeconds.toFixed(0)} s again`;
  const verdict = findings.length === 0 ? "as it must" : "NOT as it must";
  return `${number}/${count}  ${name}${met}: ${outcome} (exit ${exitCode}), ${result.seconds.toFixed(0)} s${again}; ${verdict}; ${(seconds / 60).toFixed(1)} min so far`;
}

/** Whether a long life was whole: every measure bounded, every deployment ended as it must, and the history true. */
export interface LifeVerdict {
  readonly isWhole: boolean;
  readonly bounds: readonly Judged[];
  readonly findings: readonly string[];
}

export function verdictOf(done: readonly Result[]): LifeVerdict {
  const bounds = done.length === 0 ? [] : judged(done.map(({ measures }) => measures));
  // The history is compared whole each time: what is wrong stays, and is told once.
  const findings = [...new Set(done.flatMap((each) => each.findings))];
  return {
    isWhole: done.length > 0 && findings.length === 0 && bounds.every(({ isBounded }) => isBounded),
    bounds,
    findings,
  };
}

/** What was done, and the table. */
export function summaryOf(done: readonly Result[]): string {
  const { bounds, findings } = verdictOf(done);
  const unbounded = bounds.filter(({ isBounded }) => !isBounded).map(({ name }) => name);
  return [
    countsOf(done),
    "",
    boundsTable(bounds),
    "",
    unbounded.length === 0 ? "every measure keeps its bound" : `not bounded: ${unbounded.join(", ")}`,
    ...(findings.length === 0 ? ["every deployment ended as it must, and the history was true after each"] : findings),
  ].join("\n");
}

function countsOf(done: readonly Result[]): string {
  const groups = Object.entries(Object.groupBy(done, kindOf)).map(([kind, all = []]) => {
    const seconds = all.reduce((sum, each) => sum + each.seconds + (each.againSeconds ?? 0), 0) / all.length;
    return `${all.length} ${kind} (${seconds.toFixed(0)} s each)`;
  });
  const met = done.filter(({ isKilled }) => isKilled === true).length;
  return `${done.length} deployments: ${groups.join(", ")}; ${met} of the kills met somebody`;
}

function kindOf({ name, outcome }: Result): string {
  return name.startsWith("killed ") ? "killed" : outcome;
}

const [BEGIN, END] = ["<!-- long-life: begin -->", "<!-- long-life: end -->"];

/** The page with its table written again, from no more than was measured. */
export function pageWith(page: string, done: readonly Result[], seed: number): string {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  if (after === undefined) throw new Error(`docs/reliability.md has no ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\nSeed ${seed}. ${summaryOf(done)}\n${END}${after}`;
}
