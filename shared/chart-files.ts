import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DeployError } from "./deploy-error.ts";

/** The files of a folder by their paths below it. */
export type ChartFiles = ReadonlyMap<string, Buffer>;

/**
 * Every file of a chart's folder, in the order of their paths. Throws SPARKI_CONFIG for what is not a regular file: Helm would
 * follow a link to what nobody has read.
 */
export function chartFilesIn(directory: string): ChartFiles {
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) return relative(directory, path);
      const kind = entry.isSymbolicLink() ? "a symbolic link" : "not a regular file";
      throw new DeployError("SPARKI_CONFIG", `${path} is ${kind}; a chart holds regular files only`, {
        hint: "replace it by the file itself, or remove it",
      });
    });
  return new Map(paths.sort().map((path) => [path, readFileSync(join(directory, path))]));
}

/** SHA-256 over every file's path and bytes, 64 hex digits: the same files give the same hash on every machine. */
export function filesHash(files: ChartFiles): string {
  const hash = createHash("sha256");
  for (const path of [...files.keys()].sort())
    hash
      .update(`${path}\0`)
      .update(files.get(path) ?? "")
      .update("\0");
  return hash.digest("hex");
}
