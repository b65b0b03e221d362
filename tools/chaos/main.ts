import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../temporary-folders.ts";
import { type Attempt, attempt, callsOf, isWhole, keepPromoted, type Worlds } from "./attempt.ts";
import { KNOWN_CALLS } from "./calls.ts";
import { JOURNEYS, type Point, pointNamed, pointsOf, sample } from "./points.ts";
import { pageWith, rowOf, summaryOf, TABLE_HEAD } from "./table.ts";

const CALLS = join(import.meta.dirname, "calls.json");
const PAGE = join(import.meta.dirname, "..", "..", "docs", "reliability.md");
const HELP = `npm run chaos -- [options]

Kills rehearsals at step boundaries, runs the same command again, and counts what is not as it should be.

  --sample N      so many points, chosen by the seed (default: 4)
  --seed S        chooses the sample; the same seed, the same points (default: the day's number)
  --all           every point of every journey: days on one machine
  --point NAME    this point; may be given more than once
  --journey NAME  only points of this journey: ${JOURNEYS.map(({ name }) => name).join(", ")}
  --minutes M     begin no further point after that time
  --time-scale F  real seconds for a modelled one (default: 0.002)
  --record        run the journeys without a kill, and write tools/chaos/calls.json anew
  --page          write the table into docs/reliability.md
  --json          one JSON document on stdout
  --help

A point is JOURNEY/OPERATION/STEP/MOMENT/VICTIM, such as first-deploy/create/cache-redis/after/all.
Exit codes: 0 every point converged and left nothing; 1 some did not; 2 usage.
`;

function parsed() {
  return parseArgs({
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      all: { type: "boolean" },
      point: { type: "string", multiple: true },
      journey: { type: "string" },
      minutes: { type: "string" },
      "time-scale": { type: "string" },
      page: { type: "boolean" },
      record: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  }).values;
}

type Values = ReturnType<typeof parsed>;

function number(values: Values, flag: "sample" | "seed" | "minutes" | "time-scale", standard: number): number {
  const text = values[flag];
  const value = text === undefined ? standard : Number(text);
  if (text !== "" && value >= 0) return value;
  throw new Error(`--${flag} is ${JSON.stringify(text)}; expected a number from 0`);
}

async function main(): Promise<number> {
  const values = parsed();
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const journeys = JOURNEYS.filter(({ name }) => values.journey === undefined || name === values.journey);
  if (journeys.length === 0)
    throw new Error(
      `--journey is ${JSON.stringify(values.journey)}; expected one of ${JOURNEYS.map(({ name }) => name).join(", ")}`,
    );
  const named = (values.point ?? []).map(pointNamed);
  const seed = number(values, "seed", Math.floor(Date.now() / 86_400_000));
  const folder = temporaryFolder("chaos");
  const room = {
    temporary: join(folder, "tmp"),
    runs: join(folder, "runs"),
    stack: "staging",
    timeScale: number(values, "time-scale", 0.002),
    limitSeconds: 900,
  };
  const worlds: Worlds = { room, kept: join(folder, "kept") };
  const until = Date.now() + number(values, "minutes", 1e9) * 60_000;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const done: Attempt[] = [];
  try {
    if (values.record) return await record(worlds, journeys);
    const points = named.length > 0 ? named : chosen(values, journeys, seed, say);
    say(`${points.length} points\n${TABLE_HEAD}`);
    for (const point of points) {
      if (Date.now() > until) break;
      if (point.journey.isOverPromoted) await keepPromoted(worlds);
      const result = await attempt(worlds, point);
      done.push(result);
      say(rowOf(result));
      for (const finding of result.findings) say(`    ${finding}`);
      if (values.page) writeFileSync(PAGE, pageWith(readFileSync(PAGE, "utf8"), done, points.length));
    }
    say(summaryOf(done, points.length));
    if (values.json) process.stdout.write(`${JSON.stringify({ seed, points: points.length, attempts: done })}\n`);
    return done.every(isWhole) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function chosen(
  values: Values,
  journeys: typeof JOURNEYS,
  seed: number,
  say: (text: string) => void,
): readonly Point[] {
  const points = journeys.flatMap((journey) => pointsOf(journey, KNOWN_CALLS[journey.name] ?? []));
  say(`seed ${seed}, of ${points.length} points`);
  return sample(points, values.all ? points.length : number(values, "sample", 4), seed);
}

async function record(worlds: Worlds, journeys: typeof JOURNEYS): Promise<number> {
  const calls = { ...KNOWN_CALLS };
  for (const journey of journeys) {
    if (journey.isOverPromoted) await keepPromoted(worlds);
    calls[journey.name] = [...(await callsOf(worlds, journey))];
  }
  writeFileSync(CALLS, `${JSON.stringify(calls, null, 2)}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
