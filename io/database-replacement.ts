import type { Answer, Question } from "./restored-copies.ts";

/** An instance as AWS describes it. */
export interface FoundInstance {
  /** What it keeps under every name; Pulumi's state knows it by this. */
  readonly resourceId: string;
  /** AWS's own word. */
  readonly status: string;
  readonly why?: string;
}

/**
 * The instance that serves, and one that is restored beside it to take its place. Nothing here deletes an instance or
 * changes data. Whatever AWS does not answer, or answers in a way that is not understood, throws SPARKI_OUTSIDE.
 */
export interface DatabaseReplacement {
  /** The moments, in seconds since 1970, that the instance which serves can be restored to; undefined where there are none. */
  restorable(): Promise<{ readonly earliest: number; readonly latest: number } | undefined>;
  instance(name: string): Promise<FoundInstance | undefined>;
  /**
   * Asks for an instance with the class, network, parameters, backups and tags of the one that serves, and with its data
   * at a moment; throws BackupUnreadable where the backup is the reason that there will be none.
   */
  restoreBeside(name: string, at: number): Promise<void>;
  /**
   * Asks for another name; with `isProtected` nobody can delete the instance afterwards. Answers false where AWS cannot do
   * that yet, such as while the name is not free.
   */
  rename(from: string, to: string, isProtected: boolean): Promise<boolean>;
  /** Asks an instance read-only, from inside its network; an answer may be missing, and is then not known. */
  query(name: string, questions: readonly Question[], signal: AbortSignal): Promise<readonly Answer[]>;
}
