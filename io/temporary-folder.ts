import { accessSync, constants, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { DeployError } from "../shared/deploy-error.ts";

/** Throws SPARKI_USAGE when the folder for temporary files, which TMPDIR names, cannot be used: before anything is made. */
export function assertTemporaryFolder(folder: string = tmpdir()): void {
  const problem = problemOf(folder);
  if (problem === undefined) return;
  const message = `TMPDIR is ${JSON.stringify(folder)}, which ${problem}; expected a folder that can be written to`;
  throw new DeployError("SPARKI_USAGE", message, {
    hint: `mkdir -p '${folder}', or unset TMPDIR, then run the same command again`,
  });
}

function problemOf(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return "is not there";
  if (!found.isDirectory()) return "is no folder";
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return "cannot be written to";
  }
}
