import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the file backend keeps the one project of a rehearsal. */
const PROJECT = "sparki";

/** Linux gives no process such a number. */
const NOBODY = 4_194_305;

/** Makes the place where a rehearsed stack's state is kept as the fault says, or as good as before without one. */
export function disturbState(
  { runDirectory, stack }: { readonly runDirectory: string; readonly stack: string },
  fault: "locked" | "unwritable" | undefined,
): void {
  const backend = join(runDirectory, "backend", ".pulumi");
  lock(join(backend, "locks", "organization", PROJECT, stack), fault === "locked");
  obstruct(join(backend, "stacks", PROJECT, `${stack}.json`), fault === "unwritable");
}

/** The lock of a deploy that somebody began elsewhere. */
function lock(folder: string, isHeld: boolean): void {
  const file = join(folder, "rehearsed-fault.json");
  if (!isHeld) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(folder, { recursive: true });
  const holder = { pid: NOBODY, username: "ann", hostname: "desk", timestamp: new Date().toISOString() };
  writeFileSync(file, JSON.stringify(holder));
}

/** A folder that is not empty cannot be written over, by root neither; the file waits beside it. */
function obstruct(file: string, isObstructed: boolean): void {
  const kept = `${file}.kept`;
  if (isObstructed === existsSync(kept)) return;
  if (isObstructed) {
    renameSync(file, kept);
    mkdirSync(join(file, "in-the-way"), { recursive: true });
  } else {
    rmSync(file, { recursive: true });
    renameSync(kept, file);
  }
}
