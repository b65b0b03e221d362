import { DeployError } from "../shared/deploy-error.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Name = keyof typeof SIGNALS;

/** The codes that a process ends with at a second signal, as shells number them; no SIGHUP is one. */
export const SECOND_SIGNAL_CODES = [SIGNALS.SIGINT, SIGNALS.SIGTERM] as const;

interface Ender {
  readonly end: () => void;
  readonly before: string | undefined;
}

const enders = new Set<Ender>();
const ways = new Set<string>();

/**
 * Registers what ends a child at once when a second signal comes, and the command that what it leaves asks for `before` the
 * same one is run again, such as one that takes a lock away; returns the function that takes it back.
 */
export function onSecondSignal(end: () => void, before?: string): () => void {
  const ender = { end, before };
  enders.add(ender);
  return () => enders.delete(ender);
}

const AGAIN = "run the same command again";

/** Says how what runs from now on is gone on with after an interruption; returns the function that takes it back. @default the same command */
export function goesOnBy(way: string): () => void {
  ways.add(way);
  return () => ways.delete(way);
}

/** A terminal's Ctrl-C reaches npm and us, and npm passes it on: what follows at once is not a second one. */
const SAME_MILLISECONDS = 500;

/** Told why the process ends now, and with which exit code: the last that it can say. */
type Last = (why: DeployError, exitCode: number) => void;

/**
 * A signal that aborts at the first SIGINT, SIGTERM or SIGHUP; the second one ends the children, says so to `last` and ends
 * the process, unless it is a SIGHUP: that a terminal was lost is said several times, and by nobody who insists.
 */
export function abortOnSignals(last: Last = () => undefined): AbortSignal {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  const handle = (name: Name) => {
    if (name !== "SIGHUP" && performance.now() > first + SAME_MILLISECONDS) endAtOnce(name, last);
    first = Math.min(first, performance.now());
    controller.abort(interruption(name));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, handle);
  return controller.signal;
}

function interruption(name: Name): DeployError {
  const [way = AGAIN] = ways;
  const message = `interrupted by ${name}: no further step was started; one that was started before may still be running at AWS`;
  return new DeployError("SPARKI_OUTSIDE", message, {
    hint: `${way}: it waits for what AWS is still doing and continues from there`,
  });
}

function endAtOnce(name: Name, last: Last): never {
  const [way] = ways;
  const before = [...enders].find((ender) => ender.before !== undefined)?.before;
  for (const { end } of enders) end();
  const next = way ?? (before === undefined ? AGAIN : `${before}, then ${AGAIN}`);
  const isEnded = enders.size > 0;
  const found = isEnded ? "what was in flight was ended at once, and how far it came is not saved" : "it ends at once";
  const why = new DeployError("SPARKI_OUTSIDE", `interrupted again, by ${name}; ${found}`, {
    hint: isEnded ? `${next}: it takes over what was being made` : next,
  });
  last(why, SIGNALS[name]);
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
