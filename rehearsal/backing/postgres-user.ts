import { readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Whom PostgreSQL runs as: it refuses root, so then the system's own `postgres` or `nobody`; undefined means ourselves. */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const found = users.find(([name]) => name === wanted);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new DeployError(
    "SPARKI_OUTSIDE",
    "PostgreSQL refuses to run as root, and there is no user postgres or nobody",
    {
      hint: "run as another user than root",
    },
  );
}

/** The first of the folders that the user can enter; undefined means ourselves, who can enter all. */
export function firstReachable(folders: readonly string[], user: SystemUser | undefined): string | undefined {
  return folders.find((folder) => user === undefined || isReachable(folder, user));
}

/** Folders outside the project that every user can enter. */
export function sharedFolders(): readonly string[] {
  return [tmpdir(), "/tmp", "/var/tmp"];
}

function isReachable(folder: string, user: SystemUser): boolean {
  const path = resolve(folder);
  const parent = dirname(path);
  return canEnter(path, user) && (parent === path || isReachable(parent, user));
}

function canEnter(path: string, { uid, gid }: SystemUser): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
  return (found.mode & bit) !== 0;
}
