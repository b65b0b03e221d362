import { outliveReaders } from "../io/signals.ts";
import { DeployError, exitCodeOf, messageOf } from "../shared/deploy-error.ts";

/**
 * Runs a tool's work until it ends, or Ctrl-C or the end of what reads its output ends it; a failure is told with what to
 * do, and sets the exit code.
 */
export async function command(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => controller.abort(new DeployError("SPARKI_OUTSIDE", `ended by ${name}`)));
  const left = () => controller.abort(new DeployError("SPARKI_OUTSIDE", "ended: its output is no longer read"));
  const { failure } = outliveReaders([process.stdout, process.stderr], left);
  try {
    process.exitCode = await work(controller.signal);
    await new Promise((resolve) => process.stdout.write("", resolve));
    const lost = failure();
    if (lost !== undefined) throw lost;
  } catch (error) {
    const hint = error instanceof DeployError && error.hint ? `\n  ${error.hint}` : "";
    process.stderr.write(`${messageOf(error)}${hint}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
