import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { outliveReaders } from "../../io/signals.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { temporaryFolder } from "../temporary-folders.ts";
import {
  type Attempt,
  attempt,
  attemptRow,
  attemptSchema,
  isWhole,
  pageWith,
  rowOf,
  summaryOf,
  TABLE_HEAD,
  timesOf,
  unkilled,
  type Worlds,
} from "./attempt.ts";
import {
  classesOf,
  JOURNEYS,
  type Kill,
  KNOWN_CALLS,
  killName,
  killNamed,
  killsInRow,
  killsOf,
  pointsIn,
  sample,
} from "./points.ts";

outliveReaders([process.stdout, process.stderr]);

const CALLS = join(import.meta.dirname, "calls.json");
const PAGE = join(import.meta.dirname, "..", "..", "docs", "reliability.md");
const HELP = `npm run chaos -- [options]

Kills rehearsals at step boundaries, runs the same command again, and counts what is not as it should be.

  --sample N      so many kills, chosen by the seed (default: 4)
  --seed S        chooses the sample; the same seed, the same kills (default: the day's number)
  --all           every point of every journey, those of one wave in one kill: a night on one machine
  --every         with --all or --sample, each point in a kill of its own: days for all of them
  --row           kill one rehearsal of each journey at every wave, one after the other, victims chosen by the seed; with
                  --minutes by seed after seed until then
  --point NAME    this kill; may be given more than once
  --journey NAME  only kills of this journey: ${JOURNEYS.map(({ name }) => name).join(", ")}
  --minutes M     begin no further kill after that time
  --results FILE  add each result to FILE, a line of JSON each, and go on with what it has not got
  --folder DIR    run in DIR, and keep there the worlds that journeys begin with (default: a folder that goes away)
  --time-scale F  real seconds for a modelled one (default: 0.002)
  --record        run the journeys without a kill, and write tools/chaos/calls.json again
  --page          write the table into docs/reliability.md; its rows of kinds that are not tried now stay
  --json          one JSON document on stdout
  --help

A kill is JOURNEY/OPERATION/STEP/MOMENT/VICTIM, such as first-deploy/create/cache-redis/after/all, or with wave-N for a
step: the steps of one wave wait for each other in nothing, so all of them stand at the point when the victim dies.
Exit codes: ${EXIT.done.code} every kill converged and left nothing; ${EXIT.refused.code} some did not; ${EXIT.usage.code} usage.
`;

function parsed() {
  return parseArgs({
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      all: { type: "boolean" },
      every: { type: "boolean" },
      row: { type: "boolean" },
      point: { type: "string", multiple: true },
      journey: { type: "string" },
      minutes: { type: "string" },
      results: { type: "string" },
      folder: { type: "string" },
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
    return EXIT.done.code;
  }
  const journeys = JOURNEYS.filter(({ name }) => values.journey === undefined || name === values.journey);
  if (journeys.length === 0)
    throw new Error(
      `--journey is ${JSON.stringify(values.journey)}; expected one of ${JOURNEYS.map(({ name }) => name).join(", ")}`,
    );
  const named = (values.point ?? []).map(killNamed);
  const seed = number(values, "seed", Math.floor(Date.now() / 86_400_000));
  const folder = values.folder === undefined ? temporaryFolder("chaos") : resolve(values.folder);
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
  const done = new Map(earlier(values.results).map((each) => [each.kill, each]));
  try {
    if (values.record) return await record(worlds, journeys);
    const add = (results: readonly Attempt[]) => {
      for (const result of results) {
        done.set(result.kill, result);
        if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(result)}\n`);
        say(rowOf(result));
      }
      for (const finding of new Set(results.flatMap(({ findings }) => findings))) say(`    ${finding}`);
    };
    const known = Object.fromEntries(
      JOURNEYS.map((journey) => [journey.name, pointsIn(killsOf(journey, { alone: false }))]),
    );
    say(TABLE_HEAD);
    const kills = named.length > 0 ? named : values.row ? [] : chosen(values, journeys, seed, say);
    for (const kill of kills) {
      if (Date.now() > until) break;
      if (named.length > 0 || !done.has(killName(kill))) add([await attempt(worlds, kill)]);
    }
    for (let own = seed; values.row && Date.now() < until; own++) {
      for (const journey of journeys) {
        const row = killsInRow(journey, own);
        say(`seed ${own}: ${journey.name}, killed ${row.length} times in a row`);
        add(await attemptRow(worlds, row, { until, say }));
      }
      if (values.minutes === undefined) break;
    }
    const planned = { kills: new Set([...kills.map(killName), ...done.keys()]).size, known };
    const all = [...done.values()];
    if (values.page) writeFileSync(PAGE, pageWith(readFileSync(PAGE, "utf8"), all, planned));
    say(summaryOf(all, planned));
    say(timesOf(all));
    if (values.json) process.stdout.write(`${JSON.stringify({ seed, ...planned, attempts: all })}\n`);
    return (all.every(isWhole) ? EXIT.done : EXIT.refused).code;
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** What a file of results has already; of two of one kill the later counts. */
function earlier(file: string | undefined): readonly Attempt[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => attemptSchema.parse(JSON.parse(line)));
}

function chosen(values: Values, journeys: typeof JOURNEYS, seed: number, say: (text: string) => void): readonly Kill[] {
  const kills = journeys.flatMap((journey) => killsOf(journey, { alone: values.every === true }));
  say(`seed ${seed}, of ${pointsIn(kills)} points of ${classesOf(kills).size} kinds in ${kills.length} kills`);
  return sample(kills, values.all ? kills.length : number(values, "sample", 4), seed);
}

async function record(worlds: Worlds, journeys: typeof JOURNEYS): Promise<number> {
  const calls = { ...KNOWN_CALLS };
  // A destroy deletes what a first deployment made: its calls are those.
  for (const journey of journeys.filter(({ name }) => name !== "destroy"))
    calls[journey.name] = [...(await unkilled(worlds, journey)).calls];
  writeFileSync(CALLS, `${JSON.stringify(calls, null, 2)}\n`);
  return EXIT.done.code;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT.usage.code;
}
