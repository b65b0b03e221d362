import type { Verdict } from "../../gates/verdict.ts";
import type { Status } from "../preflight/check.ts";
import type { Tone } from "./page.ts";

/** What a gate, a check or a row of the success table can say. */
type Said = Verdict | Status | "not proven" | "no data yet";

const TONES: Readonly<Record<Said, Tone>> = {
  pass: "good",
  fail: "bad",
  error: "open",
  inconclusive: "open",
  "not proven": "open",
  "no data yet": "open",
  warn: "open",
  skipped: "open",
};

/** Green for what was proven good, red for what was proven bad, amber for all that is not known. */
export function toneOf(said: Said): Tone {
  return TONES[said];
}

/** The same of how a deploy or a rollback ended. */
export function toneOfEnd(outcome: string, exitCode: number): Tone {
  if (exitCode === 0) return "good";
  return outcome === "held" ? "open" : "bad";
}
