import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, createReadStream, createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { EnvHttpProxyAgent, fetch } from "undici";
import { cachedPath, prepareCache, put } from "./cache.ts";
import type { Platform, ResolveContext, Tool } from "./tool.ts";

const CONNECT_SECONDS = 3;
const STALL_SECONDS = 20;

/** Hosts that could not be reached in this process: not tried again for the next tool. */
const unreachable = new Set<string>();

/** Gets the project's own release into the cache; undefined when it cannot be had or is not what was pinned. */
export async function download(tool: Tool, platform: Platform, context: ResolveContext): Promise<string | undefined> {
  const expected = tool.download?.sha256[`${platform.os}-${platform.arch}`];
  const url = tool.download?.url(platform);
  if (tool.download === undefined || url === undefined || expected === undefined) return undefined;
  if (unreachable.has(new URL(url).host)) return undefined;
  const line = context.progress.begin(`downloading ${tool.name} ${tool.version}`);
  const folder = temporaryFolder(context);
  try {
    const file = join(folder, basename(url));
    await save(url, file, context.signal);
    const found = await sha256(file);
    if (found !== expected) throw new Error(`its SHA-256 is ${found}; expected the pinned ${expected}`);
    await install(tool, file, tool.download.members(platform), context);
    line.end("verified");
    return cachedPath(tool, context.env);
  } catch (error) {
    context.signal.throwIfAborted();
    line.end(`not to be had: ${reasonOf(error)}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function temporaryFolder(context: ResolveContext): string {
  return mkdtempSync(join(prepareCache(context.env), ".download-"));
}

async function save(url: string, file: string, signal: AbortSignal): Promise<void> {
  const { body } = await request(url, signal);
  if (body === null) throw new Error("the answer is empty");
  await pipeline(Readable.fromWeb(body), createWriteStream(file), { signal });
}

async function request(url: string, signal: AbortSignal) {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_SECONDS * 1000 },
    headersTimeout: STALL_SECONDS * 1000,
    bodyTimeout: STALL_SECONDS * 1000,
  });
  const response = await fetch(url, { signal, dispatcher }).catch((error: unknown) => {
    unreachable.add(new URL(url).host);
    throw error;
  });
  if (!response.ok) throw new Error(`${new URL(url).host} answers ${response.status}`);
  return response;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function install(tool: Tool, file: string, members: readonly string[], context: ResolveContext): Promise<void> {
  const own = join(dirname(file), "programs");
  mkdirSync(own);
  if (members.length > 0) await promisify(execFile)("tar", ["-xzf", file, "-C", dirname(file), ...members]);
  const programs = members.length > 0 ? members.map((member) => join(dirname(file), member)) : [file];
  for (const program of programs) {
    chmodSync(program, 0o755);
    renameSync(program, join(own, basename(program)));
  }
  await put(own, dirname(cachedPath(tool, context.env)));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
