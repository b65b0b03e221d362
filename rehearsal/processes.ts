import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DeployError } from "../shared/deploy-error.ts";
import { identityOf } from "../tools/temporary-folders.ts";
import { MARK_VARIABLE, type ProcessRecord, recordsFile } from "./leftovers.ts";

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

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => process.platform === "linux" && existsSync(path));

/** The children of one run: each leads its own process group, is written to `<run>/processes.json`, and dies with us. */
export class Processes {
  readonly runDirectory: string;
  readonly #running = new Map<number, { handle: ProcessHandle; record: ProcessRecord }>();

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

  logFileOf(name: string): string {
    return join(this.runDirectory, "logs", `${name}.log`);
  }

  /** Stops every child, the last started first, each within the limit (seconds). */
  async stopAll(limitSeconds = 5): Promise<void> {
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
