import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommandLine } from "../../runbook/command-line.ts";
import { fakeClock } from "./fake-clock.ts";

interface Place {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs sparki's own command line in this process, in a place without a project and without programs, and reads all that it wrote. */
export async function runSparki(argv: readonly string[], { env = { PATH: "" }, cwd = "/nowhere" }: Place = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(stdout), text(stderr)]);
  const ports = { clock: fakeClock(), env, cwd, signal: new AbortController().signal };
  const exitCode = await runCommandLine(argv, { ...ports, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await written;
  return { exitCode, out, err };
}
