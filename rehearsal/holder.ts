import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { identityOf } from "../tools/process-identity.ts";

/** What one process alone uses, until it is released. */
export interface Held {
  release(): void;
}

/** Who holds it; the number is undefined where the file does not say. */
export interface HeldBy {
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
