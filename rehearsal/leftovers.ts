import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identityOf } from "../tools/temporary-folders.ts";

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
  const until = Date.now() + 5000;
  while (Date.now() < until && leftovers.some(isAlive)) await delay(20);
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
  const pids = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
  return pids.flatMap((pid) => {
    if (own.has(pid)) return [];
    return environmentOf(pid).includes(mark) ? [{ name: commandOf(pid), pid, identity: identityOf(pid) }] : [];
  });
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
    if (typeof error === "object" && error !== null && "code" in error && error.code === "EEXIST") return false;
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
