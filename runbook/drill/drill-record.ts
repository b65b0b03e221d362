import { EXIT } from "../../shared/deploy-error.ts";
import { oneLine } from "../../shared/text/visible.ts";
import { writeSetting } from "../settings-file.ts";
import { type RestoreDrill, timeOf } from "./restore-drill.ts";

/** The record that preflight asks for, as it stands in the stack's config. */
export interface DrillRecord {
  /** The day, ISO 8601. */
  readonly on: string;
  readonly by: string;
  readonly snapshot: string;
}

/** As much of it as the config takes. */
const MOST_CHARACTERS = 128;

/** The record of a drill that passed, and of no other one. */
export function recordOf(drill: RestoreDrill, runBy: string, now: number): DrillRecord | undefined {
  const { of, outcome, exitCode, failure, removed, source } = drill;
  const isProven = outcome === "passed" && exitCode === EXIT.done.code && failure === null && removed === true;
  if (!isProven || source === null) return undefined;
  return {
    on: timeOf(now).slice(0, 10),
    by: oneLine(`sparki drill restore${of === "cache" ? " cache" : ""}, run by ${runBy}`)
      .slice(0, MOST_CHARACTERS)
      .toWellFormed()
      .trim(),
    snapshot: source.snapshot ?? `point in time ${source.at}`,
  };
}

/** The key below `sparki:preflight` that holds the newest record. */
export const RECORD_KEYS = { database: "restoreTest", cache: "cacheRestoreTest" } as const satisfies Readonly<
  Record<RestoreDrill["of"], string>
>;

/** Sets the record in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeRecord(file: string, record: DrillRecord, of: RestoreDrill["of"]): void {
  writeSetting(file, { section: "sparki:preflight", key: RECORD_KEYS[of], value: { ...record } });
}
