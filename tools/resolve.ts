import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { EnvHttpProxyAgent, fetch } from "undici";
import { DeployError } from "../shared/deploy-error.ts";
import {
  cacheDirectory,
  cachedPath,
  findCached,
  findOnPath,
  isAsItWas,
  prepareCache,
  put,
  unpackedPath,
} from "./cache.ts";
import { CATALOG } from "./catalog.ts";
import { withLock } from "./lock.ts";
import { output, type Platform, type ResolveContext, type Tool, versionIn, which } from "./tool.ts";

const MAX_BUILDS = 2;

/**
 * Absolute paths of the tools: one that is good on PATH, else cached, else the system's package, else the official
 * download, else a build.
 */
export async function resolveTools(
  names: readonly string[],
  context: ResolveContext,
): Promise<Readonly<Record<string, string>>> {
  const wanted = names.map((name) => find(name, context.catalog ?? CATALOG));
  const found: Record<string, string> = {};
  await Promise.all(wanted.map((tool) => keep(found, tool, () => present(tool, context))));
  const absent = () => wanted.filter((tool) => found[tool.name] === undefined);
  // One after the other: an unreachable host then costs its time limit once.
  for (const tool of absent()) await keep(found, tool, () => unpack(tool, context));
  for (const tool of absent()) await keep(found, tool, () => download(tool, platform(), context));
  await buildAll(byModule(absent()), context);
  for (const tool of absent()) await keep(found, tool, () => findCached(tool, context));
  return found;
}

async function present(tool: Tool, context: ResolveContext): Promise<string | undefined> {
  return (await findOnPath(tool, context.env)) ?? findCached(tool, context);
}

async function keep(found: Record<string, string>, tool: Tool, look: () => Promise<string | undefined>): Promise<void> {
  const path = await look();
  if (path !== undefined) found[tool.name] = path;
}

function find(name: string, catalog: readonly Tool[]): Tool {
  const tool = catalog.find((each) => each.name === name);
  if (tool !== undefined) return tool;
  throw new DeployError("SPARKI_USAGE", `unknown tool ${name}; expected one of ${catalog.map((each) => each.name)}`);
}

function byModule(tools: readonly Tool[]): Tool[][] {
  return [...Map.groupBy(tools, (tool) => tool.build.module).values()];
}

/** Builds at most two modules at a time: more would only slow each other down, and linking takes memory. */
async function buildAll(modules: Tool[][], context: ResolveContext): Promise<void> {
  const workers = Array.from({ length: MAX_BUILDS }, async () => {
    for (let next = modules.shift(); next !== undefined; next = modules.shift()) await build(next, context);
  });
  await Promise.all(workers);
}

function platform(): Platform {
  return {
    os: process.platform === "darwin" ? "darwin" : "linux",
    arch: process.arch === "arm64" ? "arm64" : "x64",
  };
}

const run = promisify(execFile);

const LIMIT_SECONDS = 60;

/** Unpacks the distribution's packages of a tool into the cache; undefined where apt is not, or cannot get them. */
async function unpack(tool: Tool, context: ResolveContext): Promise<string | undefined> {
  const tools = ["apt-get", "dpkg-deb"].map((name) => which(name, context.env));
  if (tool.debian === undefined || tools.includes(undefined)) return undefined;
  const line = context.progress.begin(`unpacking the distribution's ${tool.name}`);
  const lock = join(cacheDirectory(context.env), ".locks", tool.name);
  try {
    await withLock(lock, context, () => unpackNow(tool, context));
    line.end("unpacked");
    return unpackedPath(tool, context.env);
  } catch {
    context.signal.throwIfAborted();
    line.end("not available here");
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

const CONNECT_SECONDS = 3;

const STALL_SECONDS = 20;

/** Hosts that could not be reached in this process: not tried again for the next tool. */
const unreachable = new Set<string>();

/** Gets the project's own release into the cache; undefined when it cannot be had or is not what was pinned. */
async function download(tool: Tool, platform: Platform, context: ResolveContext): Promise<string | undefined> {
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
    line.end(`not available: ${reasonOf(error)}`);
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
  if (members.length > 0) await run("tar", ["-xzf", file, "-C", dirname(file), ...members]);
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

/** From this one on Go gets itself the version that a module asks for, unless it is told not to. */
const MINIMUM_GO = "1.24";

/** Builds the missing tools of one Go module into the cache, in one go; a second process waits and finds them there. */
async function build(tools: readonly Tool[], context: ResolveContext): Promise<void> {
  const [first] = tools;
  if (first === undefined) return;
  const go = await findGo(tools, context);
  const lock = join(cacheDirectory(context.env), ".locks", first.build.module);
  await withLock(lock, context, async () => {
    const missing: Tool[] = [];
    for (const tool of tools) if ((await findCached(tool, context)) === undefined) missing.push(tool);
    if (missing.length > 0) await buildNow(go, missing, context);
  });
}

/** The Go on PATH; throws a DeployError that names the tools when there is none that can build them. */
async function findGo(tools: readonly Tool[], context: ResolveContext): Promise<string> {
  const path = which("go", context.env);
  const found = path === undefined ? undefined : versionIn(await output(path, ["version"], context.env));
  const minimum = await minimumGo(path, tools[0]?.build.module ?? "", context);
  if (path !== undefined && found !== undefined && isRecent(found, minimum)) return path;
  const names = tools.map(({ name, version }) => `${name} ${version}`).join(", ");
  const wanted = `Go ${minimum} or newer`;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `${names}: not on PATH, cannot be downloaded from here, and cannot be built: found ${found ? `Go ${found}` : "no Go"}, expected ${wanted}`,
    { hint: `install ${wanted} (https://go.dev/dl), or put ${names} on PATH; then run the same command again` },
  );
}

/** What the module asks for, such as `1.25`, of a Go that does not get itself a newer one. */
async function minimumGo(path: string | undefined, module: string, { env }: ResolveContext): Promise<string> {
  const toolchain = path === undefined ? "" : (await output(path, ["env", "GOTOOLCHAIN"], env)).trim();
  const file = join(import.meta.dirname, module, "go.mod");
  if (toolchain !== "local" || !existsSync(file)) return MINIMUM_GO;
  return /^go (\d+\.\d+)/m.exec(readFileSync(file, "utf8"))?.[1] ?? MINIMUM_GO;
}

function isRecent(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimum.split(".").map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

async function buildNow(go: string, tools: readonly Tool[], context: ResolveContext): Promise<void> {
  const names = tools.map(({ name, version }) => `${name} ${version}`).join(", ");
  const isRare = tools.some(({ isOnDemand = false }) => isOnDemand);
  const line = context.progress.begin(`building ${names}${isRare ? " from source, once, for some minutes" : ""}`);
  const folder = mkdtempSync(join(prepareCache(context.env), ".build-"));
  try {
    await runGo(go, arguments_(tools, folder), names, context);
    for (const tool of tools) await goInstall(tool, folder, context);
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

async function goInstall(tool: Tool, folder: string, context: ResolveContext): Promise<void> {
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

/** The largest takes some minutes on two slow cores. */
const BUILD_LIMIT_MINUTES = 45;

function runGo(go: string, args: readonly string[], names: string, context: ResolveContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal, env } = context;
    const child = spawn(go, args, {
      env: { ...env, CGO_ENABLED: "0" },
      ...{ signal, timeout: BUILD_LIMIT_MINUTES * 60_000 },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    child.on("error", (cause) => reject(signal.aborted ? signal.reason : failed(names, cause.message)));
    child.on("close", (code, killed) => {
      const late = `it was ended after ${BUILD_LIMIT_MINUTES} minutes`;
      if (code === 0) resolve();
      else reject(failed(names, killed === null ? errors : `${errors.trim()}\n${late}`));
    });
  });
}

function failed(names: string, errors: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${names}: go build failed:\n${errors.trim()}`, {
    hint: "go needs its module proxy (GOPROXY) the first time; then run the same command again",
  });
}

const MINIMUM_PYTHON = "3.10";

/** A command-line tool written in Python; `tools/<name>/requirements.txt` pins it and all that it needs, by hash. */
export interface PythonTool {
  readonly name: string;
  readonly version: string;
}

/** The tool's path: installed once into an environment of its own in the cache; needs Python and its package index. */
export async function resolvePythonTool(tool: PythonTool, context: ResolveContext): Promise<string> {
  const home = join(cacheDirectory(context.env), tool.name, tool.version);
  const path = join(home, tool.name);
  const lock = join(cacheDirectory(context.env), ".locks", tool.name);
  if (!(await isWholeEnvironment(home, tool, context))) {
    const python = await findPython(tool, context);
    await withLock(lock, context, async () => {
      if (!(await isWholeEnvironment(home, tool, context))) await installPython(tool, python, home, context);
    });
  }
  return path;
}

/** An environment stands on the Python that made it, which an upgrade of the system may have taken away. */
async function isWholeEnvironment(home: string, tool: PythonTool, context: ResolveContext): Promise<boolean> {
  const path = join(home, tool.name);
  if (!existsSync(path) || !existsSync(join(home, "venv", "bin", "python"))) return false;
  if (readFileSync(path, "utf8") !== launcher(tool)) return false;
  return isAsItWas(home, `${tool.name} ${tool.version}`, context);
}

/** Runs the tool out of the environment beside it, wherever both are: its own script knows only where it was installed. */
function launcher({ name }: PythonTool): string {
  return `#!/bin/sh
home=$(dirname "$(readlink -f "$0")")
exec "$home/venv/bin/python" "$home/venv/bin/${name}" "$@"
`;
}

/** The Python on PATH; throws a DeployError that says what to install when there is none that can make environments. */
async function findPython(tool: PythonTool, { env }: ResolveContext): Promise<string> {
  const path = which("python3", env);
  const found = path === undefined ? undefined : versionIn(await output(path, ["--version"], env));
  const wanted = `Python ${MINIMUM_PYTHON} or newer`;
  if (path === undefined || found === undefined || !isRecent(found, MINIMUM_PYTHON))
    throw pythonMissing(
      tool,
      `found ${found ? `Python ${found}` : "no python3"}, expected ${wanted}`,
      `install ${wanted}`,
    );
  if ((await output(path, ["-c", "import ensurepip"], env)) === "")
    throw pythonMissing(
      tool,
      `${path} cannot create virtual environments`,
      "install its venv module (Debian: apt install python3-venv)",
    );
  return path;
}

function pythonMissing({ name, version }: PythonTool, found: string, remedy: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${name} ${version}: ${found}`, {
    hint: `${remedy}; then run the same command again`,
  });
}

async function installPython(tool: PythonTool, python: string, home: string, context: ResolveContext): Promise<void> {
  const line = context.progress.begin(`installing ${tool.name} ${tool.version}`);
  const requirements = join(import.meta.dirname, tool.name, "requirements.txt");
  const options = { env: { ...context.env }, signal: context.signal, timeout: BUILD_LIMIT_MINUTES * 60_000 };
  const quiet = ["--disable-pip-version-check", "--no-input", "--quiet"];
  const folder = mkdtempSync(join(prepareCache(context.env), ".install-"));
  try {
    await run(python, ["-m", "venv", join(folder, "venv")], options);
    const pip = join(folder, "venv", "bin", "pip");
    await run(pip, ["install", ...quiet, "--require-hashes", "--requirement", requirements], options);
    writeFileSync(join(folder, tool.name), launcher(tool), { mode: 0o755 });
    await put(folder, home);
    line.end("installed");
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    line.end("failed");
    context.signal.throwIfAborted();
    throw installFailed(tool, error);
  }
}

function installFailed({ name, version }: PythonTool, cause: unknown): DeployError {
  const words = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
  return new DeployError("SPARKI_OUTSIDE", `${name} ${version}: installing failed:\n${words.trim().slice(-4000)}`, {
    hint: "pip needs its package index (PIP_INDEX_URL) the first time; then run the same command again",
    cause,
  });
}
