import { appendFileSync, readFileSync } from "node:fs";
import { documentText } from "../../shared/text/output.ts";
import type { GateResult } from "../gate.ts";

/** Where gates leave their results for the command that runs them; unset under plain `pulumi up`. */
const GATE_LOG = "SPARKI_GATE_LOG";

/**
 * Keeps a gate's results for the stack's outputs and, line by line, for the command that waits for the update; their
 * words are the cluster's and the services' own, and are kept safe.
 */
export class GateLog {
  readonly #results: GateResult[] = [];
  readonly #file: string | undefined;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#file = env[GATE_LOG];
  }

  add(results: readonly GateResult[]): void {
    const lines = results.map((result) => documentText(result, 0));
    const safe = lines.map((line): GateResult => JSON.parse(line));
    this.#results.push(...safe.map(({ looks: _, ...result }) => result));
    if (this.#file === undefined) return;
    appendFileSync(this.#file, lines.map((line) => `${line}\n`).join(""));
  }

  /** All results of this update so far, small enough to be an output; empty when no gate had to run. */
  get results(): readonly GateResult[] {
    return this.#results;
  }
}

/** The results that gates left in a log file, in order; none when no gate ran. */
export function readGateLog(file: string): GateResult[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): GateResult => JSON.parse(line));
}
