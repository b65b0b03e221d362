import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { DEFAULT_ERROR_RATE, percent, type Verdict } from "../../gates/gate.ts";
import { type Objective, RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { parseInterval, type RecordingGate, type RecordingResult, recordingGate } from "../../gates/recording.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { inColumns } from "../report/columns.ts";

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  pass: EXIT.done.code,
  fail: EXIT.refused.code,
  inconclusive: EXIT.held.code,
  error: EXIT.outside.code,
};

/** `sparki judge FILE`: what a gate would have decided on recorded counts, and when. */
export const judge: Command = {
  name: "judge",
  summary: "the gate's verdict on recorded counts, offline",
  description: `Reads one JSON object a line, the counts of an interval that ended at \`at\` (seconds):
  {"at":25,"requests":60,"errors":0,"over100ms":3,"over1s":0,"over5s":0}
and judges after every line as a deployment's gate does, with the objectives of the stack (the runbook's without
--stack). Empty lines at the end are ignored.

${exitCodesText({
  done: "pass",
  refused: "fail",
  usage: "a file or a line that cannot be read",
  held: "inconclusive",
  outside: "the stack has an objective that these counts do not measure",
})}

Examples:
  npx sparki judge counts.jsonl
  npx sparki judge counts.jsonl --stack prod --json`,
  arguments: [{ name: "file", required: true, help: "the recording, one JSON object a line" }],
  run: judgeFile,
};

async function judgeFile({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { objectives, errorRate } = await objectivesOf({ options, ports });
  const gate = recordingGate(objectives, errorRate);
  await readIntervals(resolve(ports.cwd, args[0] ?? ""), gate);
  const result = gate.result();
  ports.stderr.write(report(result));
  return { exitCode: EXIT_CODES[result.verdict], json: result };
}

interface Judging {
  readonly objectives: readonly Objective[];
  readonly errorRate: number;
}

/** The stack's own objectives; its reader is loaded only when asked for, so that a plain recording is judged at once. */
async function objectivesOf({ options, ports }: Pick<CommandInput, "options" | "ports">): Promise<Judging> {
  if (typeof options.stack !== "string") return { objectives: RUNBOOK_OBJECTIVES, errorRate: DEFAULT_ERROR_RATE };
  const { readStack } = await import("../preflight/stack-file.ts");
  const { objectives, gate } = readStack(options.stack, ports).config;
  return { objectives, errorRate: gate.maxWrongVerdictRatio };
}

const CHUNK_BYTES = 1 << 20;
const LINE_FEED = 10;

/** UTF-8's byte order mark, as bytes. */
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/;

/** Feeds the file's intervals to the gate; throws at the first line that is no interval, with its number. */
async function readIntervals(file: string, gate: RecordingGate): Promise<void> {
  let [number, empty, requests] = [0, 0, 0];
  let last = Number.NEGATIVE_INFINITY;
  const next = (line: string) => {
    const interval = parseInterval(line);
    if (typeof interval === "string") return refuse(`${file}, line ${number}: ${interval}`);
    if (interval.at < last) return refuse(`${file}, line ${number}: at is ${interval.at}; expected at least ${last}`);
    last = interval.at;
    requests += interval.requests;
    if (!Number.isSafeInteger(requests))
      return refuse(
        `${file}, line ${number}: ${requests} requests in all; expected at most ${Number.MAX_SAFE_INTEGER}`,
      );
    gate.add(interval);
  };
  await eachLine(file, (bytes) => {
    const line = ++number === 1 ? bytes.replace(BYTE_ORDER_MARK, "") : bytes;
    if (line.trim() === "") empty ||= number;
    else if (empty > 0) refuse(`${file}, line ${empty}: ${parseInterval("")}`);
    else next(line);
  });
}

/** Calls `take` for each line without its end; a line's text is read as bytes, for only its numbers matter. */
async function eachLine(file: string, take: (line: string) => void): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
      const bytes: Buffer = chunk;
      let start = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        take(rest + bytes.toString("latin1", start, end));
        rest = "";
        start = end + 1;
      }
      rest += bytes.toString("latin1", start);
    }
  } catch (cause) {
    if (cause instanceof DeployError) throw cause;
    refuse(`${file} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (rest.trim() !== "") take(rest);
}

function refuse(message: string, cause?: unknown): never {
  throw new DeployError("SPARKI_USAGE", message, { hint: "npx sparki judge --help", cause });
}

function report({ verdict, decidedAt, objectives }: RecordingResult): string {
  const when = decidedAt === null ? "undecided at the end" : `decided at ${decidedAt} s`;
  const lines = objectives.map((result) => {
    const bounds = `between ${percent(result.lower)} and ${percent(result.upper)}, limit ${percent(result.limit)}`;
    return inColumns(`  ${result.verdict.padEnd(12)}  ${result.objective}: ${bounds}. ${result.reason}\n`);
  });
  return `${verdict}: ${when}\n${lines.join("")}`;
}
