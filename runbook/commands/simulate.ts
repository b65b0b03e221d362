import { DEFAULT_ERROR_RATE, percent } from "../../gates/gate.ts";
import { DECIDERS } from "../../gates/simulation/deciders.ts";
import { type Row, simulate as runSimulation, type Simulation } from "../../gates/simulation/table.ts";
import { shortfalls, TARGETS, whereBehind } from "../../gates/simulation/targets.ts";
import { DeployError } from "../../stacks/deploy-error.ts";
import type { Command, CommandInput, CommandResult } from "../command.ts";

/** The rows that must be shown, and two between them where a decision takes long. */
const BAD_RATIOS = [0, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05];
const REQUESTS_PER_SECOND = 20;

/** `sparki simulate`: how the gate and what others use decide on the same streams, as a table. */
export const simulate: Command = {
  name: "simulate",
  summary: "how soon and how rightly the gate decides, beside what others use",
  description: `Draws streams of requests with a known ratio of errors and lets the gate, a fixed five-minute wait,
Flagger and Argo Rollouts (as their documentation defines them) decide on the same streams, limit 0.1 %,
25 requests a look, ${REQUESTS_PER_SECOND} requests a second, 20,000 requests at most. Ends with exit code 1 when the gate misses a target.

Examples:
  npx sparki simulate
  npx sparki simulate --streams 1000 --seed 7 --json`,
  options: [
    { flags: "--streams <count>", help: "streams for each ratio", default: "10000" },
    { flags: "--seed <number>", help: "the same seed gives the same table", default: "1" },
  ],
  run: simulateTable,
};

async function simulateTable({ options, ports }: CommandInput): Promise<CommandResult> {
  const simulation: Simulation = {
    badRatios: BAD_RATIOS,
    streams: wholeNumber("--streams", options.streams, 1),
    seed: wholeNumber("--seed", options.seed, 0),
    requestsPerStream: 20_000,
    maxRatio: 0.001,
    errorRate: DEFAULT_ERROR_RATE,
    requestsPerSecond: REQUESTS_PER_SECOND,
    requestsPerLook: 25,
  };
  const rows = runSimulation(DECIDERS, simulation);
  const missed = missedTargets(rows);
  const behind = behindRivals(rows);
  ports.stderr.write([...tableOf(rows), ...behind, ...missed, ...sources(), ""].join("\n"));
  return { exitCode: missed.length === 0 ? 0 : 1, json: { ...simulation, rows, behind, missed } };
}

function wholeNumber(flag: string, value: string | boolean | undefined, least: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new DeployError("SPARKI_USAGE", `${flag} is ${value}; expected a whole number, ${least} or more`, {
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

const COLUMNS = ["true ratio", "decider", "passes", "fails", "undecided", "wrong", "median requests", "median time"];

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
  return DECIDERS.map(({ name, source }) => `${name}: ${source}`);
}
