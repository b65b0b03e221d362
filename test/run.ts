import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

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
}

const CHECKS: readonly Check[] = [
  { title: "tools", command: process.execPath, args: ["tools/main.ts"] },
  { title: "lint and format (biome)", command: join(BIN, "biome"), args: ["check", "--error-on-warnings", "."] },
  { title: "types (tsc)", command: join(BIN, "tsc"), args: ["--noEmit"] },
  jest("unit", []),
  // One at a time: each rehearsal alone keeps two cores busy.
  jest("engine", ["--maxWorkers=1"]),
];

function jest(project: string, args: readonly string[]): Check {
  const report = join(REPORTS, `${project}.json`);
  const options = ["--selectProjects", project, "--json", `--outputFile=${report}`, ...args];
  return { title: `tests: ${project} (jest)`, command: join(BIN, "jest"), args: options, report };
}

mkdirSync(REPORTS, { recursive: true });
let total: Counts = { passed: 0, failed: 0 };
for (const check of CHECKS) {
  const counts = await run(check);
  total = { passed: total.passed + counts.passed, failed: total.failed + counts.failed };
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function run(check: Check): Promise<Counts> {
  process.stdout.write(`\n== ${check.title}\n`);
  const start = Date.now();
  if (check.report !== undefined) rmSync(check.report, { force: true });
  const code = await exitCode(check);
  const counts = check.report === undefined ? { passed: 0, failed: 0 } : readCounts(check.report);
  const failed = Math.max(counts.failed, code === 0 ? 0 : 1);
  const outcome = failed === 0 ? "ok" : "FAILED";
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  process.stdout.write(`== ${check.title}: ${outcome}, ${counts.passed} passed, ${failed} failed, ${seconds} s\n`);
  return { passed: counts.passed, failed };
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

function readCounts(file: string): Counts {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = report;
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    // Jest did not get as far as a report; its exit code says so.
    return { passed: 0, failed: 1 };
  }
}
