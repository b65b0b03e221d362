import { DeployError } from "../shared/deploy-error.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Name = keyof typeof SIGNALS;

const enders = new Set<() => void>();

/** Registers what ends a child at once when a second signal comes; returns the function that takes it back. */
export function onSecondSignal(end: () => void): () => void {
  enders.add(end);
  return () => enders.delete(end);
}

/** A terminal's Ctrl-C reaches npm and us, and npm passes it on: what follows at once is not a second one. */
const SAME_MILLISECONDS = 500;

/**
 * A signal that aborts at the first SIGINT, SIGTERM or SIGHUP; the second one ends the children and the process, unless
 * it is a SIGHUP: that a terminal was lost is said several times, and by nobody who insists.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  const handle = (name: Name) => {
    if (name !== "SIGHUP" && performance.now() > first + SAME_MILLISECONDS) endAtOnce(name);
    first = Math.min(first, performance.now());
    controller.abort(interruption(name));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, handle);
  return controller.signal;
}

function interruption(name: Name): DeployError {
  const message = `interrupted by ${name}: no further step was started; one that was started before may still be running at AWS`;
  return new DeployError("SPARKI_OUTSIDE", message, {
    hint: "run the same command again: it waits for what AWS is still doing and continues from there",
  });
}

function endAtOnce(name: Name): never {
  for (const end of enders) end();
  process.exit(SIGNALS[name]);
}

/** How a stream says that its reader has gone: a pipe's, a socket's, and a terminal that was closed. */
const GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "ECONNRESET", "EIO"]);

const FULL: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT"]);

/** What became of streams that are written to. */
interface Outlived {
  /** That not all could be written, and why, such as a full disk; undefined while all was, or its reader had gone. */
  failure(): DeployError | undefined;
}

/**
 * Lets the process continue when a stream can no longer be written, such as a pipe whose reader Ctrl-C has ended too, or a
 * terminal that is gone: an engine in mid-update is not to die for a line that nobody reads. `left` is told of each reader
 * that has gone.
 */
export function outliveReaders(
  streams: readonly NodeJS.WritableStream[],
  left: () => void = () => undefined,
): Outlived {
  let failure: DeployError | undefined;
  for (const stream of streams)
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (GONE.has(error.code)) left();
      else failure ??= unwritten(error.code);
    });
  return { failure: () => failure };
}

function unwritten(code: string | undefined): DeployError {
  const why = FULL.has(code) ? "the disk that it is written to is full" : `${code} where it is written`;
  return new DeployError("SPARKI_OUTSIDE", `not all output could be written: ${why}`, {
    hint: "free space there, or write the output elsewhere, then run the same command again",
  });
}
