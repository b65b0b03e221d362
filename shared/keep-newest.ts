import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Removes all but the newest files of a folder, by when they were last written; a folder that is not there has none. */
export function keepNewest(folder: string, most: number): void {
  const files = namesIn(folder).map((name) => {
    const path = join(folder, name);
    return { path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  const oldest = files.sort((one, other) => other.at - one.at).slice(most);
  for (const { path } of oldest) rmSync(path, { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
