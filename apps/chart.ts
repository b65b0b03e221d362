import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DeployError } from "../stacks/deploy-error.ts";

/** A chart of this repository, with a hash over all its files: Pulumi itself watches only the chart's version. */
export interface Chart {
  /** Relative to the project's folder, so that no machine's path gets into the state. */
  readonly path: string;
  /** SHA-256 over every file's name and content, 64 hex digits. */
  readonly hash: string;
}

const PROJECT = join(import.meta.dirname, "..");

/** Reads a chart below `apps/charts`. */
export function localChart(name: string): Chart {
  return { path: `./apps/charts/${name}`, hash: hashOfFiles(join(PROJECT, "apps", "charts", name)) };
}

/**
 * SHA-256 over every file's name and content; the same files give the same hash on every machine. Throws SPARKI_CONFIG for
 * what is no plain file: Helm would follow a link to what nobody has read.
 */
export function hashOfFiles(directory: string): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(directory)) {
    hash
      .update(`${relative(directory, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) return path;
      const kind = entry.isSymbolicLink() ? "a symbolic link" : "no plain file";
      throw new DeployError("SPARKI_CONFIG", `${relative(PROJECT, path)} is ${kind}; a chart holds plain files only`, {
        hint: "put the file itself there, or remove it",
      });
    })
    .sort();
}
