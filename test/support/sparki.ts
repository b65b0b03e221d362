import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RehearsalReport } from "../../runbook/rehearsal-report.ts";

const SPARKI = join(import.meta.dirname, "..", "..", "runbook", "sparki.ts");

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
    processes: () => readdirSync("/proc").flatMap((pid) => commandMarked(pid, directory)),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

function commandMarked(pid: string, directory: string): string[] {
  try {
    if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, "utf8").includes(directory)) return [];
    return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
  } catch {
    // It ended while we looked.
    return [];
  }
}

export interface SparkiRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sparki` as a person does; `watch` sees all of stderr (or stdout) each time something was added. */
export function sparki(
  args: readonly string[],
  runs: Runs,
  watch?: (output: { stdout: string; stderr: string }, child: { kill(signal: NodeJS.Signals): void }) => void,
): Promise<SparkiRun> {
  const { NO_COLOR: _, ...env } = process.env;
  const child = spawn(process.execPath, [SPARKI, ...args], {
    env: { ...env, SPARKI_REHEARSAL_DIRECTORY: runs.directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      watch?.(output, child);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, ...output }));
  });
}

/** The one JSON document on stdout; throws when there is anything else. */
export function reportIn({ stdout }: SparkiRun): RehearsalReport {
  return JSON.parse(stdout);
}
