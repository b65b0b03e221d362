import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { changeIn, isRecorded, recordFolder } from "./cache-manifest.ts";
import type { ResolveContext, Tool } from "./tool.ts";

const MARK = ".recorded";

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

/**
 * The cached tool's path; undefined when it is not there. One that is not as it was put there is said and taken away, so
 * that it is got again: it never runs.
 */
export async function findCached(
  tool: Tool,
  context: Pick<ResolveContext, "env" | "progress">,
): Promise<string | undefined> {
  await adopt(context.env);
  const unpacked = unpackedPath(tool, context.env);
  if (tool.debian !== undefined && existsSync(unpacked) && readFileSync(unpacked, "utf8") !== tool.debian.launcher) {
    // An earlier one, which knows only the place where it was unpacked.
    rmSync(dirname(unpacked), { recursive: true, force: true });
  }
  for (const path of [unpacked, cachedPath(tool, context.env)]) {
    if (existsSync(path) && (await isAsItWas(dirname(path), `${tool.name} ${tool.version}`, context))) return path;
  }
  return undefined;
}

/** Whether a folder of the cache holds what was put there; one that does not is said and removed. */
export async function isAsItWas(
  folder: string,
  title: string,
  { env, progress }: Pick<ResolveContext, "env" | "progress">,
): Promise<boolean> {
  await adopt(env);
  const change = await changeIn(folder);
  if (change === undefined) return true;
  progress.begin(`${title} in ${folder}`).end(`changed: ${change}; got again`);
  rmSync(folder, { recursive: true, force: true });
  return false;
}

const adopting = new Map<string, Promise<void>>();

/**
 * A cache of before manifests is taken as it is, once: from when this mark stands, what says nothing of itself was not
 * put there by us.
 */
function adopt(env: Env): Promise<void> {
  const cache = cacheDirectory(env);
  const known = adopting.get(cache) ?? adoptNow(cache);
  adopting.set(cache, known);
  return known;
}

async function adoptNow(cache: string): Promise<void> {
  const mark = join(cache, MARK);
  if (!existsSync(cache) || existsSync(mark)) return;
  for (const folder of foldersOf(cache)) if (!isRecorded(folder)) await recordFolder(folder);
  writeFileSync(mark, "");
}

/** The folders that hold a tool each: `<name>/<version>`. */
function foldersOf(cache: string): string[] {
  const within = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => join(folder, name));
  return within(cache).flatMap(within);
}

/** The cache, made when there is none; a new one is marked: everything in it says what it is. */
export function prepareCache(env: Env): string {
  const cache = cacheDirectory(env);
  mkdirSync(cache, { recursive: true });
  if (foldersOf(cache).length === 0) writeFileSync(join(cache, MARK), "");
  return cache;
}

/** Puts a folder with all of a tool's files into the cache, with what it holds written down: others see all of it, or nothing. */
export async function put(folder: string, target: string): Promise<void> {
  await recordFolder(folder);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(folder, target);
}
