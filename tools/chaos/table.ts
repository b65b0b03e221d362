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
  const tried = new Set(killed.flatMap(({ kill, reached }) => reached.map((step) => `${kill} ${step}`)));
  return [
    `${tried.size} of ${sum(Object.values(known))} points tried, in ${killed.length} kills; ${points(whole)} in ${whole.length} kills converged and left nothing`,
    ...(inARow.length > 0 ? [`${inARow.length} kills were of rehearsals that were killed again and again`] : []),
    ...(unreached > 0 ? [`${unreached} kills met nobody`] : []),
    ...(rest > 0 ? [`${rest} kills not begun`] : []),
  ].join(", ");
}

const [BEGIN, END] = ["<!-- chaos: begin -->", "<!-- chaos: end -->"];

/** How many of each journey's points were tried. */
function byJourney(done: readonly Attempt[], { known }: Planned): string {
  const tried = done.flatMap(({ kill, reached }) => [...new Set(reached)].map((step) => `${kill} ${step}`));
  const counts = Object.entries(known).map(([journey, points]) => {
    const own = new Set(tried.filter((each) => each.startsWith(`${journey}/`)));
    return `${journey} ${own.size} of ${points}`;
  });
  return counts.join(", ");
}

/** The page with its table written again: a row for each journey, victim and moment, and each kill that was not whole. */
export function pageWith(page: string, done: readonly Attempt[], planned: Planned): string {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
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
  const rows = groups.map(([key, attempts = []]) => [
    ...key.split("/"),
    `${attempts.length}`,
    `${sum(attempts.map(({ reached }) => reached.length))}`,
    `${sum(attempts.filter(({ converged }) => converged).map(({ reached }) => reached.length))}`,
    ...COUNTS.map((name) => `${sum(attempts.map((each) => each[name]))}`),
  ]);
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const notWhole = killed.filter((each) => !isWhole(each));
  const list = notWhole.map(
    ({ kill, findings }) => `- \`${kill}\`: ${(findings[0] ?? "").slice(0, 200).replaceAll(/[|<>\n]/g, " ")}`,
  );
  const apart = list.length > 0 ? `\n\nNot whole:\n\n${list.join("\n")}` : "";
  return `${before}${BEGIN}\n${summaryOf(done, planned)}. By journey: ${byJourney(done, planned)}.\n\n${table.join("\n")}${apart}\n${END}${after}`;
}

const NAMES: Readonly<Partial<Record<(typeof COUNTS)[number], string>>> = { lostRows: "lost rows" };

function rowKey({ kill }: Attempt): string {
  const [journey, , , moment, victim] = kill.split("/");
  return [journey, victim, moment].join("/");
}
