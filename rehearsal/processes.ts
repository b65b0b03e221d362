import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DeployError, systemCodeOf } from "../shared/deploy-error.ts";
import { identityOf } from "../tools/temporary-folders.ts";

/** How each part of something ends, the first that was started first. */
export type Undo = (() => unknown)[];

/**
 * Starts something of many parts, each of which is noted with how it ends; `stop` ends them, the last first. Rejects, with
 * nothing left, when one of them cannot start.
 */
export async function startParts<T>(start: (undo: Undo) => Promise<T>): Promise<T & { stop(): Promise<void> }> {
  const undo: Undo = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await start(undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A user of the machine, as whom a process may run. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessSpec {
  /** Unique among the running children; names the log file and the error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the parent's PATH, HOME, TMPDIR, LANG and place of compiled code; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where both outputs are appended. @default `<run>/logs/<name>.log` */
  readonly logFile?: string;
  /** Takes both outputs instead of the log file. */
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Buffer) => void;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessHandle {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string | undefined;
  /** Resolves once the process is gone and its outputs are read; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** True until the process is gone. */
  running(): boolean;
  /** Sends a signal to the process's whole group. */
  signal(signal: NodeJS.Signals): void;
  /** TERM to the group, then KILL after the limit (seconds); resolves once the process is gone. @default 5 */
  stop(limitSeconds?: number): Promise<void>;
}

/** A server that AWS runs is back after some seconds when it crashes; one that cannot start is not tried for ever. */
const RESTART_SECONDS = 1;
const RESTARTS = 5;
/** One that has run so long has not failed to start. */
const STEADY_SECONDS = 30;
const ENDING_SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGKILL"];

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => process.platform === "linux" && existsSync(path));

/** The children of one run: each leads its own process group, is written to `<run>/processes.json`, and dies with us. */
export class Processes {
  readonly runDirectory: string;
  readonly #running = new Map<number, { handle: ProcessHandle; record: ProcessRecord }>();
  #isEnding = false;

  constructor(runDirectory: string) {
    this.runDirectory = runDirectory;
    mkdirSync(join(runDirectory, "logs"), { recursive: true });
  }

  /** Starts a child; throws a DeployError when its program cannot be executed. */
  async start(spec: ProcessSpec): Promise<ProcessHandle> {
    const logFile = spec.onOutput === undefined ? (spec.logFile ?? this.logFileOf(spec.name)) : undefined;
    const child = await spawned(spec, this.runDirectory, logFile);
    const pid = child.pid ?? 0;
    const handle = handleOf(spec.name, pid, child, logFile);
    this.#running.set(pid, { handle, record: { name: spec.name, pid, identity: identityOf(pid) } });
    this.#write();
    handle.exited.then(() => {
      this.#running.delete(pid);
      this.#write();
    });
    return handle;
  }

  /**
   * Has a server that ends by itself started again by `again`, as AWS does with those that it runs, a few times in a row at most.
   * The handle is of whichever runs; it has ended once it was told to, or once the server is not started any more.
   */
  keep(first: ProcessHandle, again: () => Promise<ProcessHandle>): ProcessHandle {
    let current = first;
    let isToEnd = false;
    let isOver = false;
    const following = async (exit: ProcessExit, ends: number): Promise<ProcessExit> => {
      const isLast = () => isToEnd || this.#isEnding || ends > RESTARTS;
      if (!isLast()) await delay(RESTART_SECONDS * 1000);
      if (isLast()) return exit;
      const next = await again().catch(() => undefined);
      if (next === undefined) return following(exit, ends + 1);
      current = next;
      if (isToEnd || this.#isEnding) await next.stop();
      const since = performance.now();
      const now = await next.exited;
      return following(now, performance.now() - since > STEADY_SECONDS * 1000 ? 1 : ends + 1);
    };
    const exited = first.exited.then((exit) => following(exit, 1));
    exited.then(() => {
      isOver = true;
    });
    return {
      name: first.name,
      logFile: first.logFile,
      exited,
      get pid() {
        return current.pid;
      },
      running: () => !isOver,
      signal: (signal) => {
        isToEnd ||= ENDING_SIGNALS.includes(signal);
        current.signal(signal);
      },
      stop: async (limitSeconds) => {
        isToEnd = true;
        await current.stop(limitSeconds);
        await exited;
      },
    };
  }

  logFileOf(name: string): string {
    return join(this.runDirectory, "logs", `${name}.log`);
  }

  /** Stops every child, the last started first, each within the limit (seconds). */
  async stopAll(limitSeconds = 5): Promise<void> {
    this.#isEnding = true;
    for (const { handle } of [...this.#running.values()].reverse()) await handle.stop(limitSeconds);
  }

  #write(): void {
    const records = [...this.#running.values()].map(({ record }) => record);
    if (existsSync(this.runDirectory)) writeFileSync(recordsFile(this.runDirectory), JSON.stringify(records));
  }
}

async function spawned(spec: ProcessSpec, runDirectory: string, logFile: string | undefined): Promise<ChildProcess> {
  if (isAbsolute(spec.command) && !existsSync(spec.command)) throw unstartable(spec);
  const [command, args] = dyingWithParent(spec.command, spec.args);
  const log = logFile === undefined ? undefined : openSync(logFile, "a");
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", log ?? "pipe", log ?? "pipe"],
    env: { ...inherited(), ...spec.env, [MARK_VARIABLE]: runDirectory },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  child.stdout?.on("data", (chunk: Buffer) => spec.onOutput?.("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => spec.onOutput?.("stderr", chunk));
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw unstartable(spec, cause);
  } finally {
    if (log !== undefined) closeSync(log);
  }
  return child;
}

function unstartable(spec: ProcessSpec, cause?: unknown): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${spec.name}: ${spec.command} cannot be started`, { cause });
}

/** The kernel kills a child whose parent died without stopping it, as after SIGKILL. */
function dyingWithParent(command: string, args: readonly string[]): [string, string[]] {
  return SETPRIV === undefined ? [command, [...args]] : [SETPRIV, ["--pdeathsig", "KILL", "--", command, ...args]];
}

function inherited(): Record<string, string> {
  return { ...ownVariables("PATH", "HOME", "TMPDIR", "LANG"), ...compiledCode() };
}

/** Where Node keeps the code that it has compiled, as this process's environment says: programs of a rehearsal start often. */
export function compiledCode(): Record<string, string> {
  return ownVariables("NODE_COMPILE_CACHE", "NODE_COMPILE_CACHE_PORTABLE");
}

function ownVariables(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function handleOf(name: string, pid: number, child: ChildProcess, logFile: string | undefined): ProcessHandle {
  let gone = false;
  const signal = (wanted: NodeJS.Signals) => {
    if (!gone) signalGroup(pid, wanted);
  };
  // What the process had started itself ends with it; later the number may belong to someone else.
  child.once("exit", () => {
    signal("SIGKILL");
    gone = true;
  });
  const exited = once(child, "close").then(([code, signal]): ProcessExit => ({ code, signal }));
  const stop = async (limitSeconds = 5) => {
    signal("SIGTERM");
    const limit = setTimeout(() => signal("SIGKILL"), limitSeconds * 1000);
    await exited;
    clearTimeout(limit);
  };
  return { name, pid, logFile, exited, running: () => !gone, signal, stop };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is already gone.
  }
}

/** Every child carries it with its run directory as the value, and its own children inherit it. */
export const MARK_VARIABLE = "SPARKI_RUN_DIRECTORY";

export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly identity: string | undefined;
}

export function recordsFile(runDirectory: string): string {
  return join(runDirectory, "processes.json");
}

/**
 * Kills what a run has left of its children, and of theirs; resolves with their names once they are gone. Never kills a
 * reused pid, and nothing that this process is itself a child of.
 */
export async function endLeftovers(runDirectory: string): Promise<readonly string[]> {
  const leftovers = [...recorded(runDirectory), ...marked(runDirectory)];
  for (const { pid } of leftovers) kill(pid);
  await ended(() => !leftovers.some(isAlive));
  return [...new Set(leftovers.map(({ name }) => name))];
}

function recorded(runDirectory: string): ProcessRecord[] {
  if (!existsSync(recordsFile(runDirectory))) return [];
  return readRecords(readFileSync(recordsFile(runDirectory), "utf8")).filter(isAlive);
}

/** The records of a file's text; a file cut short by a crash holds none. */
export function readRecords(text: string): ProcessRecord[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter(isRecord) : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is ProcessRecord {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && "pid" in value && typeof value.pid === "number" && value.pid > 1;
}

function isAlive({ pid, identity }: ProcessRecord): boolean {
  return identity !== undefined && identityOf(pid) === identity && !isZombie(pid);
}

function isZombie(pid: number): boolean {
  return statusOf(pid)[0] === "Z";
}

/** A process, its parent, and so on. */
function ancestry(pid: number, known: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  const parent = Number(statusOf(pid)[1] ?? 0);
  const found = new Set([...known, pid]);
  return parent > 1 && !found.has(parent) ? ancestry(parent, found) : found;
}

/** What the kernel says of a process behind its name: its state, its parent and more; nothing where there is none. */
function statusOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return [];
  }
}

/** Processes that carry the run's mark: what a recorded child had started itself and outlived it. */
function marked(runDirectory: string): ProcessRecord[] {
  if (process.platform !== "linux") return [];
  const mark = `\0${MARK_VARIABLE}=${runDirectory}\0`;
  const own = ancestry(process.pid);
  return numbers().flatMap((pid) => {
    if (own.has(pid)) return [];
    return environmentOf(pid).includes(mark) ? [{ name: commandOf(pid), pid, identity: identityOf(pid) }] : [];
  });
}

/**
 * Kills every process of this program that works in this folder; whether all are known to be gone, which nothing but Linux
 * tells. Of others, such as the shell of who looks around there, it kills none.
 */
export async function endThoseIn(folder: string, program: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const path = realpathSync(folder);
  const found = () => numbers().filter((pid) => folderOf(pid) === path && commandOf(pid) === program);
  for (const pid of found()) kill(pid);
  return ended(() => found().length === 0);
}

/** Whether what was killed is gone, for which it is waited for five seconds at most. */
async function ended(isGone: () => boolean): Promise<boolean> {
  const until = Date.now() + 5000;
  while (Date.now() < until && !isGone()) await delay(20);
  return isGone();
}

/** Where a process works; undefined for one that has ended, though nobody has reaped it yet. */
function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function numbers(): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "utf8")}\0`;
  } catch {
    return "";
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return `${pid}`;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between the look and the kill.
  }
}

/** What one process alone uses, until it is released. */
interface Held {
  release(): void;
}

/** Who holds it; the number is undefined where the file does not say. */
interface HeldBy {
  readonly pid: number | undefined;
}

/** Takes a lock file; one that a dead process left is taken over. */
export function hold(lock: string): Held | HeldBy {
  if (!written(lock)) {
    const holder = readHolder(lock);
    if (holder !== undefined && identityOf(holder.pid) === holder.identity) return { pid: holder.pid };
    rmSync(lock, { force: true });
    if (!written(lock)) return { pid: readHolder(lock)?.pid };
  }
  return { release: () => rmSync(lock, { force: true }) };
}

function written(lock: string): boolean {
  try {
    const holder = { pid: process.pid, identity: identityOf(process.pid) };
    writeFileSync(lock, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function readHolder(lock: string): { pid: number; identity: string } | undefined {
  try {
    const holder: { pid: number; identity: string } = JSON.parse(readFileSync(lock, "utf8"));
    return holder;
  } catch {
    // A file cut short by a crash names no holder.
    return undefined;
  }
}

/** Servers by name, each started once however often and however concurrently it is asked for. */
export class Instances<T extends { isRunning(): boolean }> {
  readonly #started = new Map<string, Promise<T>>();
  readonly #indexes = new Map<string, number>();

  /** The running server of that name; else what `make` starts, on the first address that nobody has (counted from 1). */
  start(name: string, make: (index: number) => Promise<T>): Promise<T> {
    const before = this.#started.get(name) ?? Promise.resolve(undefined);
    const started = before
      .catch(() => undefined)
      .then((found) => (found?.isRunning() ? found : make(this.#indexOf(name))));
    this.#started.set(name, started);
    return started;
  }

  /** Starts another server beside the one of that name, on another address, which then has the name; resolves with it. */
  async replace(name: string, make: (index: number) => Promise<T>): Promise<T> {
    const beside = `${name}, the next`;
    const index = this.#indexOf(beside);
    try {
      const now = await make(index);
      this.#indexes.set(name, index);
      this.#started.set(name, Promise.resolve(now));
      return now;
    } finally {
      this.#indexes.delete(beside);
    }
  }

  async find(name: string): Promise<T | undefined> {
    return this.#started.get(name);
  }

  /** Forgets the server of that name and returns it, so that it can be stopped. */
  async take(name: string): Promise<T | undefined> {
    const found = await this.#started.get(name)?.catch(() => undefined);
    this.#started.delete(name);
    this.#indexes.delete(name);
    return found;
  }

  names(): readonly string[] {
    return [...this.#started.keys()];
  }

  #indexOf(name: string): number {
    const taken = new Set(this.#indexes.values());
    let index = this.#indexes.get(name) ?? 1;
    while (!this.#indexes.has(name) && taken.has(index)) index += 1;
    this.#indexes.set(name, index);
    return index;
  }
}
