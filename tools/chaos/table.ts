import { type Attempt, isWhole, sum } from "./attempt.ts";

const COUNTS = ["orphans", "duplicates", "drift", "lostRows", "locks", "processes", "files"] as const;

export const TABLE_HEAD = ["kill".padEnd(58), "points", "converged", ...COUNTS, "seconds"].join("  ");

export function rowOf(attempt: Attempt): string {
  const { kill, reached, seconds } = attempt;
  const counts = COUNTS.map((name) => `${attempt[name]}`.padStart(name.length));
  const converged = reached.length > 0 ? (attempt.converged ? "yes" : "NO") : "not there";
  const points = `${reached.length}`.padStart(6);
  return [kill.padEnd(58), points, converged.padEnd(9), ...counts, seconds.toFixed(0).padStart(7)].join("  ");
}

/** What was planned: how many points the kills stand for. */
interface Planned {
  readonly kills: number;
  /** The points that are known, by journey. */
  readonly known: Readonly<Record<string, number>>;
}

/** Never more than was tried. */
export function summaryOf(done: readonly Attempt[], { kills, known }: Planned): string {
  const killed = done.filter(({ reached }) => reached.length > 0);
  const points = (attempts: readonly Attempt[]) => sum(attempts.map(({ reached }) => reached.length));
  const unreached = done.length - killed.length;
  const rest = kills - done.length;
  const whole = killed.filter(isWhole);
  const inARow = killed.filter((each) => each.inARow);
  return [
    `${pointsOf(killed).size} of ${sum(Object.values(known))} points tried, in ${killed.length} kills; ${points(whole)} in ${whole.length} kills converged and left nothing`,
    ...(inARow.length > 0 ? [`${inARow.length} kills were of rehearsals that were killed again and again`] : []),
    ...(unreached > 0 ? [`${unreached} kills met nobody`] : []),
    ...(rest > 0 ? [`${rest} kills not begun`] : []),
  ].join(", ");
}

/** The points that were tried, each once, whether it was killed by itself or in its wave. */
function pointsOf(killed: readonly Attempt[]): ReadonlySet<string> {
  const points = killed.flatMap(({ kill, reached }) => {
    const [journey, operation, , moment, victim] = kill.split("/");
    return reached.map((step) => [journey, operation, step, moment, victim].join("/"));
  });
  return new Set(points);
}

/** More than that a deployment may not take after a kill, beyond what was left of it. */
const MOST_OVER_SECONDS = 30;

const UNMEASURED = "how long a first deployment takes after a kill was not measured";

/** What the commands after a kill took beyond what was left of a first deployment that nothing killed; of rows nothing is known. */
export function timesOf(done: readonly Attempt[]): string {
  const compared = done.flatMap(({ kill, overSeconds, wholeSeconds }) =>
    overSeconds !== null && wholeSeconds !== null && kill.startsWith("first-deploy/")
      ? [{ overSeconds, wholeSeconds }]
      : [],
  );
  const over = compared.map(({ overSeconds }) => overSeconds);
  const sorted = over.toSorted((one, other) => one - other);
  const most = Math.max(...compared.map(({ overSeconds, wholeSeconds }) => overSeconds / wholeSeconds));
  const [middle, last] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
  if (middle === undefined || last === undefined) return UNMEASURED;
  const within = over.filter((each) => each <= MOST_OVER_SECONDS).length;
  return (
    `after ${over.length} kills a first deployment took ${middle.toFixed(0)} s more at the median, ${last.toFixed(0)} s at the most, ` +
    `than was left of one that nothing killed, ${(100 * most).toFixed(0)} % of that whole deployment at the most; ` +
    `${within} of them at most ${MOST_OVER_SECONDS} s`
  );
}

const [BEGIN, END] = ["<!-- chaos: begin -->", "<!-- chaos: end -->"];

/** How many of each journey's points were tried, by results and by rows that were kept. */
function byJourney(done: readonly Attempt[], kept: readonly Row[], { known }: Planned): string {
  const tried = [...pointsOf(done)];
  const counts = Object.entries(known).map(([journey, points]) => {
    const own = tried.filter((each) => each.startsWith(`${journey}/`)).length;
    const earlier = sum(kept.filter(([name]) => name === journey).map(pointsIn));
    return `${journey} ${own + earlier} of ${points}`;
  });
  return counts.join(", ");
}

/** The cells of a row of the table, its journey, victim, moment, kills and points first. */
type Row = readonly string[];
const KEY_CELLS = 3;

function pointsIn(row: Row): number {
  return Number(row[KEY_CELLS + 1]);
}

/** The page's rows of kinds that none of these is of: what was tried before counts on, and nothing counts twice. */
function keptRows(block: string, groups: ReadonlySet<string>): readonly Row[] {
  const rows = block
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.slice(2, -2).split(" | "));
  return rows.filter((row) => !groups.has(row.slice(0, KEY_CELLS).join("/")));
}

/**
 * The page with its table written again: a row for each journey, victim and moment, and each kill that was not whole. Rows
 * of kinds that are not among the results stay as they were.
 */
export function pageWith(page: string, done: readonly Attempt[], planned: Planned): string {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  const block = page.split(BEGIN)[1]?.split(END)[0] ?? "";
  if (after === undefined) throw new Error(`docs/reliability.md has no ${BEGIN} and ${END}`);
  const killed = done.filter(({ reached }) => reached.length > 0);
  const groups = Object.entries(Object.groupBy(killed, rowKey)).sort(([one], [other]) => (one < other ? -1 : 1));
  const head = [
    "journey",
    "victim",
    "moment",
    "kills",
    "points",
    "converged",
    ...COUNTS.map((name) => NAMES[name] ?? name),
  ];
  const kept = keptRows(block, new Set(groups.map(([key]) => key)));
  const own = groups.map(([key, attempts = []]) => [
    ...key.split("/"),
    `${attempts.length}`,
    `${sum(attempts.map(({ reached }) => reached.length))}`,
    `${sum(attempts.filter(({ converged }) => converged).map(({ reached }) => reached.length))}`,
    ...COUNTS.map((name) => `${sum(attempts.map((each) => each[name]))}`),
  ]);
  const rows = [...own, ...kept].toSorted((one, other) => (one.join("/") < other.join("/") ? -1 : 1));
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const notWhole = killed.filter((each) => !isWhole(each));
  const list = notWhole.map(
    ({ kill, findings }) => `- \`${kill}\`: ${(findings[0] ?? "").slice(0, 200).replaceAll(/[|<>\n]/g, " ")}`,
  );
  const apart = list.length > 0 ? `\n\nNot whole:\n\n${list.join("\n")}` : "";
  const earlier = keptText(kept);
  // What was measured before counts on, as what was tried does.
  const [, earlierTime = UNMEASURED] = / Time: (.*)\.\n/.exec(block) ?? [];
  const measured = timesOf(done);
  const time = measured === UNMEASURED ? earlierTime : measured;
  return `${before}${BEGIN}\n${summaryOf(done, planned)}.${earlier} By journey: ${byJourney(killed, kept, planned)}. Time: ${time}.\n\n${table.join("\n")}${apart}\n${END}${after}`;
}

function keptText(kept: readonly Row[]): string {
  if (kept.length === 0) return "";
  const kills = sum(kept.map((row) => Number(row[KEY_CELLS])));
  return ` Of earlier runs, ${sum(kept.map(pointsIn))} points in ${kills} kills count too, in rows of kinds that these results have not.`;
}

const NAMES: Readonly<Partial<Record<(typeof COUNTS)[number], string>>> = { lostRows: "lost rows" };

function rowKey({ kill }: Attempt): string {
  const [journey, , , moment, victim] = kill.split("/");
  return [journey, victim, moment].join("/");
}
