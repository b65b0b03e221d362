import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ownedBy } from "../../tools/temporary-folders.ts";
import { firstReachable, type SystemUser, sharedFolders } from "./postgres-user.ts";

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

/** Makes the folder; one that stands outside from an earlier run in the same directory is emptied first. */
export function claim({ folder, sign }: PostgresPlace): void {
  if (!existsSync(sign)) rmSync(folder, { recursive: true, force: true });
  for (const path of [sign, folder]) mkdirSync(path, { recursive: true });
  // Whatever mask we run under: PostgreSQL's own user goes through it to its data, which is closed to the others.
  chmodSync(folder, 0o711);
  if (folder !== sign) ownedBy(folder, sign);
}

/** Removes everything of it. */
export function release({ folder, sign }: PostgresPlace): void {
  for (const path of [folder, sign]) rmSync(path, { recursive: true, force: true });
}
