import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { outliveReaders } from "../../io/signals.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { serving } from "../chaos/run.ts";
import { temporaryFolder } from "../temporary-folders.ts";
import { drawn, endedAs } from "./deployments.ts";
import { copyProject, type Life, live, type Result, resultSchema, servedConfig } from "./life.ts";
import { pageWith, rowOf, summaryOf, verdictOf } from "./summary.ts";

outliveReaders([process.stdout, process.stderr]);

const PAGE = join(import.meta.dirname, "..", "..", "docs", "reliability.md");
const HELP = `npm run long-life -- [options]

Deploys to one rehearsed stack again and again, in an order that the seed says: new releases that are promoted, some that
are refused before anything is changed, some that the gates roll back, and some that are killed and given once more. After
each it measures what has grown, and compares \`sparki history\` with what has happened.

  --deployments N   so many (default: 200)
  --seed S          says the order, and where is killed; the same seed, the same deployments (default: the day's number)
  --minutes M       begin no further deployment after that time
  --folder DIR      run in DIR and leave it there; given again, it goes on with the deployment after its last one
                    (default: a folder that goes away)
  --stack NAME      whose config is deployed (default: staging)
  --time-scale F    real seconds for a modelled one (default: 0.002)
  --page            write the table into docs/reliability.md
  --json            one JSON document on stdout
  --help

It takes one to two minutes a deployment on two cores; --folder and --minutes let it go on another day.
Exit codes: ${EXIT.done.code} every measure kept its bound, and the history was true; ${EXIT.refused.code} some did not; ${EXIT.usage.code} usage; ${EXIT.outside.code} it could not go on.
`;

const OPTIONS = {
  deployments: { type: "string" },
  seed: { type: "string" },
  minutes: { type: "string" },
  folder: { type: "string" },
  stack: { type: "string" },
  "time-scale": { type: "string" },
  page: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

class Usage extends Error {}

function parsed() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

type Values = ReturnType<typeof parsed>;

function number(values: Values, flag: "deployments" | "seed" | "minutes" | "time-scale", standard: number): number {
  const text = values[flag];
  const value = text === undefined ? standard : Number(text);
  const isGood = flag === "deployments" || flag === "seed" ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (text !== "" && isGood && (flag === "seed" ? value >= 0 : value > 0)) return value;
  const kind = flag === "minutes" || flag === "time-scale" ? "number" : "whole number";
  const from = flag === "seed" ? "from 0" : "above 0";
  const next = "Run: npm run long-life -- --help";
  throw new Usage(`--${flag} is ${JSON.stringify(text)}; expected a ${kind} ${from}. ${next}`);
}

async function main(): Promise<number> {
  const values = parsed();
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done.code;
  }
  const count = number(values, "deployments", 200);
  const seed = number(values, "seed", Math.floor(Date.now() / 86_400_000));
  let until = Date.now() + number(values, "minutes", 1e7) * 60_000;
  const timeScale = number(values, "time-scale", 0.002);
  const folder = values.folder === undefined ? temporaryFolder("life") : resolve(values.folder);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  process.once("SIGINT", () => {
    until = 0;
    say("it ends after the deployment that goes on now; Ctrl-C again ends it at once");
  });
  const checkout = join(folder, "checkout");
  const room = {
    ...{ temporary: join(folder, "tmp"), runs: join(folder, "runs"), stack: values.stack ?? "staging" },
    ...{ timeScale, checkout, limitSeconds: 1800 },
  };
  try {
    for (const each of [room.temporary, room.runs]) mkdirSync(each, { recursive: true });
    const kept = join(folder, "results.jsonl");
    const done = earlier(kept, seed);
    if (!existsSync(checkout)) await copyProject(checkout);
    const start = Date.now();
    say(`seed ${seed}, ${count} deployments, ${done.length} of them made before; in ${folder}`);
    await serving(
      room,
      async (served) => {
        const { config, release } = servedConfig(served);
        const life: Life = { room, checkout, served, config, first: release, happened: [] };
        const deployments = drawn(count, seed);
        for (const [index, deployment] of deployments.entries()) {
          const before = done[index];
          if (before !== undefined) {
            const previous = life.happened.findLast(({ outcome }) => outcome === "promoted")?.release ?? release;
            const { release: id, way } = deployment;
            const outcome = endedAs(before.outcome, way.outcome);
            life.happened.push({ release: id, outcome, isKilled: before.isKilled === true, previous });
            continue;
          }
          if (Date.now() > until) break;
          const result = await live(life, deployment);
          done.push(result);
          appendFileSync(kept, `${JSON.stringify({ seed, ...result })}\n`);
          say(rowOf(result, { count, seconds: (Date.now() - start) / 1000 }));
          for (const finding of result.findings) say(`    ${finding}`);
        }
      },
      done.length > 0 ? "resume" : "on-promoted",
    );
    say(summaryOf(done));
    if (values.page) writeFileSync(PAGE, pageWith(readFileSync(PAGE, "utf8"), done, seed));
    if (values.json) process.stdout.write(`${JSON.stringify({ seed, ...verdictOf(done), deployments: done })}\n`);
    return (verdictOf(done).isWhole ? EXIT.done : EXIT.refused).code;
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The deployments that were made in the folder before; throws where they were another seed's. */
function earlier(file: string, seed: number): Result[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => {
    const found: unknown = JSON.parse(line);
    const own: unknown = Object(found).seed;
    if (own !== seed) throw new Usage(`${file} is of seed ${String(own)}; expected ${seed}, or another --folder`);
    return resultSchema.parse(found);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = (error instanceof Usage ? EXIT.usage : EXIT.outside).code;
}
