import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Tool } from "./tool.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Where built and downloaded tools are kept, by tool and version: outside the repository, so that it happens once. */
export function cacheDirectory(env: Env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "tools");
}

/** Where a download or a build of the tool is put. */
export function cachedPath(tool: Tool, env: Env): string {
  return join(cacheDirectory(env), tool.name, tool.version, tool.build.program ?? tool.name);
}

/** Where the distribution's own packages of the tool are unpacked, with the tool's launcher in it. */
export function unpackedPath(tool: Tool, env: Env): string {
  return join(cacheDirectory(env), tool.name, "debian", tool.name);
}

/** The cached tool's path; undefined when it is not there. A tool is put there by rename, so one that is there is whole. */
export function findCached(tool: Tool, env: Env): string | undefined {
  return [unpackedPath(tool, env), cachedPath(tool, env)].find((path) => existsSync(path));
}
