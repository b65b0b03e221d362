import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { version } from "@pulumi/pulumi/version.js";
import { DEFAULT_ERROR_RATE } from "../gates/gate.ts";
import { DECIDERS, simulate } from "../gates/simulation/table.ts";
import { commandRunner } from "../io/child-command.ts";
import { systemClock } from "../io/clock.ts";
import { Engine } from "../io/engine.ts";
import { outliveReaders } from "../io/signals.ts";
import type { Ports } from "../runbook/command.ts";
import { criticalPath, DURATIONS_AS_OF, gateWaits, serialDuration } from "../runbook/plan/critical-path.ts";
import { PlannedResources, plannedDependencies } from "../runbook/plan/planned.ts";
import { readStack } from "../runbook/preflight/stack-file.ts";
import { PROJECT_DIRECTORY } from "../runbook/project.ts";
import {
  openSession,
  PARALLEL,
  POLICY_PACK,
  plainEnvironment,
  type RehearsalSession,
  resolveRehearsalTools,
} from "../runbook/rehearse/rehearsal-session.ts";
import { openOutput } from "../shared/text/output.ts";
import { lineProgress } from "./progress.ts";
import { temporaryFolder } from "./temporary-folders.ts";

outliveReaders([process.stdout, process.stderr]);

/**
 * `npm run bench`: what the program, the policies and the gate cost, as ratios of one run on one machine, so that they
 * mean something on any. Seconds are medians and belong to this machine and its load. With `-- --page` the table goes into
 * docs/performance.md too.
 */
const TIMES = 5;
const TIME_SCALE = 0.002;
const STACK = "prod";
const PAGE = join(PROJECT_DIRECTORY, "docs", "performance.md");

interface Line {
  readonly what: string;
  readonly found: string;
  /** Of what the ratio is, and the most it should be. */
  readonly ratio?: { readonly value: number; readonly of: string; readonly goal?: number };
}

async function main(): Promise<void> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => abort.abort());
  const directory = temporaryFolder("bench");
  const env = { ...process.env, SPARKI_REHEARSAL_DIRECTORY: join(directory, "runs") };
  const silent = openOutput(new PassThrough().resume());
  const ports: Ports = {
    stdout: silent,
    stderr: silent,
    clock: systemClock,
    env,
    cwd: directory,
    signal: abort.signal,
  };
  const found: Line[] = [];
  const tell = (lines: readonly Line[]) => {
    for (const line of lines) process.stdout.write(`${textOf(line)}\n`);
    found.push(...lines);
  };
  try {
    tell(await imports(directory));
    tell(await typeChecked(directory));
    tell(gate());
    const tools = await resolveRehearsalTools(ports, lineProgress(process.stderr));
    const session = await openSession({ stack: STACK, seed: 1, timeScale: TIME_SCALE }, tools, ports);
    try {
      for await (const lines of updates(session, { directory, cli: tools.pulumi ?? "pulumi", ports })) tell(lines);
    } finally {
      await session.close();
    }
    if (process.argv.includes("--page")) writeFileSync(PAGE, pageWith(readFileSync(PAGE, "utf8"), found));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function textOf({ what, found, ratio }: Line): string {
  const goal = ratio?.goal === undefined ? "" : ` (goal: ${ratio.goal.toFixed(2)} at most)`;
  const told = ratio === undefined ? "" : `, ${ratio.value.toFixed(2)} × ${ratio.of}${goal}`;
  return `${what}: ${found}${told}`;
}

/** The page with this run's table in place of the one that it has, and when and on what it was made. */
function pageWith(page: string, lines: readonly Line[]): string {
  const [begin, end] = ["<!-- measured: begin -->", "<!-- measured: end -->"];
  const [head, rest = ""] = page.split(begin);
  const [, tail] = rest.split(end);
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} lacks the markers ${begin} and ${end}`);
  const rows = lines.map(({ what, found, ratio }) => {
    const goal = ratio?.goal === undefined ? "" : `${ratio.goal.toFixed(2)}`;
    return `| ${what} | ${found} | ${ratio === undefined ? "" : `${ratio.value.toFixed(2)} × ${ratio.of}`} | ${goal} |`;
  });
  const made = `Measured on ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), Node ${process.versions.node}.`;
  const table = [made, "", "| what | found | ratio | at most |", "| --- | --- | --- | --- |", ...rows];
  return `${head}${begin}\n${table.join("\n")}\n${end}${tail}`;
}

/** Loading the program's modules beside the SDK alone, in processes of their own, with Node's compile cache warm. */
async function imports(directory: string): Promise<Line[]> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(directory, "compiled") };
  const node = commandRunner(process.execPath, env);
  const once = async (module: string, options: readonly string[]) => {
    const start = performance.now();
    const args = [...options, "--eval", `import(${JSON.stringify(module)})`];
    const { code, stderr } = await node(args, { cwd: PROJECT_DIRECTORY });
    if (code !== 0) throw new Error(`import of ${module} ended with ${code}: ${stderr}`);
    return (performance.now() - start) / 1000;
  };
  const load = async (module: string, ...options: readonly string[]) => {
    // Fills the cache.
    await once(module, options);
    const found: number[] = [];
    while (found.length < TIMES) found.push(await once(module, options));
    return median(found);
  };
  const sdk = await load("@pulumi/pulumi");
  // As Pulumi.yaml has it run.
  const program = await load(join(PROJECT_DIRECTORY, "index.ts"), "--import", "./io/lean-sdk.ts");
  return [
    { what: "import of @pulumi/pulumi", found: seconds(sdk) },
    {
      what: "import of index.ts",
      found: seconds(program),
      ratio: { value: program / sdk, of: "the SDK's", goal: 1.5 },
    },
  ];
}

/** What ts-node, Pulumi's default, does before it runs anything: it checks the types of the whole program. */
async function typeChecked(directory: string): Promise<Line[]> {
  const config = join(directory, "tsconfig.json");
  const files = [join(PROJECT_DIRECTORY, "index.ts")];
  const typeRoots = [join(PROJECT_DIRECTORY, "node_modules", "@types")];
  // From nothing, as ts-node does: without what an earlier check has left.
  const compilerOptions = { types: ["node"], typeRoots, incremental: false, tsBuildInfoFile: null };
  const settings = { extends: join(PROJECT_DIRECTORY, "tsconfig.json"), compilerOptions, files, include: [] };
  writeFileSync(config, JSON.stringify(settings));
  const tsc = commandRunner(process.execPath, process.env);
  const start = performance.now();
  const args = [join(PROJECT_DIRECTORY, "node_modules", "typescript", "bin", "tsc"), "--noEmit", "--project", config];
  const { code, stdout } = await tsc(args, { cwd: PROJECT_DIRECTORY });
  if (code !== 0) throw new Error(`the program's types are wrong: ${stdout}`);
  const took = (performance.now() - start) / 1000;
  return [{ what: "types of index.ts, which ts-node (Pulumi's default) checks before it runs", found: seconds(took) }];
}

/** Clean requests until the gate passes, beside what theory asks for and what others use. */
function gate(): Line[] {
  const setting = { maxRatio: 0.001, errorRate: DEFAULT_ERROR_RATE, requestsPerSecond: 20, requestsPerLook: 25 };
  const steps = simulate(DECIDERS, { ...setting, badRatios: [0], streams: 250, requestsPerStream: 20_000, seed: 1 });
  let step = steps.next();
  while (!step.done) step = steps.next();
  // At a ratio of 0, the fewest requests after which any test of this error rate may pass: (1 − limit)^n = rate.
  const fixed = Math.log(DEFAULT_ERROR_RATE) / Math.log(1 - setting.maxRatio);
  // Wald's sequential test of the limit against half of it, in a stream of good requests only.
  const half = setting.maxRatio / 2;
  const wald = Math.log((1 - DEFAULT_ERROR_RATE) / DEFAULT_ERROR_RATE) / Math.log((1 - half) / (1 - setting.maxRatio));
  return [
    { what: "clean requests that a fixed sample needs to prove 0.1 %", found: `${Math.ceil(fixed)}` },
    {
      what: "clean requests that Wald's test of 0.1 % against 0.05 % needs",
      found: `${Math.ceil(wald)}`,
      ratio: { value: wald / fixed, of: "the fixed sample's" },
    },
    ...step.value.map(({ decider, medianRequests }): Line => {
      const what = `clean requests until a verdict: ${decider}`;
      if (medianRequests === null) return { what, found: "never" };
      return { what, found: `${medianRequests}`, ratio: { value: medianRequests / fixed, of: "the fixed sample's" } };
    }),
  ];
}

interface Place {
  readonly directory: string;
  readonly cli: string;
  readonly ports: Ports;
}

/** How long the first deployment takes at AWS's own pace, as the plan counts it. */
async function makespan(engine: Engine, directory: string): Promise<Line[]> {
  const file = join(directory, "plan.json");
  const planned = new PlannedResources();
  const { outcome, failure } = await engine.plan(file, (_record, event) => planned.add(event));
  if (outcome !== "succeeded") throw new Error(`the plan of the benchmark ${outcome}: ${failure}`);
  const { config } = readStack(STACK, { cwd: PROJECT_DIRECTORY, env: {} });
  const waits = gateWaits(config);
  const path = criticalPath(planned.all, plannedDependencies(JSON.parse(readFileSync(file, "utf8"))), waits);
  const serial = serialDuration(planned.all, waits);
  const whole = (value: number) => `${Math.round(value)} s`;
  return [
    {
      what: `first deployment at AWS, one after the other (usual durations of ${DURATIONS_AS_OF})`,
      found: whole(serial.typical),
    },
    {
      what: `first deployment at AWS, critical path: ${path.chain.join(", ")}`,
      found: whole(path.typical),
      ratio: { value: path.typical / serial.typical, of: "one after the other" },
    },
  ];
}

/**
 * What an update and a preview of the deployed program cost beside those of a program that imports Pulumi's SDK and makes
 * nothing: each by the command line and in a process of its own, as users run it.
 */
async function* updates(session: RehearsalSession, place: Place): AsyncGenerator<Line[]> {
  await session.prepareRelease(session.project.release, {});
  const { default: program } = await import("../index.ts");
  const engine = await engineOf(session, place, program);
  yield await makespan(engine, place.directory);
  const begin = performance.now();
  const { outcome, failure } = await engine.up();
  if (outcome !== "succeeded") throw new Error(`the first deployment of the benchmark ${outcome}: ${failure}`);
  yield [{ what: "up of the first deployment, gates included", found: seconds((performance.now() - begin) / 1000) }];
  const whole = pulumiOf(session, place, PROJECT_DIRECTORY);
  const { PULUMI_OPTION_POLICY_PACK: _, ...unjudged } = plainEnvironment(session);
  const bare = pulumiOf(session, place, PROJECT_DIRECTORY, unjudged);
  const { PULUMI_OPTION_CONFIG_FILE: __, PULUMI_STACK: ___, ...elsewhere } = unjudged;
  const empty = pulumiOf(session, place, emptyProject(session.runDirectory), elsewhere);
  await empty("stack", "init", "none");
  const up = ["up", "--yes", "--skip-preview"];
  const steps = {
    emptyUp: () => empty(...up),
    up: () => whole(...up),
    emptyPreview: () => empty("preview"),
    preview: () => bare("preview"),
    judgedPreview: () => whole("preview"),
  };
  // Fills what each keeps: compiled code, and a state with nothing left to do.
  for (const run of Object.values(steps)) await run();
  const rounds: { readonly step: string; readonly seconds: number }[] = [];
  // Side by side in time: a change of the machine's load meets all of them.
  for (let round = 0; round < TIMES; round++)
    for (const [step, run] of Object.entries(steps)) {
      const start = performance.now();
      await run();
      rounds.push({ step, seconds: (performance.now() - start) / 1000 });
    }
  const of = (name: keyof typeof steps) =>
    median(rounds.filter(({ step }) => step === name).map((round) => round.seconds));
  yield [
    { what: "`pulumi up` of an empty program", found: seconds(of("emptyUp")) },
    {
      what: "`pulumi up` of the whole program without changes, with the policies",
      found: seconds(of("up")),
      ratio: { value: of("up") / of("emptyUp"), of: "the empty program's", goal: 2.5 },
    },
    { what: "`pulumi preview` of an empty program", found: seconds(of("emptyPreview")) },
    {
      what: "`pulumi preview` of the whole program without the policies",
      found: seconds(of("preview")),
      ratio: { value: of("preview") / of("emptyPreview"), of: "the empty program's", goal: 2.1 },
    },
    {
      what: "`pulumi preview` of the whole program with the policies",
      found: seconds(of("judgedPreview")),
      ratio: { value: of("judgedPreview") / of("preview"), of: "a preview without them", goal: 1.15 },
    },
  ];
}

/** A project whose program imports the SDK, as `pulumi new` writes it, and makes no resource. */
function emptyProject(folder: string): string {
  const directory = mkdtempSync(join(folder, "empty-"));
  symlinkSync(join(PROJECT_DIRECTORY, "node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ main: "index.js" }));
  writeFileSync(join(directory, "index.js"), 'const pulumi = require("@pulumi/pulumi");\n');
  const runtime = "runtime:\n  name: nodejs\n  options: { typescript: false }\n";
  writeFileSync(join(directory, "Pulumi.yaml"), `name: empty\n${runtime}`);
  return directory;
}

/** Runs plain pulumi in this project; rejects when it fails. */
function pulumiOf(
  session: RehearsalSession,
  { cli, directory }: Place,
  project: string,
  environment: Readonly<Record<string, string>> = plainEnvironment(session),
): (...args: readonly string[]) => Promise<void> {
  const settings = {
    HOME: directory,
    NODE_COMPILE_CACHE: join(directory, "compiled"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const pulumi = commandRunner(cli, { ...environment, ...settings });
  return async (...args) => {
    const { code, stdout, stderr } = await pulumi([...args, "--non-interactive"], { cwd: project });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  };
}

function engineOf(session: RehearsalSession, { cli, directory, ports }: Place, program: PulumiFn): Promise<Engine> {
  return Engine.open({
    stack: session.stack,
    projectDirectory: session.project.directory,
    cli: { path: cli, version },
    // As in a sealed run.
    environment: { ...session.environment, HOME: directory, NODE_COMPILE_CACHE: join(directory, "compiled") },
    program,
    programEnvironment: { ...session.cloud.environment, SPARKI_GATE_LOG: session.gateLogFile },
    policyPacks: [POLICY_PACK],
    parallel: PARALLEL,
    clock: ports.clock,
    signal: ports.signal,
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

await main();
