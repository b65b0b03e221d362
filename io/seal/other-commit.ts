import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { commandRunner, exitOf } from "../child-command.ts";
import { onSecondSignal } from "../signals.ts";
import { installedDependencies, modulesIn } from "./dependencies.ts";
import { allowedEnvironment, type Environment } from "./environment.ts";
import { writeFiles } from "./files.ts";
import type { Committed } from "./source.ts";
import type { SealStore } from "./store.ts";

/** A commit's files with its packages, in a private folder. */
export interface CommitFolder {
  readonly project: string;
  /** Has its packages in `node_modules`. */
  readonly packages: string;
  /** Takes the folder away; that of a command which was killed, the next sealed command takes away. */
  remove(): void;
}

/**
 * Lays out a commit beside the checkout, which is not touched: its files, and the packages of its own lock file, which are
 * installed once for each lock file. Throws SPARKI_USAGE and SPARKI_OUTSIDE as the sealing of a checkout does.
 */
export async function layOutCommit(
  store: SealStore,
  { files }: Committed,
  { env, say }: { readonly env: Environment; say(line: string): void },
): Promise<CommitFolder> {
  const { name } = await installedDependencies(store, files, { env, isThorough: false, say });
  const folder = store.path("runs", `${process.pid}-${randomBytes(4).toString("hex")}`);
  const project = join(folder, "checkout");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    mkdirSync(project, { recursive: true, mode: 0o700 });
    writeFiles(project, files);
    // Above the project, where Node finds them too: its own sealing takes what is in the project for a file of it.
    symlinkSync(modulesIn(store, name), join(folder, "node_modules"));
    return { project, packages: folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

export interface CommitPorts {
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Told each line that the command writes for people. */
  say(line: string): void;
}

/**
 * Runs a command of a laid out commit by its own `sparki`, which seals it, gets its own tools and judges it by its own
 * policies; resolves with its exit code and the document that it wrote. What interrupts us interrupts it too.
 */
export async function sparkiOf(
  store: SealStore,
  { project }: CommitFolder,
  args: readonly string[],
  { env, signal, say }: CommitPorts,
): Promise<{ readonly code: number | null; readonly document: unknown }> {
  signal.throwIfAborted();
  const argv = [join(project, "runbook", "sparki.ts"), ...args, "--json"];
  const place = { cwd: project, env: environmentFor(store, env) };
  const child = spawn(process.execPath, argv, { ...place, stdio: ["ignore", "pipe", "pipe"] });
  const interrupt = () => child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const forget = onSecondSignal(() => child.kill("SIGKILL"));
  let rest = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") say(line.trim());
  });
  try {
    const [code, stdout] = await Promise.all([exitOf(child, process.execPath), text(child.stdout)]);
    signal.throwIfAborted();
    return { code, document: documentIn(stdout) };
  } finally {
    signal.removeEventListener("abort", interrupt);
    forget();
  }
}

/** Undefined where it is no JSON. */
function documentIn(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** As a shell's own: this run's programs and modules are this commit's, and not the other one's. */
function environmentFor(store: SealStore, env: Environment): Readonly<Record<string, string>> {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(store.path("runs")));
  return { ...allowedEnvironment(env), PATH: folders.join(delimiter) };
}

/** Prints what the catalog that is named pins, as JSON by name. */
const PRINT_CATALOG = `const { CATALOG } = await import(process.argv[1]);
const { writeFileSync } = await import("node:fs");
writeFileSync(1, JSON.stringify(Object.fromEntries(CATALOG.map(({ name, version }) => [name, version]))));`;

/** The versions of command-line tools that a project's catalog pins, by name, as its own module says; none where it has no such module. */
export async function pinnedTools(
  store: SealStore,
  project: string,
  env: Environment,
): Promise<Readonly<Record<string, string>>> {
  const node = commandRunner(process.execPath, environmentFor(store, env));
  const catalog = pathToFileURL(join(project, "tools", "catalog.ts")).href;
  try {
    const { stdout } = await node(["--input-type=module", "--eval", PRINT_CATALOG, catalog]);
    const versions: Record<string, string> = JSON.parse(stdout);
    return versions;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw new DeployError("SPARKI_OUTSIDE", `the tools that ${catalog} names cannot be read: ${messageOf(error)}`);
  }
}
