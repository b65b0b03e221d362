import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { copyTree } from "../copy-tree.ts";
import { type Journey, nameOf, type Point } from "./points.ts";
import { callsIn, type Ended, locksOf, processesOf, type Room, rehearse } from "./run.ts";

/** What the rehearsal's own document says of its end. */
const reportSchema = z.object({
  outcome: z.string(),
  exitCode: z.number(),
  world: z.object({ orphans: z.number(), duplicates: z.number(), drift: z.number(), findings: z.array(z.string()) }),
});

/** What became of one point. */
export interface Attempt {
  readonly point: string;
  /** False when the run had ended before the point came: nothing was killed, and nothing is proven. */
  readonly wasKilled: boolean;
  /** The next single command ended as the journey does that nobody kills. */
  readonly converged: boolean;
  readonly orphans: number;
  readonly duplicates: number;
  readonly drift: number;
  readonly locks: number;
  readonly processes: number;
  readonly files: number;
  readonly seconds: number;
  /** Why it did not converge, or what was left. */
  readonly findings: readonly string[];
}

/** Where worlds that a journey begins with are kept. */
export interface Worlds {
  readonly room: Room;
  /** Holds the room's folders as a journey finds them, by its scenario. */
  readonly kept: string;
}

function argumentsOf({ room: { stack, timeScale } }: Worlds, scenario: string, isGoingOn: boolean): string[] {
  const begins = ["--seed", "1", "--time-scale", `${timeScale}`];
  return [scenario, "--json", "--stack", stack, ...(isGoingOn ? ["--resume"] : begins)];
}

/** Makes the promoted world that journeys begin with, unless it is kept already; resolves with what its run said. */
export async function keepPromoted(worlds: Worlds): Promise<string> {
  const { room, kept } = worlds;
  if (existsSync(kept)) return "";
  empty(room);
  const { exitCode, stderr } = await rehearse(room, argumentsOf(worlds, "first-deploy", false));
  if (exitCode !== 0) throw new Error(`the first deployment ended with ${exitCode}:\n${stderr.slice(-2000)}`);
  await copyTree([room.temporary, room.runs], kept);
  return stderr;
}

/** The calls that a journey makes when nobody kills it. */
export async function callsOf(worlds: Worlds, journey: Journey) {
  await restore(worlds, journey);
  const { exitCode, stderr } = await rehearse(
    worlds.room,
    argumentsOf(worlds, journey.scenario, journey.isOverPromoted),
  );
  if (exitCode !== journey.exitCode)
    throw new Error(
      `${journey.name} ended with ${exitCode}, expected ${journey.exitCode}; nobody killed it:\n${stderr.slice(-2000)}`,
    );
  return callsIn(stderr);
}

/** Kills at the point, runs the same command again, and counts. */
export async function attempt(worlds: Worlds, point: Point): Promise<Attempt> {
  const { room } = worlds;
  const { journey } = point;
  const start = performance.now();
  await restore(worlds, journey);
  const first = await rehearse(room, argumentsOf(worlds, journey.scenario, journey.isOverPromoted), point);
  const second = await rehearse(room, argumentsOf(worlds, journey.scenario, true));
  const report = reportIn(second);
  const { orphans = 0, duplicates = 0, drift = 0, findings = [] } = report?.world ?? {};
  const converged = second.exitCode === journey.exitCode && report !== undefined;
  const [locks, processes, files] = [locksOf(room), processesOf(room), filesOf(room)];
  return {
    point: nameOf(point),
    wasKilled: first.killed,
    converged,
    ...{ orphans, duplicates, drift },
    ...{ locks: locks.length, processes: processes.length, files: files.length },
    seconds: (performance.now() - start) / 1000,
    findings: [
      ...(converged ? [] : [`exit ${second.exitCode}: ${lastWords(second)}`]),
      ...findings,
      ...[...locks, ...processes.map(({ command }) => command), ...files].map((left) => `left: ${left}`),
    ],
  };
}

export function isWhole({ wasKilled, converged, findings }: Attempt): boolean {
  return wasKilled && converged && findings.length === 0;
}

function reportIn({ stdout }: Ended) {
  try {
    return reportSchema.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}

function lastWords({ stderr }: Ended): string {
  return stderr.trim().split("\n").slice(-6).join(" | ");
}

/** What rehearsals left of their own among temporary files; a run's database belongs to what is kept. */
function filesOf({ temporary }: Room): readonly string[] {
  return readdirSync(temporary).filter(
    (name) => /^(sparki|pulumi)-/.test(name) && !name.startsWith("sparki-postgres-"),
  );
}

async function restore({ room, kept }: Worlds, { isOverPromoted }: Journey): Promise<void> {
  empty(room);
  if (!isOverPromoted) return;
  for (const folder of [room.temporary, room.runs]) rmSync(folder, { recursive: true, force: true });
  await copyTree([join(kept, "tmp"), join(kept, "runs")], join(room.runs, ".."));
}

function empty({ temporary, runs }: Room): void {
  for (const folder of [temporary, runs]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
}
