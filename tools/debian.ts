import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory, findCached, prepareCache, put, unpackedPath } from "./cache.ts";
import { withLock } from "./lock.ts";
import { which } from "./search-path.ts";
import type { ResolveContext, Tool } from "./tool.ts";

const run = promisify(execFile);
const LIMIT_SECONDS = 60;

/** Unpacks the distribution's packages of a tool into the cache; undefined where apt is not, or cannot get them. */
export async function unpack(tool: Tool, context: ResolveContext): Promise<string | undefined> {
  const tools = ["apt-get", "dpkg-deb"].map((name) => which(name, context.env));
  if (tool.debian === undefined || tools.includes(undefined)) return undefined;
  const line = context.progress.begin(`unpacking the distribution's ${tool.name}`);
  const lock = join(cacheDirectory(context.env), ".locks", tool.name);
  try {
    await withLock(lock, context.signal, () => unpackNow(tool, context));
    line.end("unpacked");
    return unpackedPath(tool, context.env);
  } catch {
    context.signal.throwIfAborted();
    line.end("not to be had here");
    return undefined;
  }
}

async function unpackNow(tool: Tool, context: ResolveContext): Promise<void> {
  if (tool.debian === undefined || (await findCached(tool, context)) === unpackedPath(tool, context.env)) return;
  const target = dirname(unpackedPath(tool, context.env));
  prepareCache(context.env);
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), ".unpack-"));
  const options = { cwd: folder, signal: context.signal, timeout: LIMIT_SECONDS * 1000 };
  try {
    await run("apt-get", ["download", ...tool.debian.names], options);
    const packages = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    for (const name of packages) await run("dpkg-deb", ["-x", name, "tree"], options);
    symlinkSync(basename(tool.debian.binary), join(folder, "tree", tool.debian.link));
    writeFileSync(join(folder, tool.name), tool.debian.launcher, { mode: 0o755 });
    for (const name of packages) rmSync(join(folder, name));
    await put(folder, target);
    await run(unpackedPath(tool, context.env), tool.ask, { signal: context.signal, timeout: LIMIT_SECONDS * 1000 });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
    throw error;
  }
}
