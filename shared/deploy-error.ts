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

interface ExitCode {
  readonly code: number;
  /** In a few words, as --help of the whole command says it. */
  readonly meaning: string;
  /** When a command ends so, and what it leaves. */
  readonly when: string;
}

/** Every way in which a command ends: the one place with the codes, which documents, --help and pages take from here. */
export const EXIT = {
  done: {
    code: 0,
    meaning: "done or pass",
    when: "it did what was requested, or found that nothing had to be done",
  },
  refused: {
    code: 1,
    meaning: "a gate or check failed",
    when: "a gate, a check or a policy refused: it was rolled back, or stopped with nothing changed; or what is live is unhealthy",
  },
  usage: { code: 2, meaning: "usage or config", when: "the command line or the config is wrong; nothing was touched" },
  held: {
    code: 3,
    meaning: "held, inconclusive",
    when: "neither good nor bad was proven: too few requests, or no answer; nothing more is changed",
  },
  outside: {
    code: 4,
    meaning: "external failure, resumable",
    when: "something outside failed, or it was interrupted; the same command continues from there",
  },
  rollback: {
    code: 5,
    meaning: "a rollback failed",
    when: "the rollback could not be proven: people are paged, and no deployment starts until it is",
  },
} as const satisfies Readonly<Record<string, ExitCode>>;

export type ExitName = keyof typeof EXIT;

/** The code of one of these ends; of any when none is named. */
export type ExitCodeOf<Name extends ExitName = ExitName> = (typeof EXIT)[Name]["code"];

const ENDS: Readonly<Record<ErrorCode, ExitName>> = {
  SPARKI_GATE: "refused",
  SPARKI_USAGE: "usage",
  SPARKI_CONFIG: "usage",
  SPARKI_HELD: "held",
  SPARKI_OUTSIDE: "outside",
  SPARKI_ROLLBACK: "rollback",
};

/** The code in what a program in another process said; what it threw is not to be had there. */
export function errorCodeIn(text: string): ErrorCode | undefined {
  const isCode = (word: string): word is ErrorCode => word in ENDS;
  return text.match(/\bSPARKI_[A-Z]+\b/g)?.find(isCode);
}

/** Whether a failure with this code is a mistake of who called, or in the config. */
export function isMistake(code: ErrorCode | undefined): boolean {
  return code !== undefined && ENDS[code] === "usage";
}

/** The process's exit code for a failure; anything that is not a DeployError counts as an outside fault. */
export function exitCodeOf(error: unknown): ExitCodeOf {
  return EXIT[error instanceof DeployError ? ENDS[error.code] : "outside"].code;
}

/**
 * What a caught value says: an error's message, with what is behind one that says nothing by itself, such as `fetch failed`;
 * else the value as text. Never empty.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error) || "no reason given";
  const { cause, message } = error;
  const behind = cause instanceof Error && NOTHING.test(message) ? messageOf(cause) : undefined;
  if (behind !== undefined) return message === "" ? behind : `${message}: ${behind}`;
  if (message !== "") return message;
  // Of a connection that was tried at several addresses.
  const tried = error instanceof AggregateError ? error.errors.map(messageOf) : [];
  const code = "code" in error ? String(error.code) : "";
  return [...new Set(tried)].join("; ") || code || error.name;
}

/** The code of a failure of the system's, such as ENOSPC; undefined where it has none. An error of another realm is one too. */
export function systemCodeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Messages that leave the reason to their cause. */
const NOTHING = /^(?:|fetch failed|terminated)$/;

/** What a connection's failure says, its code (ECONNREFUSED, ENOTFOUND) included. */
export function coded(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const code = "code" in error ? String(error.code) : "";
  const own = "message" in error ? String(error.message) : "";
  // A connection that was tried at several addresses says nothing itself.
  const message = own === "" && error instanceof AggregateError ? messageOf(error) : own;
  return message.includes(code) && message !== "" ? message : [code, message].filter(Boolean).join(": ");
}
