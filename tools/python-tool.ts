import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DeployError } from "../shared/deploy-error.ts";
import { cacheDirectory, isAsItWas, prepareCache, put } from "./cache.ts";
import { withLock } from "./lock.ts";
import type { ResolveContext } from "./tool.ts";
import { output, versionIn, which } from "./tool.ts";

const run = promisify(execFile);
const MINIMUM_MINOR = 10;

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
  if (!(await isWhole(home, tool, context))) {
    const python = await findPython(tool, context);
    await withLock(lock, context.signal, async () => {
      if (!(await isWhole(home, tool, context))) await install(tool, python, home, context);
    });
  }
  return path;
}

/** An environment stands on the Python that made it, which an upgrade of the system may have taken away. */
async function isWhole(home: string, tool: PythonTool, context: ResolveContext): Promise<boolean> {
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
  const wanted = `Python 3.${MINIMUM_MINOR} or newer`;
  if (path === undefined || found === undefined || !isRecent(found))
    throw missing(tool, `found ${found ? `Python ${found}` : "no python3"}, expected ${wanted}`, `install ${wanted}`);
  if ((await output(path, ["-c", "import ensurepip"], env)) === "")
    throw missing(
      tool,
      `${path} cannot create virtual environments`,
      "install its venv module (Debian: apt install python3-venv)",
    );
  return path;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= MINIMUM_MINOR);
}

function missing({ name, version }: PythonTool, found: string, remedy: string): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${name} ${version}: ${found}`, {
    hint: `${remedy}; then run the same command again`,
  });
}

async function install(tool: PythonTool, python: string, home: string, context: ResolveContext): Promise<void> {
  const line = context.progress.begin(`installing ${tool.name} ${tool.version}`);
  const requirements = join(import.meta.dirname, tool.name, "requirements.txt");
  const options = { env: { ...context.env }, signal: context.signal };
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
    throw failed(tool, error);
  }
}

function failed({ name, version }: PythonTool, cause: unknown): DeployError {
  const words = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
  return new DeployError("SPARKI_OUTSIDE", `${name} ${version}: installing failed:\n${words.trim().slice(-4000)}`, {
    hint: "pip needs its package index (PIP_INDEX_URL) the first time; then run the same command again",
    cause,
  });
}
