import type { PhaseContext, Project } from "../preflight/phases/context.ts";

/** What a step's act may do, each replaceable by a test. */
export interface ActPorts {
  readonly context: PhaseContext;
  readonly signal: AbortSignal;
  /** Runs the Pulumi CLI to change something; resolves with what it wrote, and throws SPARKI_OUTSIDE where it fails. */
  run(
    project: Project,
    backend: string,
    args: readonly string[],
    more?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** Resolves once a person said yes; throws SPARKI_USAGE for anything else. */
  agree(question: string): Promise<void>;
  say(text: string): void;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** A folder for files of a moment; it need not exist. */
  readonly scratch: string;
}
