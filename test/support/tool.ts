import { accessSync, constants, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * Path of a command-line tool: `SPARKI_TOOL_<NAME>` when it is set, else the one on PATH, else the newest that the
 * project has built into its cache. Throws with the places it looked in when there is none.
 */
export function toolPath(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const variable = `SPARKI_TOOL_${name.toUpperCase().replaceAll("-", "_")}`;
  const named = environment[variable];
  if (named !== undefined) return named;
  const cache = join(environment.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sparki-deploy", "tools", name);
  const onPath = (environment.PATH ?? "").split(delimiter).map((directory) => join(directory, name));
  const found = [...onPath, ...newestFirst(cache).map((version) => join(cache, version, name))].find(isExecutable);
  if (found === undefined)
    throw new Error(`no ${name}: checked ${variable}, on PATH and below ${cache}. Run: npm run tools`);
  return found;
}

function newestFirst(directory: string): string[] {
  try {
    return readdirSync(directory).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
