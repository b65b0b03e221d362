import { spawn } from "node:child_process";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { SemVer } from "semver";
import { onSecondSignal } from "./signals.ts";

type Output = (text: string) => void;

/** Thrown when the CLI ends with another exit code than 0; the Automation API's own error loses the code. */
export class PulumiExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, stderr: string) {
    super(stderr.trim() || `pulumi ended with ${exitCode}`);
    this.name = "PulumiExit";
    this.exitCode = exitCode;
  }
}

/**
 * The Pulumi CLI for the Automation API, in a process group of its own: a terminal's Ctrl-C then reaches only us,
 * and the engine gets exactly one SIGINT, which lets what is in flight finish (a second one would not).
 */
export function pulumiProcess(cli: string, version: string): PulumiCommand {
  const command = { command: cli, version: new SemVer(version), run: runner(cli) };
  return command;
}

function runner(cli: string) {
  return (
    args: readonly string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: Output,
    onError?: Output,
    signal?: AbortSignal,
  ) => {
    const child = spawn(cli, [...args, "--non-interactive"], {
      cwd,
      env: { ...env, PULUMI_AUTOMATION_API: "true" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const interrupt = () => child.kill("SIGINT");
    signal?.addEventListener("abort", interrupt, { once: true });
    const forget = onSecondSignal(() => child.kill("SIGKILL"));
    const stdout = collect(child.stdout, onOutput);
    const stderr = collect(child.stderr, onError);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", interrupt);
        forget();
        if (code === 0) resolve({ stdout: stdout(), stderr: stderr(), code: 0 });
        else reject(new PulumiExit(code ?? -1, stderr()));
      });
    });
  };
}

function collect(stream: NodeJS.ReadableStream, tell: Output | undefined): () => string {
  const chunks: string[] = [];
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    chunks.push(chunk);
    tell?.(chunk);
  });
  return () => chunks.join("");
}
