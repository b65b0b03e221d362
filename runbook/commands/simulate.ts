import { DEFAULT_ERROR_RATE, percent } from "../../gates/gate.ts";
import {
  DECIDERS,
  type Row,
  simulate as runSimulation,
  type Simulation,
  shortfalls,
  TARGETS,
  whereBehind,
} from "../../gates/simulation/table.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText, type Ports } from "../command.ts";
import { inColumns } from "../report/columns.ts";

/** The rows that must be shown, and two between them where a decision takes long. */
const BAD_RATIOS = [0, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05];
const REQUESTS_PER_SECOND = 20;
/** More would hold the machine for hours, and its memory. */
const MAX_STREAMS = 1_000_000;

/** `sparki simulate`: how the gate and what others use decide on the same streams, as a table. */
export const simulate: Command = {
  name: "simulate",
  summary: "compare how fast and how correctly the gate decides with other methods",
  description: `Draws streams of requests with a known ratio of errors and lets the gate, a fixed five-minute wait,
Flagger and Argo Rollouts (as their documentation defines them) decide on the same streams, limit 0.1 %,
25 requests a check, ${REQUESTS_PER_SECOND} requests a second, 20,000 requests at most. 

${exitCodesText({
  done: "the gate meets its targets",
  refused: "it misses a target",
  outside: "interrupted",
})}

Examples:
  npx sparki simulate
  npx sparki simulate --streams 1000 --seed 7 --json`,
  options: [
    { flags: "--streams <count>", help: "streams for each ratio, a million at most", default: "10000" },
    { flags: "--seed <number>", help: "the same seed gives the same table", default: "1" },
  ],
  run: simulateTable,
};

async function simulateTable({ options, ports }: CommandInput): Promise<CommandResult> {
  const simulation: Simulation = {
    badRatios: BAD_RATIOS,
    streams: wholeNumber("--streams", options.streams, [1, MAX_STREAMS]),
    seed: wholeNumber("--seed", options.seed, [0, Number.MAX_SAFE_INTEGER]),
    requestsPerStream: 20_000,
    maxRatio: 0.001,
    errorRate: DEFAULT_ERROR_RATE,
    requestsPerSecond: REQUESTS_PER_SECOND,
    requestsPerLook: 25,
  };
  const rows = await rowsOf(simulation, ports);
  const missed = missedTargets(rows);
  const behind = behindRivals(rows);
  ports.stderr.write(inColumns([...tableOf(rows), ...behind, ...missed, ...sources(), ""].join("\n")));
  return {
    exitCode: (missed.length === 0 ? EXIT.done : EXIT.refused).code,
    json: { ...simulation, rows, behind, missed },
  };
}

/** Goes through the simulation's steps, and looks between them whether it is to end. */
async function rowsOf(simulation: Simulation, { clock, signal }: Ports): Promise<Row[]> {
  const steps = runSimulation(DECIDERS, simulation);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await clock.sleep(0);
    if (signal.aborted)
      throw new DeployError("SPARKI_OUTSIDE", "the simulation was interrupted; it changes nothing and keeps nothing", {
        hint: "npx sparki simulate --streams 1000, which takes one tenth of the time",
        cause: signal.reason,
      });
  }
}

function wholeNumber(flag: string, value: string | boolean | undefined, [least, most]: [number, number]): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new DeployError("SPARKI_USAGE", `${flag} is ${JSON.stringify(value)}; expected a whole number, ${range}`, {
    hint: "npx sparki simulate --help",
  });
}

const OURS = DECIDERS[0]?.name;

function missedTargets(rows: readonly Row[]): string[] {
  return TARGETS.flatMap((target) =>
    rows
      .filter(({ decider, badRatio }) => decider === OURS && badRatio === target.badRatio)
      .flatMap((row) => shortfalls(row, target).map((words) => `missed at ${percent(row.badRatio)}: ${words}`)),
  );
}

function behindRivals(rows: readonly Row[]): string[] {
  const ours = rows.filter(({ decider }) => decider === OURS);
  return ours.flatMap((own) =>
    rows
      .filter(({ decider, badRatio }) => decider !== OURS && badRatio === own.badRatio)
      .flatMap((rival) =>
        whereBehind(own, rival).map((words) => `not ahead at ${percent(own.badRatio)}: ${rival.decider} ${words}`),
      ),
  );
}

const COLUMNS = ["ratio", "decider", "passes", "fails", "undecided", "wrong", "requests", "time"];
const LEGEND = "ratio: true ratio of bad requests; requests and time: until half of the streams had a verdict";

function tableOf(rows: readonly Row[]): string[] {
  const lines = [COLUMNS, ...rows.map(cellsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function cellsOf(row: Row): string[] {
  const shares = [row.pass, row.fail, row.undecided, row.wrong].map((share) => `${(share * 100).toFixed(1)} %`);
  const time = row.medianSeconds === null ? "-" : `${row.medianSeconds.toFixed(1)} s`;
  return [percent(row.badRatio), row.decider, ...shares, String(row.medianRequests ?? "-"), time];
}

function sources(): string[] {
  return [LEGEND, ...DECIDERS.map(({ name, source }) => `${name}: ${source}`)];
}
