import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { type Call, type Kill, OPERATIONS, type Victim } from "./points.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TOKEN_HEADER = "x-sparki-rehearsal";
const accessSchema = z.object({ token: z.string(), origins: z.array(z.string()) });
const heldSchema = z.object({ held: z.array(z.string()) });
const LOOK_MILLISECONDS = 100;
/** Calls of one wave come soon after one another; those that have not come by then are not killed. */
const WAVE_SECONDS = 15;
const BETWEEN_SIGNALS_MILLISECONDS = 700;
const BEGUN_MILLISECONDS = 1000;
const HELM_LOOKS = 100;

/** Where rehearsals of the harness run; nothing of theirs is anywhere else. */
export interface Room {
  /** Their TMPDIR. */
  readonly temporary: string;
  /** Their SPARKI_REHEARSAL_DIRECTORY. */
  readonly runs: string;
  readonly stack: string;
  readonly timeScale: number;
  /** The project that is run. @default this one */
  readonly checkout?: string;
  /** A run that takes longer is killed, and has not converged. */
  readonly limitSeconds: number;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How much of stderr had come by when, in characters and seconds since the start. */
  readonly arrivals: readonly Arrival[];
  readonly seconds: number;
  /** The steps that stood at the point when the kill was carried out; none when it never was. */
  readonly reached: readonly string[];
  /** How long these had acted by then, at most; of a moment after the act, for ever. */
  readonly actedSeconds: number;
}

export function runDirectory({ runs, stack }: Room): string {
  return join(runs, stack);
}

export interface Arrival {
  readonly length: number;
  readonly at: number;
}

/** Runs `sparki rehearse`, killed where that is given; nothing of it lives when this resolves. */
export async function rehearse(room: Room, args: readonly string[], kill?: Kill): Promise<Ended> {
  const start = performance.now();
  const child = sparki(room, ["rehearse", ...args]);
  const ended = await watched(room, child, kill);
  await allEnded(room);
  return { ...ended, seconds: (performance.now() - start) / 1000 };
}

/** A command on a cloud that `sparki cloud` serves over what was left in the room. */
export interface Served {
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a program there, killed where that is given. */
  run(program: string, args: readonly string[], kill?: Kill): Promise<Ended>;
  /** Asks the cloud's control API; throws for an answer that refuses. */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown>;
}

/** What a served cloud begins with: what the room's last one left, or the stack's own release promoted. */
type Beginning = "resume" | "on-promoted";

/** Serves the cloud while `work` runs; nothing of it lives when this resolves. */
export async function serving<T>(
  room: Room,
  work: (served: Served) => Promise<T>,
  beginning: Beginning = "resume",
): Promise<T> {
  const fresh = beginning === "resume" ? [] : ["--time-scale", `${room.timeScale}`];
  const child = sparki(room, ["cloud", "--json", `--${beginning}`, ...fresh, "--stack", room.stack]);
  const gone = once(child, "close");
  try {
    const { environment } = servedSchema.parse(JSON.parse(await firstLine(child)));
    const run = async (program: string, args: readonly string[], kill?: Kill) => {
      const start = performance.now();
      const mark = { SPARKI_RUN_DIRECTORY: runDirectory(room), TMPDIR: room.temporary };
      const marked = { ...process.env, ...environment, ...mark, NO_COLOR: "1" };
      const ended = await watched(room, started(room, program, args, marked), kill, child);
      return { ...ended, seconds: (performance.now() - start) / 1000 };
    };
    const { token, origins } = accessSchema.parse(JSON.parse(readFileSync(accessFile(room), "utf8")));
    const ask: Served["ask"] = async (method, path, body) => {
      const headers = { [TOKEN_HEADER]: token, "content-type": "application/json" };
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(`${origins[0]}${path}`, { method, headers, ...content });
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
      return answer.json();
    };
    return await work({ environment, run, ask });
  } finally {
    child.kill("SIGINT");
    const late = setTimeout(() => killAll(room, child), 30_000);
    await gone;
    clearTimeout(late);
    await allEnded(room);
  }
}

const servedSchema = z.object({ environment: z.record(z.string(), z.string()) });

/** What it says first; rejects when it ends before. */
function firstLine({ stdout, stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const said = { out: "", err: "" };
    stdout?.setEncoding("utf8").on("data", (text: string) => {
      said.out += text;
      if (said.out.includes("\n")) resolve(said.out);
    });
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      said.err += text;
    });
    stdout?.once("close", () => reject(new Error(`the cloud was not served:\n${said.err.slice(-2000)}`)));
  });
}

function sparki(room: Room, args: readonly string[]): ChildProcess {
  const env = { ...process.env, SPARKI_REHEARSAL_DIRECTORY: room.runs, TMPDIR: room.temporary, NO_COLOR: "1" };
  return started(room, process.execPath, [join(room.checkout ?? ROOT, "runbook", "sparki.ts"), ...args], env);
}

function started(
  { checkout = ROOT }: Room,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn(program, args, { cwd: checkout, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
}

/** What outlives its parents ends by itself within seconds; what does not is counted by who asks. */
async function allEnded(room: Room): Promise<void> {
  for (let tries = 0; tries < 100 && processesOf(room).length > 0; tries++) await delay(LOOK_MILLISECONDS);
}

async function watched(
  room: Room,
  child: ChildProcess,
  kill: Kill | undefined,
  server?: ChildProcess,
): Promise<Omit<Ended, "seconds">> {
  const output = { stdout: "", stderr: "" };
  const [arrivals, start] = [[] as Arrival[], performance.now()];
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      if (name === "stderr") arrivals.push({ length: output.stderr.length, at: (performance.now() - start) / 1000 });
    });
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  const over = new AbortController();
  void ended.then(() => over.abort());
  const limit = setTimeout(() => killAll(room, child), room.limitSeconds * 1000);
  const killed = kill === undefined ? NOBODY : await killAt(kill, room, child, output, over.signal);
  if (kill?.victim === "all" && killed.reached.length > 0) server?.kill("SIGKILL");
  const exitCode = await ended;
  clearTimeout(limit);
  return { exitCode, ...output, arrivals, ...killed };
}

type Killed = Pick<Ended, "reached" | "actedSeconds">;

const NOBODY: Killed = { reached: [], actedSeconds: 0 };

/** Waits for the calls and kills there; answers which stood there, none when the run ended before or nobody was there to kill. */
async function killAt(
  { calls, operation, moment, victim }: Kill,
  room: Room,
  child: ChildProcess,
  output: Readonly<Record<"stdout" | "stderr", string>>,
  over: AbortSignal,
): Promise<Killed> {
  const ask = askerOf(room);
  const come =
    moment === "known"
      ? async () => calls.filter((call) => knownLine(call).test(output.stdout + output.stderr)).map(({ step }) => step)
      : async () => heldSchema.safeParse(await ask("GET")).data?.held ?? [];
  if (moment !== "known") {
    const end = moment === "during" ? "before" : moment;
    const held = { calls: calls.map(({ step: name }) => ({ name, operation, moment: end })) };
    while ((await ask("POST", held)) === undefined) if (!(await paused(over))) return NOBODY;
  }
  const reached = await gathered(come, calls.length, over);
  if (reached.length === 0) return NOBODY;
  const start = performance.now();
  if (moment === "during") await begun(calls, room, () => ask("POST", {}));
  const isKilled = await carryOut(victim, room, child);
  const acted = { before: 0, during: (performance.now() - start) / 1000, after: Infinity, known: Infinity };
  await delay(LOOK_MILLISECONDS);
  // A provider that has outlived its caller goes on with what it was told.
  await ask("POST", victim === "provider" ? { isLost: true } : {});
  return isKilled || victim === "provider" ? { reached, actedSeconds: acted[moment] } : NOBODY;
}

/** Lets the calls act, and waits until they are at it: Helm's own program, where one of them is a release. */
async function begun(calls: readonly Call[], room: Room, letAct: () => Promise<unknown>): Promise<void> {
  await letAct();
  const isRelease = calls.some(({ type }) => type === "Release");
  const isAtIt = () => processesOf(room).some(({ command }) => /\bhelm (install|upgrade|uninstall) /.test(command));
  for (let tries = 0; isRelease && tries < HELM_LOOKS && !isAtIt(); tries++) await delay(LOOK_MILLISECONDS);
  // A release is noted as unended within a second, and its pods take longer.
  await delay(BEGUN_MILLISECONDS);
}

/** The line that says that a step has ended, broken at a space or not; the second is that of plain `pulumi`. */
function knownLine({ operation, type, step }: Call): RegExp {
  const name = step.replaceAll(/[^\w-]/g, "\\$&");
  return new RegExp(`✓ ${operation}\\S* ${type}\\s+${name}\\s|:${type}\\s+${name}\\s+${operation}d `);
}

/** Waits until all have come, or no more do; none when it was over before. */
async function gathered(
  come: () => Promise<readonly string[]>,
  count: number,
  over: AbortSignal,
): Promise<readonly string[]> {
  let last: readonly string[] = [];
  let since = performance.now();
  for (;;) {
    const now = await come();
    if (now.length === count) return now;
    if (now.length !== last.length) since = performance.now();
    last = now;
    if (last.length > 0 && performance.now() - since > WAVE_SECONDS * 1000) return last;
    if (!(await paused(over))) return [];
  }
}

async function paused(over: AbortSignal): Promise<boolean> {
  await delay(LOOK_MILLISECONDS);
  return !over.aborted;
}

function accessFile(room: Room): string {
  return join(runDirectory(room), "private", "access.json");
}

/** Asks the run's control API; undefined while there is none. */
function askerOf(room: Room): (method: "GET" | "POST", body?: unknown) => Promise<unknown> {
  const file = accessFile(room);
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

/** False where nothing of the victim was there. */
async function carryOut(victim: Victim, room: Room, child: ChildProcess): Promise<boolean> {
  const all = processesOf(room);
  if (victim === "provider") return false;
  if (victim === "lock") {
    const locks = locksOf(room);
    for (const lock of locks) rmSync(join(lockFolder(room), lock), { force: true });
    return locks.length > 0;
  }
  if (victim === "interrupt") return child.kill("SIGINT");
  if (victim === "interrupts") return interruptTwice(child);
  if (victim === "sparki") return child.kill("SIGKILL");
  if (victim === "all") return killAll(room, child);
  const found =
    victim === "cloud"
      ? all.filter(({ command }) => /rehearsal\/main\.ts/.test(command))
      : [...all, ...enginesOf(room)].filter(({ program }) => PROGRAMS[victim]?.test(program));
  end(found);
  return found.length > 0;
}

/** Whether the first Ctrl-C met the command: one that it ended already is not there for the second. */
export async function interruptTwice(child: Pick<ChildProcess, "kill">): Promise<boolean> {
  const isMet = child.kill("SIGINT");
  await delay(BETWEEN_SIGNALS_MILLISECONDS);
  child.kill("SIGINT");
  return isMet;
}

function killAll(room: Room, child: ChildProcess): boolean {
  const isKilled = child.kill("SIGKILL");
  end(processesOf(room));
  return isKilled;
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
  return processesWith(`SPARKI_RUN_DIRECTORY=${runDirectory(room)}\0`);
}

/** The engines of commands on a cloud that is served, which pass no mark on: by the backend that they work on. */
export function enginesOf(room: Room): readonly RunProcess[] {
  const own = `PULUMI_BACKEND_URL=file://${join(runDirectory(room), "backend")}`;
  return processesWith(own).filter(({ program }) => PROGRAMS.engine?.test(program));
}

/** Those with that text in their environment. */
function processesWith(text: string): readonly RunProcess[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => {
      try {
        if (!`${readFileSync(`/proc/${entry}/environ`, "utf8")}\0`.includes(text)) return [];
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(entry), program: readFileSync(`/proc/${entry}/comm`, "utf8").trim(), command }];
      } catch {
        return [];
      }
    });
}

/** What commands left of their own among temporary files; a run's database belongs to what is kept. */
export function filesOf({ temporary }: Room): readonly string[] {
  return readdirSync(temporary).filter(
    (name) => /^(sparki|pulumi)-/.test(name) && !name.startsWith("sparki-postgres-"),
  );
}

/** The locks of the state that are left. */
export function locksOf(room: Room): readonly string[] {
  const folder = lockFolder(room);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
}

function lockFolder(room: Room): string {
  return join(runDirectory(room), "backend", ".pulumi", "locks");
}

/** The run's state, as its backend holds it. */
export function stateOf(room: Room): readonly StateResource[] {
  const file = join(runDirectory(room), "backend", ".pulumi", "stacks", "sparki", `${room.stack}.json`);
  return resourcesIn({ deployment: checkpointSchema.parse(JSON.parse(readFileSync(file, "utf8"))).checkpoint.latest });
}

const checkpointSchema = z.object({ checkpoint: z.object({ latest: z.unknown().default({}) }) });

const ENDED_STEP = /✓ (create|update|delete)\S* (\S+)\s+(\S+)\s+(?:(\d+)\s+min\s+)?([\d.]+)\s+s\b/g;

/** When a step of a run ended, in seconds since the run's start, and how many it took. */
export interface StepTime {
  readonly end: number;
  readonly seconds: number;
}

/** The times of the steps of a run's updates that ended well, by operation and logical name. */
export function timesOfSteps({
  stderr,
  arrivals,
}: Pick<Ended, "stderr" | "arrivals">): Readonly<Record<string, StepTime>> {
  const times = [...stderr.matchAll(ENDED_STEP)].map((match) => {
    const [all, operation, , step, minutes = "0", seconds] = match;
    const arrival = arrivals.find(({ length }) => length >= match.index + all.length);
    return [
      `${operation} ${step}`,
      { end: arrival?.at ?? 0, seconds: Number(minutes) * 60 + Number(seconds) },
    ] as const;
  });
  return Object.fromEntries(times);
}

/** The steps of a run's updates that ended well, in the order of its lines, which may be broken at their spaces. */
export function callsIn(stderr: string, waves: ReadonlyMap<string, number>): readonly Call[] {
  const found = stderr.matchAll(ENDED_STEP);
  return [...found].flatMap(([, said, type = "", step = ""]) => {
    const operation = OPERATIONS.find((each) => each === said);
    return operation === undefined ? [] : [{ operation, type, step, wave: waves.get(step) ?? 0 }];
  });
}
