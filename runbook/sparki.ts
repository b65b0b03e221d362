#!/usr/bin/env node
import { runCommandLine } from "./command-line.ts";
import { systemClock } from "./io/clock.ts";
import { outliveReaders } from "./io/lost-readers.ts";
import { abortOnSignals } from "./io/signals.ts";

// Plans, reports, state and what a rehearsal keeps: for the user who runs it, and for no other one of the machine.
process.umask(0o077);
outliveReaders(process.stdout, process.stderr);
const signal = abortOnSignals();
const exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  env: process.env,
  cwd: process.cwd(),
  signal,
});
// A document that is longer than a pipe holds is still on its way.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);
