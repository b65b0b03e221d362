import { join } from "node:path";
import { chartContentOf, contentHash } from "../records/chart-content.ts";
import { chartFilesIn, filesHash } from "../shared/chart-files.ts";

/** A chart of this repository, with a hash over all its files: Pulumi itself watches only the chart's version. */
export interface Chart {
  /** Relative to the project's folder, so that no machine's path gets into the state. */
  readonly path: string;
  /** SHA-256 over every file's name and content, 64 hex digits. */
  readonly hash: string;
  /** SHA-256 over what Helm keeps of it with each release, 64 hex digits. */
  readonly content: string;
}

const PROJECT = join(import.meta.dirname, "..");

/** Reads a chart below `apps/charts`. */
export function localChart(name: string): Chart {
  const files = chartFilesIn(join(PROJECT, "apps", "charts", name));
  return { path: `./apps/charts/${name}`, hash: filesHash(files), content: contentHash(chartContentOf(files)) };
}
