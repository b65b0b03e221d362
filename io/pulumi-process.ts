import { type ChildProcess, spawn } from "node:child_process";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { SemVer } from "semver";
import { DeployError } from "../shared/deploy-error.ts";
import { onSecondSignal } from "./signals.ts";

/** The CLI's exit code for a stack that the backend does not have. */
export const STACK_NOT_FOUND = 6;

type Output = (text: string) => void;

/** What the CLI wrote until it ended well. */
interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Thrown when the CLI ends with another exit code than 0, a backend's refusal for one; the Automation API's own error
 * loses the code.
 */
export class PulumiExit extends DeployError {
  readonly exitCode: number;

  constructor(exitCode: number, stderr: string) {
    const reason = reasonIn(stderr) || `pulumi ended with ${exitCode}`;
    super("SPARKI_OUTSIDE", reason, { hint: backendHint(reason) });
    this.name = "PulumiExit";
    this.exitCode = exitCode;
  }
}

/** What to run next when the CLI could not ask its backend; without a login whoami would fail in the same way. */
export function backendHint(reason: string): string {
  return /PULUMI_ACCESS_TOKEN|\blog(ged)? ?in\b|unauthorized/i.test(reason)
    ? "pulumi login, or export PULUMI_ACCESS_TOKEN; then run the same command again"
    : "pulumi whoami --verbose";
}

/** Why the CLI failed, from its first error on; what it was doing before, such as logging in, is left out. */
export function reasonIn(stderr: string): string {
  return stderr.replace(/^(?:.*\n)*?error: /, "").trim();
}

/**
 * The Pulumi CLI for the Automation API, in a process group of its own: a terminal's Ctrl-C then reaches only us,
 * and the engine gets exactly one SIGINT, which lets what is in flight finish (a second one would not).
 */
export function pulumiProcess(cli: string, version: string): PulumiProcess {
  const running = new Set<ChildProcess>();
  const kill = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  return Object.assign({ command: cli, version: new SemVer(version), kill }, { run: runner(cli, running) });
}

export interface PulumiProcess extends PulumiCommand {
  /**
   * Rejects with a PulumiExit when the CLI ends with another exit code than 0, and with the signal's reason when it was
   * aborted before the CLI began.
   */
  run(
    args: readonly string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: Output,
    onError?: Output,
    signal?: AbortSignal,
  ): Promise<Ended>;
  /** Ends what runs without letting it save anything, as a crash of the machine would. */
  kill(): void;
}

function runner(cli: string, running: Set<ChildProcess>): PulumiProcess["run"] {
  return async (args, cwd, env, onOutput, onError, signal) => {
    signal?.throwIfAborted();
    const child = spawn(cli, [...args, "--non-interactive"], {
      cwd,
      env: { ...env, PULUMI_AUTOMATION_API: "true" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    const interrupt = () => child.kill("SIGINT");
    signal?.addEventListener("abort", interrupt, { once: true });
    const forget = onSecondSignal(() => child.kill("SIGKILL"));
    const stdout = collect(child.stdout, onOutput);
    const stderr = collect(child.stderr, onError);
    return new Promise<Ended>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", interrupt);
        forget();
        running.delete(child);
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
