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
  return new DeployError("SPARKI_OUTSIDE", `interrupted by ${name}; what was in flight has finished and is saved`, {
    hint: "run the same command again: it goes on from where it stopped",
  });
}

function endAtOnce(name: Name): never {
  for (const end of enders) end();
  process.exit(SIGNALS[name]);
}
