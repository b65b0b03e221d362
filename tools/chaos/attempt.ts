import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { jsonIn } from "../../io/http.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { copyTree } from "../cache.ts";
import { type Call, JOURNEYS, type Journey, type Kill, killName, wavesIn } from "./points.ts";
import {
  callsIn,
  type Ended,
  filesOf,
  locksOf,
  processesOf,
  type Room,
  rehearse,
  type StepTime,
  serving,
  stateOf,
  timesOfSteps,
} from "./run.ts";

const tracks = z.object({ oneBox: z.array(z.string()), fleet: z.array(z.string()) });

/** What the rehearsal's own document says of its end. */
const reportSchema = z.object({
  outcome: z.string(),
  exitCode: z.number(),
  reason: z.string(),
  world: z.object({ orphans: z.number(), duplicates: z.number(), drift: z.number(), findings: z.array(z.string()) }),
  inside: z.object({
    objects: z.array(z.string()).nullable(),
    rows: z.record(z.string(), z.number()),
    promoted: z.string().nullable(),
  }),
  live: z.record(z.string(), tracks),
});

type Report = z.infer<typeof reportSchema>;

export const attemptSchema = z.object({
  /** As `--point` takes it. */
  kill: z.string(),
  /** Whether the next command was killed too, at a later point. */
  inARow: z.boolean().default(false),
  /** The steps that stood at the point when the victim died. None where the run had ended before: nothing is proven then. */
  reached: z.array(z.string()),
  /** The next single command ended as the journey does that nothing kills. */
  converged: z.boolean(),
  orphans: z.number(),
  duplicates: z.number(),
  /** At AWS, in DNS and in Kubernetes, and of what is promoted and live. */
  drift: z.number(),
  /** Rows of the database that the journey has where nothing kills it. */
  lostRows: z.number(),
  locks: z.number(),
  processes: z.number(),
  files: z.number(),
  /** Of both commands. */
  seconds: z.number(),
  /** Of the second command alone. */
  againSeconds: z.number(),
  /**
   * How much longer the second command took than what was left, at the point, of the journey that nothing killed; null
   * where that is not known.
   */
  overSeconds: z.number().nullable().default(null),
  /** What that whole journey took, on the same machine and with what it did beside; null where that is not known. */
  wholeSeconds: z.number().nullable().default(null),
  /** Why it did not converge, or what was left. */
  findings: z.array(z.string()),
});

/** What became of one kill. */
export type Attempt = z.infer<typeof attemptSchema>;

/** Where worlds that a journey begins with are kept. */
export interface Worlds {
  readonly room: Room;
  /** Holds the room's folders as a journey finds them, and what each journey comes to where nothing kills it. */
  readonly kept: string;
}

/** Runs a journey, or goes on with it; what it came to is the document on stdout. */
async function run(worlds: Worlds, { name, scenario, begins }: Journey, goesOn: boolean, kill?: Kill): Promise<Ended> {
  const { room } = worlds;
  if (name === "destroy") return destroyed(room, goesOn, kill);
  const more = goesOn || begins !== "empty" ? ["--resume"] : ["--seed", "1", "--time-scale", `${room.timeScale}`];
  return rehearse(room, [scenario, "--json", "--stack", room.stack, ...more], kill);
}

const DESTROY = ["destroy", "--yes", "--skip-preview", "--non-interactive"];
const leftSchema = z.object({
  resources: z.array(
    z.object({ type: z.string(), name: z.string().optional(), tags: z.record(z.string(), z.string()).default({}) }),
  ),
});

/** By plain `pulumi`; where one was killed it first says that it was, as the engine's own message asks. */
function destroyed(room: Room, goesOn: boolean, kill?: Kill): Promise<Ended> {
  return serving(room, async (served) => {
    if (goesOn) await served.run("pulumi", ["cancel", "--yes"]);
    const ended = await served.run("pulumi", DESTROY, kill);
    if (kill !== undefined) return ended;
    const { resources } = leftSchema.parse(await served.ask("GET", "/world"));
    const atAws = resources.map(({ type, name, tags }) => `${type} ${name ?? tags.resource ?? ""}`);
    const inState = stateOf(room).map(({ urn }) => `in the state: ${urn}`);
    const report: Report = {
      ...{
        outcome: ended.exitCode === EXIT.done.code ? "destroyed" : "failed",
        exitCode: ended.exitCode ?? EXIT.outside.code,
      },
      reason: ended.stdout.trim().split("\n").slice(-8).join(" | "),
      world: { orphans: 0, duplicates: 0, drift: 0, findings: [] },
      inside: { objects: [...atAws, ...inState].sort(), rows: {}, promoted: null },
      live: {},
    };
    return { ...ended, stdout: JSON.stringify(report) };
  });
}

/** Makes the worlds that journeys begin with, unless they are kept already. */
async function keepWorld(worlds: Worlds, begins: Journey["begins"]): Promise<void> {
  const { room, kept } = worlds;
  const folder = join(kept, begins);
  const [first] = JOURNEYS;
  if (begins === "empty" || existsSync(folder) || first === undefined) return;
  if (begins === "promoted") {
    empty(room);
    const ended = await run(worlds, first, false);
    if (ended.exitCode !== EXIT.done.code)
      throw new Error(`the first deployment ended with ${ended.exitCode}:\n${ended.stderr.slice(-2000)}`);
    mkdirSync(kept, { recursive: true });
    noteEnd(worlds, first.name, ended);
  } else {
    await restore(worlds, "promoted");
    await serving(room, async ({ environment, run: runThere }) => {
      liftProtection(environment.PULUMI_OPTION_CONFIG_FILE ?? "");
      const { exitCode, stdout, stderr } = await runThere("pulumi", UP);
      if (exitCode !== EXIT.done.code) throw new Error(`protection was not lifted:\n${(stdout + stderr).slice(-2000)}`);
    });
  }
  await copyTree([room.temporary, room.runs], folder);
}

const UP = ["up", "--yes", "--skip-preview", "--non-interactive"];

/** Puts into a stack's config what README.md says of destroying it on purpose. */
function liftProtection(file: string): void {
  const settings = parseDocument(readFileSync(file, "utf8"));
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const approvals = ["database-*", "cache-*", "keys-*", "edge-*"].map((resource) => {
    return { resource, action: "delete", by: "@chaos", until };
  });
  settings.setIn(["config", "sparki:protection"], false);
  settings.setIn(["config", "sparki:approvals"], settings.createNode(approvals));
  writeFileSync(file, settings.toString());
}

interface Unkilled {
  readonly calls: readonly Call[];
  readonly times: Readonly<Record<string, StepTime>>;
  readonly seconds: number;
  readonly report: Report;
}

/** What a journey does, and comes to, when nothing kills it; it is run once. */
export async function unkilled(worlds: Worlds, journey: Journey): Promise<Unkilled> {
  const { kept } = worlds;
  await keepWorld(worlds, "promoted");
  const file = join(kept, `${journey.name}.json`);
  if (!existsSync(file)) {
    await restore(worlds, journey.begins);
    const ended = await run(worlds, journey, false);
    if (ended.exitCode !== journey.exitCode)
      throw new Error(
        `${journey.name} ended with ${ended.exitCode}, expected ${journey.exitCode}; nobody killed it:\n${ended.stderr.slice(-2000)}`,
      );
    noteEnd(worlds, journey.name, ended);
  }
  const found: Unkilled = JSON.parse(readFileSync(file, "utf8"));
  return { ...found, report: reportSchema.parse(found.report) };
}

function noteEnd({ room, kept }: Worlds, name: string, ended: Ended): void {
  const calls = callsIn(ended.stderr, wavesIn(stateOf(room)));
  const report = reportSchema.parse(JSON.parse(ended.stdout));
  const found: Unkilled = { calls, report, times: timesOfSteps(ended), seconds: ended.seconds };
  writeFileSync(join(kept, `${name}.json`), JSON.stringify(found));
}

/**
 * What is left of a journey at a kill, by the times of the same journey without one: of the steps at the point, which had
 * acted for so long at most, the one that was the furthest on counts. It is the least that may have been left.
 */
export function leftOf(
  { times, seconds }: Pick<Unkilled, "times" | "seconds">,
  { operation }: Pick<Kill, "operation">,
  { reached, actedSeconds }: Pick<Ended, "reached" | "actedSeconds">,
): number | undefined {
  const found = reached.flatMap((step) => times[`${operation} ${step}`] ?? []);
  const done = found.map((step) => step.end - Math.max(step.seconds - actedSeconds, 0));
  return done.length === 0 ? undefined : seconds - Math.max(...done);
}

/** Kills at the point, runs the same command again, and counts. */
export async function attempt(worlds: Worlds, kill: Kill): Promise<Attempt> {
  const whole = await unkilled(worlds, kill.journey);
  await restore(worlds, kill.journey.begins);
  const first = await run(worlds, kill.journey, false, kill);
  const second = await run(worlds, kill.journey, true);
  keepSaid(worlds, { first, second });
  const counted = countedAfter(worlds, kill.journey, whole.report, second);
  const left = leftOf(whole, kill, first);
  const overSeconds = left === undefined || !counted.converged ? null : second.seconds - left;
  const about = { kill: killName(kill), inARow: false, reached: [...first.reached] };
  const seconds = first.seconds + second.seconds;
  return { ...about, seconds, overSeconds, wholeSeconds: whole.seconds, ...counted };
}

/**
 * Kills one journey again and again, each next command at a later wave, and counts once the last one is not killed. A kill
 * of a row has converged when the next single command came to the next kill, past all that it had to take over, and the
 * last one ended as the journey does; what is left at the end counts for all.
 */
export async function attemptRow(
  worlds: Worlds,
  kills: readonly Kill[],
  { until, say }: { readonly until: number; readonly say: (text: string) => void },
): Promise<readonly Attempt[]> {
  const [journey] = kills.map((kill) => kill.journey);
  if (journey === undefined) return [];
  const { report: expected } = await unkilled(worlds, journey);
  await restore(worlds, journey.begins);
  const links: { readonly name: string; readonly reached: readonly string[]; seconds: number; failure?: string }[] = [];
  let isBegun = false;
  const next = async (kill?: Kill): Promise<Ended> => {
    const ended = await run(worlds, journey, isBegun, kill);
    isBegun = true;
    const before = links.at(-1);
    keepSaid(worlds, { [kill === undefined ? "last" : killName(kill).replaceAll("/", "_")]: ended });
    if (before !== undefined) before.seconds = ended.seconds;
    // It ended by itself, and not as the journey does: what was killed before it did not converge.
    if (before !== undefined && ended.reached.length === 0 && ended.exitCode !== journey.exitCode)
      before.failure ??= `exit ${ended.exitCode}: ${reportIn(ended)?.reason ?? ""} | ${lastWords(ended)}`;
    return ended;
  };
  for (const kill of kills) {
    if (Date.now() > until) break;
    let ended = await next(kill);
    // One that had to end for the kill before it is given again.
    if (ended.reached.length === 0 && ended.exitCode !== journey.exitCode) ended = await next(kill);
    // Twice in vain, or at its end.
    if (ended.reached.length === 0) break;
    links.push({ name: killName(kill), reached: ended.reached, seconds: 0 });
    say(`  ${killName(kill)}: ${ended.reached.length} points, ${ended.seconds.toFixed(0)} s`);
    if (ended.exitCode === journey.exitCode) break;
  }
  const counted = countedAfter(worlds, journey, expected, await next());
  return links.map(({ name, reached, seconds, failure }) => ({
    ...{ kill: name, inARow: true, reached: [...reached], seconds, overSeconds: null, wholeSeconds: null },
    ...counted,
    converged: counted.converged && failure === undefined,
    findings: [...(failure === undefined ? [] : [failure]), ...counted.findings],
  }));
}

/** What is as it should not be after the last command. */
function countedAfter({ room }: Worlds, journey: Journey, expected: Report, last: Ended) {
  const report = reportIn(last);
  const { orphans = 0, duplicates = 0, drift = 0, findings: atAws = [] } = report?.world ?? {};
  const converged = last.exitCode === journey.exitCode && report?.outcome === expected.outcome;
  const [apart, lost] = [apartFrom(expected, report), lostFrom(expected, report)];
  const [locks, processes, files] = [locksOf(room), processesOf(room), filesOf(room)];
  return {
    converged,
    ...{ orphans, duplicates, drift: drift + apart.length, lostRows: sum(Object.values(lost)) },
    ...{ locks: locks.length, processes: processes.length, files: files.length },
    againSeconds: last.seconds,
    findings: [
      ...(converged ? [] : [`exit ${last.exitCode}: ${report?.reason ?? ""} | ${lastWords(last)}`]),
      ...atAws,
      ...apart,
      ...Object.entries(lost).map(([name, rows]) => `lost: ${rows} rows of ${name}`),
      ...[...locks, ...processes.map(({ command }) => command), ...files].map((left) => `left: ${left}`),
    ],
  };
}

/** The last words of all commands, for who looks why. */
function keepSaid({ kept }: Worlds, ended: Readonly<Record<string, Ended>>): void {
  for (const [name, { stderr, stdout }] of Object.entries(ended))
    writeFileSync(join(kept, `said-${name}.log`), `${stderr}\n${stdout}`);
}

/** In what the cluster, the promotion record and what is live differ from where nothing was killed. */
function apartFrom(expected: Report, found: Report | undefined): string[] {
  if (found === undefined) return [];
  const [then, now] = [expected.inside, found.inside];
  const [wanted, there] = [then.objects ?? [], now.objects ?? []];
  const isLive = JSON.stringify(found.live) === JSON.stringify(expected.live);
  return [
    ...wanted.filter((title) => !there.includes(title)).map((title) => `missing in the cluster: ${title}`),
    ...there.filter((title) => !wanted.includes(title)).map((title) => `unknown in the cluster: ${title}`),
    ...(now.promoted === then.promoted ? [] : [`promoted is ${now.promoted}, expected ${then.promoted}`]),
    ...(isLive ? [] : [`live is ${JSON.stringify(found.live)}, expected ${JSON.stringify(expected.live)}`]),
  ];
}

/** By table, the rows that are fewer than where nothing was killed. */
function lostFrom(expected: Report, found: Report | undefined): Readonly<Record<string, number>> {
  if (found === undefined) return {};
  const fewer = Object.entries(expected.inside.rows).map(
    ([table, rows]) => [table, rows - (found.inside.rows[table] ?? 0)] as const,
  );
  return Object.fromEntries(fewer.filter(([, rows]) => rows > 0));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

export function isWhole({ reached, converged, findings }: Attempt): boolean {
  return reached.length > 0 && converged && findings.length === 0;
}

function reportIn({ stdout }: Ended): Report | undefined {
  return reportSchema.safeParse(jsonIn(stdout)).data;
}

function lastWords({ stderr }: Ended): string {
  return stderr.trim().split("\n").slice(-6).join(" | ");
}

async function restore(worlds: Worlds, begins: Journey["begins"]): Promise<void> {
  const { room, kept } = worlds;
  empty(room);
  if (begins === "empty") return;
  await keepWorld(worlds, begins);
  for (const folder of [room.temporary, room.runs]) rmSync(folder, { recursive: true, force: true });
  const world = join(kept, begins);
  await copyTree([join(world, "tmp"), join(world, "runs")], join(room.runs, ".."));
}

function empty({ temporary, runs }: Room): void {
  for (const folder of [temporary, runs]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
}

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

/** The rows that a page's table has. */
function rowsIn(block: string): readonly Row[] {
  return block
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.slice(2, -2).split(" | "));
}

/** A row of the page stays where the results have none of its kind, or have fewer points of it, all of them whole. */
function outweighs(row: Row, attempts: readonly Attempt[]): boolean {
  return attempts.every(isWhole) && pointsIn(row) > sum(attempts.map(({ reached }) => reached.length));
}

/**
 * The page with its table written again: a row for each journey, victim and moment, and each kill that was not whole. Rows
 * of kinds that the results have none of, or fewer points of, stay as they were: which points those were is not known any
 * more, so that the two cannot be added.
 */
export function pageWith(page: string, done: readonly Attempt[], planned: Planned): string {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  const block = page.split(BEGIN)[1]?.split(END)[0] ?? "";
  if (after === undefined) throw new Error(`docs/reliability.md has no ${BEGIN} and ${END}`);
  const byKind = Object.groupBy(
    done.filter(({ reached }) => reached.length > 0),
    rowKey,
  );
  const kept = rowsIn(block).filter((row) => outweighs(row, byKind[kindOf(row)] ?? []));
  const keptKinds = new Set(kept.map(kindOf));
  const counted = done.filter((each) => !keptKinds.has(rowKey(each)));
  const killed = counted.filter(({ reached }) => reached.length > 0);
  const groups = Object.entries(byKind).filter(([kind]) => !keptKinds.has(kind));
  const head = [
    "journey",
    "victim",
    "moment",
    "kills",
    "points",
    "converged",
    ...COUNTS.map((name) => NAMES[name] ?? name),
  ];
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
  return `${before}${BEGIN}\n${summaryOf(counted, { ...planned, kills: planned.kills - done.length + counted.length })}.${earlier} By journey: ${byJourney(killed, kept, planned)}. Time: ${time}.\n\n${table.join("\n")}${apart}\n${END}${after}`;
}

function keptText(kept: readonly Row[]): string {
  if (kept.length === 0) return "";
  const kills = sum(kept.map((row) => Number(row[KEY_CELLS])));
  return ` Of earlier runs, ${sum(kept.map(pointsIn))} points in ${kills} kills count too, in rows of kinds that these results have none of, or fewer points.`;
}

const NAMES: Readonly<Partial<Record<(typeof COUNTS)[number], string>>> = { lostRows: "lost rows" };

function kindOf(row: Row): string {
  return row.slice(0, KEY_CELLS).join("/");
}

function rowKey({ kill }: Attempt): string {
  const [journey, , , moment, victim] = kill.split("/");
  return [journey, victim, moment].join("/");
}
