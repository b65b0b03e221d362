import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityOf } from "./leftovers.ts";

/** What commands and rehearsals make below TMPDIR, and take away again when they end. */
const KINDS = /^sparki-(gates|plan|controls|lookups|config|state|postgres)-/;
const OWNER = ".run";
const HOUR_MILLISECONDS = 3_600_000;
/** One that no process has open, and that nothing was put into for so long, was left behind by a killed command. */
const ABANDONED_MILLISECONDS = 24 * HOUR_MILLISECONDS;

/** Notes in a folder outside of a run's directory which run it belongs to: it is abandoned once that has no such `sign`. */
export function ownedBy(folder: string, sign: string): void {
  writeFileSync(join(folder, OWNER), JSON.stringify({ sign, pid: process.pid, identity: identityOf(process.pid) }), {
    mode: 0o600,
  });
}

/**
 * Removes what killed commands of our own user left in the folders for temporary files, and answers with the paths. What
 * a living process made or has open stays.
 */
export function removeAbandoned(folders: readonly string[] = [tmpdir()], now = Date.now()): readonly string[] {
  const found = [...new Set(folders)].flatMap((folder) => entriesOf(folder).map((name) => join(folder, name)));
  const candidates = found.filter((path) => isOurs(path) && isAbandoned(path, now));
  if (candidates.length === 0) return [];
  const open = openPaths();
  const removed = candidates.filter((path) => !open.some((each) => each === path || each.startsWith(`${path}/`)));
  for (const path of removed) rmSync(path, { recursive: true, force: true });
  return removed;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => KINDS.test(name));
  } catch {
    return [];
  }
}

function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function isAbandoned(path: string, now: number): boolean {
  const owner = ownerOf(path);
  if (owner !== undefined) return !existsSync(owner.sign) && identityOf(owner.pid) !== owner.identity;
  return now - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > ABANDONED_MILLISECONDS;
}

function ownerOf(path: string): { sign: string; pid: number; identity: string | undefined } | undefined {
  try {
    const owner: { sign: string; pid: number; identity: string | undefined } = JSON.parse(
      readFileSync(join(path, OWNER), "utf8"),
    );
    return owner;
  } catch {
    return undefined;
  }
}

/** Every file and folder that a process has open or works in, as far as we may see. */
function openPaths(): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => [
    ...linksIn(`/proc/${pid}/fd`, safely(() => readdirSync(`/proc/${pid}/fd`)) ?? []),
    ...linksIn(`/proc/${pid}`, ["cwd", "exe"]),
  ]);
}

function linksIn(folder: string, names: readonly string[]): string[] {
  return names.flatMap((name) => safely(() => readlinkSync(join(folder, name))) ?? []);
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
