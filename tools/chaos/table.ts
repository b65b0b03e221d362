import { type Attempt, isWhole } from "./attempt.ts";

const COUNTS = ["orphans", "duplicates", "drift", "locks", "processes", "files"] as const;

export const TABLE_HEAD = ["point".padEnd(66), "converged", ...COUNTS, "seconds"].join("  ");

export function rowOf(attempt: Attempt): string {
  const counts = COUNTS.map((name) => `${attempt[name]}`.padStart(name.length));
  const converged = attempt.wasKilled ? (attempt.converged ? "yes" : "NO") : "not killed";
  return [attempt.point.padEnd(66), converged.padEnd(9), ...counts, attempt.seconds.toFixed(0).padStart(7)].join("  ");
}

/** Never more than was tried. */
export function summaryOf(done: readonly Attempt[], planned: number): string {
  const killed = done.filter(({ wasKilled }) => wasKilled);
  const whole = killed.filter(isWhole);
  const unreached = done.length - killed.length;
  const rest = planned - done.length;
  return [
    `${killed.length} points tried, ${whole.length} converged and left nothing`,
    ...(unreached > 0 ? [`${unreached} not reached`] : []),
    ...(rest > 0 ? [`${rest} not begun`] : []),
  ].join(", ");
}

const [BEGIN, END] = ["<!-- chaos: begin -->", "<!-- chaos: end -->"];

/** The page with its table written anew. */
export function pageWith(page: string, done: readonly Attempt[], planned: number): string {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  if (after === undefined) throw new Error(`docs/reliability.md has no ${BEGIN} and ${END}`);
  const head = ["point", "converged", ...COUNTS];
  const rows = done
    .filter(({ wasKilled }) => wasKilled)
    .map((each) => [`\`${each.point}\``, each.converged ? "yes" : "no", ...COUNTS.map((name) => `${each[name]}`)]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${before}${BEGIN}\n${summaryOf(done, planned)}.\n\n${lines.join("\n")}\n${END}${after}`;
}
