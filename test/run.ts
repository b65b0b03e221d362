import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { outliveReaders } from "../io/signals.ts";

outliveReaders([process.stdout, process.stderr]);

/** Runs everything that is checked: tools, lint, types, tests; the last line of stdout is `N passed, N failed`. */

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "node_modules", ".bin");
const REPORTS = join(ROOT, "node_modules", ".cache", "test-reports");

interface Check {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Where jest writes its counts; a check without it counts nothing unless it fails. */
  readonly report?: string;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** The names of the passed tests that failed at first (`test/second-try.ts`). */
  readonly flaky: readonly string[];
}

interface Result extends Counts {
  /** What is said of it when it has ended, and again when all have. */
  readonly line: string;
}

const NO_COUNTS: Counts = { passed: 0, failed: 0, flaky: [] };

const testSchema = z.object({ fullName: z.string(), status: z.string(), invocations: z.number().default(1) });
const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(z.object({ assertionResults: z.array(testSchema) })),
});

/** One stage after the other; the checks of a stage run side by side. */
const STAGES: readonly (readonly Check[])[] = [
  // The tests need the tools; what reads the source alone need not wait for them.
  [
    { title: "tools", command: process.execPath, args: ["tools/main.ts"] },
    { title: "lint and format (biome)", command: join(BIN, "biome"), args: ["check", "--error-on-warnings", "."] },
    { title: "types (tsc)", command: join(BIN, "tsc"), args: ["--noEmit"] },
    { title: "structure (dependency-cruiser)", command: "npm", args: ["run", "--silent", "structure"] },
  ],
  [jest("unit", ["--maxWorkers=3"])],
  [jest("alone", ["--runInBand"])],
  // A rehearsal waits as much as it computes. With a third one that computes beside them, users of a slow machine would wait
  // too long for the gates, which refuse that.
  [jest("engine", ["--maxWorkers=2"]), jest("waiting", ["--runInBand"])],
];

function jest(project: string, args: readonly string[]): Check {
  const report = join(REPORTS, `${project}.json`);
  const options = ["--selectProjects", project, "--json", `--outputFile=${report}`, ...args];
  return { title: `tests: ${project} (jest)`, command: join(BIN, "jest"), args: options, report };
}

mkdirSync(REPORTS, { recursive: true });
const results: Result[] = [];
for (const stage of STAGES) results.push(...(await Promise.all(stage.map(run))));
const sum = (what: "passed" | "failed") => results.reduce((total, result) => total + result[what], 0);
process.stdout.write(`\n${results.map(({ line }) => `${line}\n`).join("")}`);
for (const name of results.flatMap(({ flaky }) => flaky))
  process.stdout.write(`flaky, passed at the second try: ${name}\n`);
process.stdout.write(`${sum("passed")} passed, ${sum("failed")} failed\n`);
process.exitCode = sum("failed") === 0 ? 0 : 1;

async function run(check: Check): Promise<Result> {
  process.stdout.write(`\n== ${check.title}\n`);
  const start = Date.now();
  if (check.report !== undefined) rmSync(check.report, { force: true });
  const code = await exitCode(check);
  const counts = check.report === undefined ? NO_COUNTS : readCounts(check.report);
  const failed = Math.max(counts.failed, code === 0 ? 0 : 1);
  const outcome = failed === 0 ? "ok" : "FAILED";
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  const line = `== ${check.title}: ${outcome}, ${counts.passed} passed, ${failed} failed, ${seconds} s`;
  process.stdout.write(`${line}\n`);
  return { ...counts, failed, line };
}

/** Jest's JSON goes to the file; what else it and the others say goes to stderr, so that stdout ends with the counts. */
function exitCode({ command, args }: Check): Promise<number> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => child.kill(name));
  return new Promise((resolve) => {
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** What Jest's report counts; nothing passed where it did not get as far as a report, and its exit code says so too. */
function readCounts(file: string): Counts {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = reportSchema.parse(
      JSON.parse(readFileSync(file, "utf8")),
    );
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const flaky = tests.filter(({ status, invocations }) => status === "passed" && invocations > 1);
    return {
      passed: numPassedTests,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      flaky: flaky.map(({ fullName }) => fullName),
    };
  } catch {
    return { ...NO_COUNTS, failed: 1 };
  }
}
