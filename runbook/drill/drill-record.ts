import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isMap, isNode, isScalar, parseDocument, type YAMLMap } from "yaml";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { oneLine } from "../../shared/text/visible.ts";
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
  const { outcome, exitCode, failure, removed, source } = drill;
  const isProven = outcome === "passed" && exitCode === EXIT.done.code && failure === null && removed === true;
  if (!isProven || source === null) return undefined;
  return {
    on: timeOf(now).slice(0, 10),
    by: oneLine(`sparki drill restore, run by ${runBy}`).slice(0, MOST_CHARACTERS).toWellFormed().trim(),
    snapshot: source.snapshot ?? `point in time ${source.at}`,
  };
}

/** Sets `sparki:preflight.restoreTest` in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeRecord(file: string, record: DrillRecord): void {
  try {
    const before = readFileSync(file, "utf8");
    const after = withRecord(before, record);
    const written = `${file}.drill`;
    writeFileSync(written, after, { mode: statSync(file).mode });
    renameSync(written, file);
  } catch (cause) {
    const hint = `set sparki:preflight.restoreTest in ${basename(file)} to ${flow(record)}`;
    throw new DeployError("SPARKI_OUTSIDE", `the record cannot be written to ${file}: ${messageOf(cause)}`, {
      hint,
      cause,
    });
  }
}

const KEY = "restoreTest";
const SECTION = "sparki:preflight";

/** The file's text with the record, by which nothing else of it is written otherwise. */
function withRecord(before: string, record: DrillRecord): string {
  const document = parseDocument(before);
  const config = document.get("config", true);
  const [problem] = document.errors;
  if (problem !== undefined || !isMap(config)) throw new Error(problem?.message ?? "it has no keys below config:");
  const after = edited(before, config, `${KEY}: ${flow(record)}`);
  const wanted = document.clone();
  wanted.setIn(["config", SECTION, KEY], { ...record });
  if (!isDeepStrictEqual(parseDocument(after).toJS(), wanted.toJS()))
    throw new Error(`its ${SECTION} is written in a form that cannot be extended`);
  return after;
}

/** An `on` without quotes is a truth value to Pulumi's reader of YAML, and a day a time. */
function flow({ on, by, snapshot }: DrillRecord): string {
  const [day, who, what] = [on, by, snapshot].map((value) => JSON.stringify(value));
  return `{ "on": ${day}, by: ${who}, snapshot: ${what} }`;
}

function edited(text: string, config: YAMLMap, line: string): string {
  const section = config.get(SECTION, true);
  if (!isMap(section)) {
    if (section !== undefined) throw new Error(`its ${SECTION} holds no keys`);
    return inserted(text, config, `${SECTION}:\n    ${line}`);
  }
  const pair = section.items.find(({ key }) => isScalar(key) && key.value === KEY);
  if (pair === undefined) return inserted(text, section, line);
  const [start, end] = [startOf(pair.key), isNode(pair.value) ? pair.value.range?.[1] : undefined];
  if (end === undefined) throw new Error(`its ${KEY} holds nothing`);
  // Of keys on lines of their own the last line's end counts as theirs.
  const old = text.slice(start, end).trimEnd();
  return text.slice(0, start) + line + text.slice(start + old.length);
}

/** With one more entry, before the first one of a map. */
function inserted(text: string, map: YAMLMap, entry: string): string {
  const start = startOf(map.items[0]?.key);
  const indentation = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const isBlock = map.flow !== true && indentation.trim() === "";
  return `${text.slice(0, start)}${entry}${isBlock ? `\n${indentation}` : ", "}${text.slice(start)}`;
}

function startOf(key: unknown): number {
  const start = isNode(key) ? key.range?.[0] : undefined;
  if (start === undefined) throw new Error("it has a map without keys");
  return start;
}
