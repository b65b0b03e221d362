import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { ownedBy } from "../../tools/temporary-folders.ts";

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

/** Where one PostgreSQL keeps its data, its certificate and its superuser's password, and whom it runs as. */
export interface PostgresPlace {
  readonly name: string;
  readonly folder: string;
  readonly user: SystemUser | undefined;
  /** Below the run's directory: the same folder, or only the sign that the other one belongs to this run. */
  readonly sign: string;
}

/** Below the run's directory; where the user cannot enter that, in a folder outside that is named after it. */
export function placeOf(runDirectory: string, name: string, user: SystemUser | undefined): PostgresPlace {
  const run = createHash("sha256").update(runDirectory).digest("hex").slice(0, 12);
  const sign = join(runDirectory, "postgres", name);
  const outside = sharedFolders().map((folder) => join(folder, `sparki-postgres-${run}-${name}`));
  return { name, folder: firstReachable([sign, ...outside], user) ?? sign, user, sign };
}

/** Whether a folder among everyone's is one that we have made: no link, of our own, and no one else may write into it. */
export function isOurFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

/** Makes the folder; one that stands outside from an earlier run in the same directory is emptied first. */
export function claim({ folder, sign }: PostgresPlace): void {
  if (!existsSync(sign)) rmSync(folder, { recursive: true, force: true });
  mkdirSync(sign, { recursive: true, mode: 0o700 });
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { mode: 0o700 });
  if (!isOurFolder(folder))
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `${folder} was not created by this user; PostgreSQL's data is not stored there`,
      { hint: `rm -r ${folder}` },
    );
  // Whatever mask we run under: PostgreSQL's own user goes through it to its data, which is closed to the others.
  chmodSync(folder, 0o711);
  if (folder !== sign) ownedBy(folder, sign);
}

/** Removes everything of it. */
export function release({ folder, sign }: PostgresPlace): void {
  for (const path of [folder, sign]) rmSync(path, { recursive: true, force: true });
}
