import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { type Cloud, type CloudOptions, startCloud } from "./cloud.ts";
import type { CloudAnswer, CloudRequest, FailedStart } from "./cloud-process.ts";
import { endLeftovers } from "./processes.ts";

/** The simulated cloud as a process of its own: starts when asked, and ends when asked or when its parent is gone. */
process.umask(0o077);
let cloud: Promise<Cloud> | undefined;
let runDirectory: string | undefined;
let ending = false;

process.on("message", (request: CloudRequest) => {
  if ("start" in request) begin(request.start);
  else end();
});
// Our parent is gone without asking us to stop: what it had started itself is left to nobody.
process.on("disconnect", () => end(endLeftovers));
for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => end());
// A terminal's Ctrl-C goes to our parent, which lets the engine finish before it ends us.
process.on("SIGINT", () => undefined);

function begin(options: CloudOptions): void {
  const since = performance.now();
  runDirectory = options.runDirectory;
  cloud = startCloud(options);
  cloud.then(
    ({ stop: _, ...started }) => send({ started: { ...started, readySeconds: (performance.now() - since) / 1000 } }),
    (error: unknown) => send({ failed: failureOf(error) }),
  );
}

function end(afterwards: (runDirectory: string) => Promise<unknown> = async () => undefined): void {
  if (ending) return;
  ending = true;
  void stop()
    .then(() => runDirectory && afterwards(runDirectory))
    .finally(() => process.exit(0));
}

async function stop(): Promise<void> {
  const started = await cloud?.catch(() => undefined);
  await started?.stop();
}

function failureOf(error: unknown): FailedStart {
  if (error instanceof DeployError) return { message: error.message, hint: error.hint };
  return { message: messageOf(error) };
}

function send(answer: CloudAnswer): void {
  if (process.connected) process.send?.(answer);
}
