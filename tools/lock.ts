import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DeployError, systemCodeOf } from "../shared/deploy-error.ts";
import { identityOf } from "./temporary-folders.ts";
import type { Progress } from "./tool.ts";

/** A holder that builds takes some minutes; after so long it is stopped, or hangs. */
const LIMIT_SECONDS = 3_600;
/** Who waits longer is told for whom. */
const SILENT_SECONDS = 2;
/** The holder writes who it is right after making the file. A file that is still empty then has lost its holder. */
const WRITTEN_SECONDS = 5;

interface LockOptions {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** @default LIMIT_SECONDS */
  readonly limitSeconds?: number;
}

/**
 * Runs `work` while no other process runs work under the same lock file. The lock of a holder that is gone, or that never
 * wrote who it is, is taken over. Throws what keeps the file from being made, as a full disk, and SPARKI_OUTSIDE where
 * another process holds it for longer than the limit.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  if (!tryLock(file)) await waitFor(file, options);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function waitFor(file: string, { signal, progress, limitSeconds = LIMIT_SECONDS }: LockOptions): Promise<void> {
  const since = performance.now();
  const waited = () => (performance.now() - since) / 1000;
  let line: ReturnType<Progress["begin"]> | undefined;
  try {
    while (!tryLock(file)) {
      signal.throwIfAborted();
      if (waited() > SILENT_SECONDS)
        line ??= progress.begin(`waiting for process ${holderOf(file)}, which holds ${file}`);
      if (waited() > limitSeconds)
        throw new DeployError("SPARKI_OUTSIDE", `process ${holderOf(file)} has held ${file} for ${limitSeconds} s`, {
          hint: `look at it (ps -fp ${holderOf(file)}); once it has ended, run the same command again`,
        });
      await delay(200);
    }
    line?.end("it is done");
  } catch (error) {
    line?.end("given up");
    throw error;
  }
}

function tryLock(file: string): boolean {
  let made: number;
  try {
    made = openSync(file, "wx");
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
    if (!isHeld(file)) takeAway(file);
    return false;
  }
  try {
    writeSync(made, `${process.pid} ${identityOf(process.pid) ?? ""}`);
    return true;
  } catch (error) {
    // On a full disk the file was made, and nothing could be written into it.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(made);
  }
}

function isHeld(file: string): boolean {
  try {
    const [, pid = "0", identity = ""] = /^(\d*) ?(.*)$/s.exec(readFileSync(file, "utf8")) ?? [];
    if (Number(pid) === 0) return Math.abs(Date.now() - statSync(file).mtimeMs) < WRITTEN_SECONDS * 1000;
    return isAlive(Number(pid)) && (identity === "" || identity === identityOf(Number(pid)));
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return true;
    throw error;
  }
}

/** The id of the process that holds it, as far as the file says. */
function holderOf(file: string): string {
  try {
    return readFileSync(file, "utf8").split(" ")[0] || "unknown";
  } catch {
    return "unknown";
  }
}

/** Renaming first lets only one of several waiters take the dead holder's lock away. */
function takeAway(file: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    // Another waiter was faster.
    if (systemCodeOf(error) !== "ENOENT") throw error;
  }
}

/** Whether a process of this machine runs, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === "EPERM";
  }
}
