/** Where a failure comes from, and so which exit code the command ends with. */
export type ErrorCode =
  | "SPARKI_USAGE"
  | "SPARKI_CONFIG"
  | "SPARKI_GATE"
  | "SPARKI_HELD"
  | "SPARKI_OUTSIDE"
  | "SPARKI_ROLLBACK";

/** A failure a person can act on: the message says what, found and expected; the hint is the next command. */
export class DeployError extends Error {
  /** Pulumi's own mark (`pulumi.RunError`) of an error whose stack trace helps nobody. */
  readonly __pulumiRunError = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DeployError";
    this.code = code;
    this.hint = options.hint;
  }
}

const EXIT_CODES: Record<ErrorCode, number> = {
  SPARKI_GATE: 1,
  SPARKI_USAGE: 2,
  SPARKI_CONFIG: 2,
  SPARKI_HELD: 3,
  SPARKI_OUTSIDE: 4,
  SPARKI_ROLLBACK: 5,
};

/** The process's exit code for a failure; anything that is not a DeployError counts as an outside fault (4). */
export function exitCodeOf(error: unknown): number {
  return error instanceof DeployError ? EXIT_CODES[error.code] : 4;
}
