import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type Call, OPERATIONS, type Point, type Victim } from "./points.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TOKEN_HEADER = "x-sparki-rehearsal";
const accessSchema = z.object({ token: z.string(), origins: z.array(z.string()) });
const heldSchema = z.object({ reached: z.boolean() });
const LOOK_MILLISECONDS = 100;

/** Where rehearsals of the harness run; nothing of theirs is anywhere else. */
export interface Room {
  /** Their TMPDIR. */
  readonly temporary: string;
  /** Their SPARKI_REHEARSAL_DIRECTORY. */
  readonly runs: string;
  readonly stack: string;
  readonly timeScale: number;
  /** A run that takes longer is killed, and has not converged. */
  readonly limitSeconds: number;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Whether the kill was carried out. */
  readonly killed: boolean;
}

export function runDirectory({ runs, stack }: Room): string {
  return join(runs, stack);
}

/** Runs `sparki rehearse`, killed at the point where one is given; nothing of it lives when this resolves. */
export async function rehearse(room: Room, args: readonly string[], point?: Point): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "runbook", "sparki.ts"), "rehearse", ...args], {
    cwd: ROOT,
    env: { ...process.env, SPARKI_REHEARSAL_DIRECTORY: room.runs, TMPDIR: room.temporary, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  const over = new AbortController();
  void ended.then(() => over.abort());
  const limit = setTimeout(() => killAll(room, child), room.limitSeconds * 1000);
  const killed = point !== undefined && (await killAt(point, room, child, output, over.signal));
  const exitCode = await ended;
  clearTimeout(limit);
  // What outlives its parents ends by itself within seconds; what does not is counted by who asks.
  for (let tries = 0; tries < 100 && processesOf(room).length > 0; tries++) await delay(LOOK_MILLISECONDS);
  return { exitCode, ...output, seconds: (performance.now() - start) / 1000, killed };
}

/** Waits for the point and kills there; false when the run ended before it came. */
async function killAt(
  point: Point,
  room: Room,
  child: ChildProcess,
  output: { readonly stderr: string },
  over: AbortSignal,
): Promise<boolean> {
  const { operation, step: name, moment, victim } = point;
  const ask = askerOf(room);
  if (moment === "known") {
    const line = new RegExp(`✓ ${operation}\\S* \\S+\\s+${name.replaceAll(/[^\w-]/g, "\\$&")}\\s`);
    while (!line.test(output.stderr)) if (!(await paused(over))) return false;
  } else {
    let isArmed = false;
    while (!isArmed) {
      if (!(await paused(over))) return false;
      isArmed = (await ask("POST", { call: { name, operation, moment } })) !== undefined;
    }
    while (!heldSchema.safeParse(await ask("GET")).data?.reached) if (!(await paused(over))) return false;
  }
  kill(victim, room, child);
  await delay(LOOK_MILLISECONDS);
  // A provider that has outlived its caller goes on with what it was told.
  await ask("POST", {});
  return true;
}

async function paused(over: AbortSignal): Promise<boolean> {
  await delay(LOOK_MILLISECONDS);
  return !over.aborted;
}

/** Asks the run's control API; undefined while there is none. */
function askerOf(room: Room): (method: "GET" | "POST", body?: unknown) => Promise<unknown> {
  const file = join(runDirectory(room), "private", "access.json");
  return async (method, body) => {
    try {
      const { token, origins } = accessSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      const headers = { [TOKEN_HEADER]: token, "content-type": "application/json" };
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(`${origins[0]}/held`, { method, headers, ...content });
      return answer.ok ? await answer.json() : undefined;
    } catch {
      return undefined;
    }
  };
}

/** The programs that a victim stands for, as the kernel calls them. */
const PROGRAMS: Readonly<Partial<Record<Victim, RegExp>>> = {
  engine: /^pulumi$/,
  "control-plane": /^(kube-apiserver|etcd)$/,
  database: /^postgres$/,
};

function kill(victim: Victim, room: Room, child: ChildProcess): void {
  const all = processesOf(room);
  if (victim === "interrupt") child.kill("SIGINT");
  else if (victim === "sparki") child.kill("SIGKILL");
  else if (victim === "all") killAll(room, child);
  else if (victim === "cloud") end(all.filter(({ command }) => /rehearsal\/main\.ts/.test(command)));
  else end(all.filter(({ program }) => PROGRAMS[victim]?.test(program)));
}

function killAll(room: Room, child: ChildProcess): void {
  child.kill("SIGKILL");
  end(processesOf(room));
}

function end(processes: readonly RunProcess[]): void {
  for (const { pid } of processes)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself between the look and the kill.
    }
}

export interface RunProcess {
  readonly pid: number;
  readonly program: string;
  readonly command: string;
}

/** Every process that the room's rehearsals have started, by the mark that all of them carry. */
export function processesOf(room: Room): readonly RunProcess[] {
  const mark = `SPARKI_RUN_DIRECTORY=${runDirectory(room)}\0`;
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => {
      try {
        if (!`${readFileSync(`/proc/${entry}/environ`, "utf8")}\0`.includes(mark)) return [];
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(entry), program: readFileSync(`/proc/${entry}/comm`, "utf8").trim(), command }];
      } catch {
        return [];
      }
    });
}

/** The locks of the state that are left. */
export function locksOf(room: Room): readonly string[] {
  const folder = join(runDirectory(room), "backend", ".pulumi", "locks");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
}

/** The steps of a run's updates that ended well, in the order of its lines, which may be broken at their spaces. */
export function callsIn(stderr: string): readonly Call[] {
  const found = stderr.matchAll(/✓ (create|update|delete)\S* (\S+)\s+(\S+)\s/g);
  return [...found].flatMap(([, said, type = "", step = ""]) => {
    const operation = OPERATIONS.find((each) => each === said);
    return operation === undefined ? [] : [{ operation, type, step }];
  });
}
