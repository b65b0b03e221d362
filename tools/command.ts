import { DeployError, exitCodeOf } from "../shared/deploy-error.ts";
import { messageOf } from "../shared/message-of.ts";

/** Runs a tool's work until it ends or Ctrl-C ends it; a failure is told with what to do, and sets the exit code. */
export async function command(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => controller.abort(new DeployError("SPARKI_OUTSIDE", `ended by ${name}`)));
  try {
    process.exitCode = await work(controller.signal);
  } catch (error) {
    const hint = error instanceof DeployError && error.hint ? `\n  ${error.hint}` : "";
    process.stderr.write(`${messageOf(error)}${hint}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
