import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { rehearsalDocument } from "../../runbook/report/document.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const SPARKI = join(ROOT, "runbook", "sparki.ts");

/** A folder for a test's rehearsals, apart from the project's own. */
export interface Runs {
  readonly directory: string;
  /** Commands of processes that belong to a rehearsal in this folder; empty once all have ended. */
  processes(): readonly string[];
  remove(): void;
}

export function makeRuns(): Runs {
  const directory = mkdtempSync(join(tmpdir(), "sparki-runs-"));
  return {
    directory,
    processes: () => processesIn(directory).map(({ words }) => words.join(" ")),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** Process ids of the engines that now run an update (`pulumi up`) for a rehearsal in a folder. */
export function updatesIn(directory: string): number[] {
  const all = processesIn(directory).filter(
    ({ words: [program = "", ...args] }) => basename(program) === "pulumi" && args.includes("up"),
  );
  return all.map(({ pid }) => pid);
}

/** Kills at once (SIGKILL) the command with these words, its engine and Helm's program, which work in a folder's rehearsal. */
export function killDeployment(directory: string, command: string): void {
  const all = processesIn(directory).filter(({ words: [program = "", ...args] }) => {
    const isOwn = args.some((arg) => arg.endsWith("sparki.ts")) && args.includes(command);
    return isOwn || ["pulumi", "helm"].includes(basename(program));
  });
  for (const { pid } of all) process.kill(pid, "SIGKILL");
}

/** Whether Helm's program now changes this release for a rehearsal in a folder. */
export function isUpgrading(directory: string, release: string): boolean {
  return processesIn(directory).some(
    ({ words: [program = "", ...args] }) =>
      basename(program) === "helm" && args.includes("upgrade") && args.includes(release),
  );
}

/** Whether a rehearsal in a folder now waits for a job of its cluster. */
export function isRunningJob(directory: string): boolean {
  return processesIn(directory).some(({ words }) => words.includes("io/run-job.ts"));
}

interface RunProcess {
  readonly pid: number;
  /** Its program and arguments. */
  readonly words: readonly string[];
}

/** A process is the rehearsal's when its folder is in its environment, its arguments or its working directory. */
function processesIn(directory: string): RunProcess[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      const marks = [...words, readlinkSync(`/proc/${entry}/cwd`), readFileSync(`/proc/${entry}/environ`, "utf8")];
      return marks.some((mark) => mark.includes(directory)) ? [{ pid: Number(entry), words }] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

export interface SparkiRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Sees all of stderr (or stdout) each time something was added. */
type Watch = (output: { stdout: string; stderr: string }, child: Interruptible) => void;

export interface Interruptible {
  kill(signal: NodeJS.Signals): void;
}

/** Runs `sparki` as a person does; `environment` is put over the test's own. */
export function sparki(
  args: readonly string[],
  runs: Runs,
  watch?: Watch,
  environment: Readonly<Record<string, string>> = {},
): Promise<SparkiRun> {
  const child = start(process.execPath, [SPARKI, ...args], runs, { environment });
  return watched(child, { kill: (signal) => child.kill(signal) }, watch);
}

/** The same of another checkout, such as a copy of this one. */
export function sparkiOf(project: string, args: readonly string[], runs: Runs): Promise<SparkiRun> {
  const child = start(process.execPath, [join(project, "runbook", "sparki.ts"), ...args], runs, { project });
  return watched(child, { kill: (signal) => child.kill(signal) }, undefined);
}

/** Runs `npm run rehearse` as a terminal does: a signal reaches npm and all that it started. */
export function npmRunRehearse(args: readonly string[], runs: Runs, watch?: Watch): Promise<SparkiRun> {
  const child = start("npm", ["run", "--silent", "rehearse", "--", ...args], runs, { detached: true });
  return watched(child, { kill: (signal) => process.kill(-(child.pid ?? 0), signal) }, watch);
}

interface StartOptions {
  /** @default this one */
  readonly project?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** In a process group of its own, as a terminal's job is; else it ends with the tests' own Ctrl-C. */
  readonly detached?: boolean;
}

function start(
  program: string,
  args: readonly string[],
  runs: Runs,
  { environment, detached, project = ROOT }: StartOptions,
) {
  const { NO_COLOR: _, ...env } = process.env;
  return spawn(program, args, {
    cwd: project,
    env: { ...env, SPARKI_REHEARSAL_DIRECTORY: runs.directory, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: detached ?? false,
  });
}

function watched(child: ReturnType<typeof start>, end: Interruptible, watch: Watch | undefined): Promise<SparkiRun> {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      watch?.(output, end);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, ...output }));
  });
}

/** The one JSON document on stdout; throws, with the end of stderr, when there is anything else or it is of another form. */
export function reportIn({ stdout, stderr }: SparkiRun): z.infer<typeof rehearsalDocument> {
  const { data, error } = rehearsalDocument.safeParse(parsed(stdout));
  if (data !== undefined) return data;
  throw new Error(
    `not the document of rehearse: ${z.prettifyError(error)}\n${stdout.slice(0, 1000)}\n${stderr.slice(-2000)}`,
  );
}

/** The JSON on a stream; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
