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
  endsIn,
  filesOf,
  locksOf,
  processesOf,
  type Room,
  rehearse,
  serving,
  stateOf,
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
  /** When each of them ended, in seconds since the start. */
  readonly ends: Readonly<Record<string, number>>;
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
  const found: Unkilled = { calls, report, ends: endsIn(ended), seconds: ended.seconds };
  writeFileSync(join(kept, `${name}.json`), JSON.stringify(found));
}

/** What is left of a journey once all of these steps have ended: the least that may have been left at the kill. */
export function leftAfter(
  { ends, seconds }: Pick<Unkilled, "ends" | "seconds">,
  { operation }: Pick<Kill, "operation">,
  reached: readonly string[],
): number | undefined {
  const found = reached.flatMap((step) => ends[`${operation} ${step}`] ?? []);
  return found.length === 0 ? undefined : seconds - Math.max(...found);
}

/** Kills at the point, runs the same command again, and counts. */
export async function attempt(worlds: Worlds, kill: Kill): Promise<Attempt> {
  const whole = await unkilled(worlds, kill.journey);
  await restore(worlds, kill.journey.begins);
  const first = await run(worlds, kill.journey, false, kill);
  const second = await run(worlds, kill.journey, true);
  keepSaid(worlds, { first, second });
  const counted = countedAfter(worlds, kill.journey, whole.report, second);
  const left = leftAfter(whole, kill, first.reached);
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

export function sum(numbers: readonly number[]): number {
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
