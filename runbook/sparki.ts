#!/usr/bin/env node
import { join } from "node:path";
import { prepareLaunch } from "../io/seal/launch.ts";
import { removeRun } from "../io/seal/seal.ts";
import { isSealedRun } from "../io/seal/sealed-run.ts";
import { abortOnSignals, outliveReaders } from "../io/signals.ts";
import { EXIT, exitCodeOf } from "../shared/deploy-error.ts";
import { openOutput, writeDocument } from "../shared/text/output.ts";
import { failureDocument, failureText } from "./report/failure.ts";

// Until the sealed command runs nothing but Node's own modules and this project's is loaded: packages of the checkout are not known to be good.
const PROJECT = join(import.meta.dirname, "..");
const argv = process.argv.slice(2);

const { stdout, stderr, env } = process;

// Plans, reports, state and what a rehearsal keeps: for the user who runs it, and for no other one of the machine.
process.umask(0o077);
const written = outliveReaders([process.stdout]);
// A progress line that is lost changes no outcome.
outliveReaders([process.stderr]);
const signal = abortOnSignals((why, exitCode) => {
  openOutput(stderr).write(failureText(why, false));
  if (argv.includes("--json")) writeDocument(openOutput(stdout), { ...Object(failureDocument(why)), exitCode });
});
const ports = { stdout, stderr, env, cwd: process.cwd(), signal };

async function run(): Promise<number> {
  const launch = await prepareLaunch(PROJECT, argv, { ...ports, stderr: openOutput(stderr) });
  // The sealed command takes the place of this process: signals, terminal and exit code are its own.
  if (launch !== undefined) process.execve?.(launch.program, [...launch.argv], { ...launch.environment });
  const { directToLoopback } = await import("../io/network.ts");
  Object.assign(process.env, directToLoopback(process.env));
  await import("../io/lean-sdk.ts");
  const { runCommandLine } = await import("./command-line.ts");
  const { systemClock } = await import("../io/clock.ts");
  return runCommandLine(argv, { ...ports, clock: systemClock });
}

function told(error: unknown): number {
  openOutput(stderr).write(failureText(error, argv.includes("--debug")));
  if (argv.includes("--json")) writeDocument(openOutput(stdout), failureDocument(error));
  return exitCodeOf(error);
}

let exitCode = await run().catch(told);
if (isSealedRun(PROJECT, env)) removeRun(PROJECT);
// A document that is longer than a pipe holds is still on its way.
await new Promise((resolve) => stdout.write("", resolve));
const failure = written.failure();
if (failure !== undefined) {
  openOutput(stderr).write(failureText(failure, false));
  if (exitCode === EXIT.done.code) exitCode = exitCodeOf(failure);
}
process.exit(exitCode);
