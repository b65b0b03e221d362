import { bounded, safeText } from "../shared/text/visible.ts";

const LONGEST_LINE = 4_000;
/** An error that was logged, or a request that was answered with one. */
const ERROR = /\bERROR\b|"status":\s*5\d\d\b/;

/** The lines of a log, fit to be shown: without the empty ones, and without credentials. */
export function logLinesIn(text: string): string[] {
  return safeText(text)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => bounded(line, LONGEST_LINE));
}

/** What a pod's log lines say of its health. */
export interface LogFindings {
  /** Errors of the application's own. */
  readonly errorLines: readonly string[];
  /** What was said, in order, of a server that the application needs and that did not answer. */
  readonly outages: readonly string[];
}

/**
 * Tells the release's own errors from those of what it needs: a line with a field `dependency` (`database`, `cache`)
 * is about a server that was away, whatever its level. An application that sets no such field is judged more strictly.
 */
export function readPodLog(lines: readonly string[]): LogFindings {
  const outages = lines.map(outageIn);
  return {
    errorLines: lines.filter((line, index) => outages[index] === undefined && ERROR.test(line)),
    outages: outages.flatMap((outage) => outage ?? []),
  };
}

/** What is not plain ASCII, or may be written otherwise than it is meant; and all that a finding begins with. */
const REMARKABLE = /[^\t\n\x20-\x7e]|\\[0-7uUx]|%[3-7]|&#|ERROR|"status":\s*5|"dependency"/;

/** What a whole log says of a pod's health. One with nothing to find, as a healthy pod's, is not read line by line. */
export function findingsIn(text: string): LogFindings {
  return REMARKABLE.test(text) ? readPodLog(logLinesIn(text)) : { errorLines: [], outages: [] };
}

function outageIn(line: string): string | undefined {
  const dependency = unreachableIn(line);
  const { reason }: { reason?: unknown } = dependency === undefined ? {} : fieldsOf(line);
  return dependency === undefined ? undefined : `the ${dependency} cannot be reached: ${reason}`;
}

/** The server that a log line says could not be reached, by its name in the line's field `dependency`. */
export function unreachableIn(line: string): string | undefined {
  if (!line.includes('"dependency"')) return undefined;
  const { dependency }: { dependency?: unknown } = fieldsOf(line);
  return typeof dependency === "string" ? dependency : undefined;
}

function fieldsOf(line: string): object {
  try {
    const fields: unknown = JSON.parse(line);
    return typeof fields === "object" && fields !== null ? fields : {};
  } catch {
    return {};
  }
}

/** How many of a pod's newest log lines are read, and how many bytes of them at most. */
export const LOG_LINES = 2_000;

export const LOG_BYTES = 2_000_000;
