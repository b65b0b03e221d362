import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { DeployError } from "../shared/deploy-error.ts";
import { cacheDirectory, cachedPath, findCached, prepareCache, put } from "./cache.ts";
import { withLock } from "./lock.ts";
import { output, versionIn, which } from "./search-path.ts";
import type { ResolveContext, Tool } from "./tool.ts";

const MINIMUM_GO = { major: 1, minor: 24 };

/** Builds the missing tools of one Go module into the cache, in one go; a second process waits and finds them there. */
export async function build(tools: readonly Tool[], context: ResolveContext): Promise<void> {
  const [first] = tools;
  if (first === undefined) return;
  const go = await findGo(tools, context);
  const lock = join(cacheDirectory(context.env), ".locks", first.build.module);
  await withLock(lock, context.signal, async () => {
    const missing: Tool[] = [];
    for (const tool of tools) if ((await findCached(tool, context)) === undefined) missing.push(tool);
    if (missing.length > 0) await buildNow(go, missing, context);
  });
}

/** The Go on PATH; throws a DeployError that names the tools when there is none that can build them. */
async function findGo(tools: readonly Tool[], context: ResolveContext): Promise<string> {
  const path = which("go", context.env);
  const found = path === undefined ? undefined : versionIn(await output(path, ["version"], context.env));
  if (path !== undefined && found !== undefined && isRecent(found)) return path;
  const names = tools.map(({ name, version }) => `${name} ${version}`).join(", ");
  const wanted = `Go ${MINIMUM_GO.major}.${MINIMUM_GO.minor} or newer`;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `${names}: not on PATH, not to be downloaded from here, and not to be built: found ${found ? `Go ${found}` : "no Go"}, expected ${wanted}`,
    { hint: `install ${wanted} (https://go.dev/dl), or put ${names} on PATH; then run the same command again` },
  );
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > MINIMUM_GO.major || (major === MINIMUM_GO.major && minor >= MINIMUM_GO.minor);
}

async function buildNow(go: string, tools: readonly Tool[], context: ResolveContext): Promise<void> {
  const names = tools.map(({ name, version }) => `${name} ${version}`).join(", ");
  const line = context.progress.begin(`building ${names}`);
  const folder = mkdtempSync(join(prepareCache(context.env), ".build-"));
  try {
    await run(go, arguments_(tools, folder), names, context);
    for (const tool of tools) await install(tool, folder, context);
    line.end("built");
  } catch (error) {
    line.end("failed");
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function arguments_(tools: readonly Tool[], folder: string): string[] {
  const module = join(import.meta.dirname, tools[0]?.build.module ?? "");
  const ldflags = ["-s", "-w", ...new Set(tools.flatMap((tool) => tool.build.ldflags))].join(" ");
  const parallel = `${availableParallelism()}`;
  const packages = tools.map((tool) => tool.build.package);
  return ["build", "-C", module, "-trimpath", "-p", parallel, "-ldflags", ldflags, "-o", `${folder}/`, ...packages];
}

async function install(tool: Tool, folder: string, context: ResolveContext): Promise<void> {
  const target = cachedPath(tool, context.env);
  // Go names a program after the last part of its package's path that is not a version.
  const named =
    tool.build.package
      .split("/")
      .filter((part) => !/^v\d+$/.test(part))
      .at(-1) ?? tool.name;
  const built = [tool.build.program ?? tool.name, named]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (built === undefined) throw new DeployError("SPARKI_OUTSIDE", `go build made no ${tool.name} in ${folder}`);
  chmodSync(built, 0o755);
  const own = join(folder, `${tool.name}.d`);
  mkdirSync(own);
  renameSync(built, join(own, basename(target)));
  await put(own, dirname(target));
}

function run(go: string, args: readonly string[], names: string, context: ResolveContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal, env } = context;
    const child = spawn(go, args, { env: { ...env, CGO_ENABLED: "0" }, signal, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    child.on("error", (cause) => reject(signal.aborted ? signal.reason : failed(names, cause.message)));
    child.on("close", (code) => (code === 0 ? resolve() : reject(failed(names, errors))));
  });
}

function failed(names: string, errors: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${names}: go build failed:\n${errors.trim()}`, {
    hint: "go needs its module proxy (GOPROXY) the first time; then run the same command again",
  });
}
