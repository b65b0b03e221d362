import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { text } from "node:stream/consumers";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { DeployError, EXIT } from "../shared/deploy-error.ts";
import { renderMonitoring } from "../test/support/monitoring.ts";
import { renderWorkload, STACKS, stackConfig, TRACKS, WORKLOADS } from "../test/support/workload-values.ts";
import { command } from "./command.ts";
import { lineProgress } from "./progress.ts";
import { type PythonTool, resolvePythonTool, resolveTools } from "./resolve.ts";
import { temporaryFolder } from "./temporary-folders.ts";
import type { Progress, ResolveContext } from "./tool.ts";

/** The version whose findings the exemptions answer; `tools/checkov/requirements.txt` pins it. */
export const CHECKOV: PythonTool = { name: "checkov", version: "3.3.30" };

/** One scanner over one stack. */
export interface StackScan {
  readonly tool: "kube-score" | "checkov";
  readonly stack: string;
  readonly objects: number;
  readonly scan: Scan;
}

/** Every scanner over every stack; throws when one passes over a workload, since silence would then look like praise. */
export async function scanCharts(all: readonly Rendered[], context: ResolveContext): Promise<StackScan[]> {
  const { "kube-score": kubeScore = "kube-score" } = await resolveTools(["kube-score"], context);
  const checkov = await resolvePythonTool(CHECKOV, context);
  const { signal } = context;
  const scans = all.flatMap((rendered) => [
    watched("kube-score", rendered, scanWithKubeScore(kubeScore, rendered, signal), context),
    watched("checkov", rendered, scanWithCheckov(checkov, rendered, signal), context),
  ]);
  return Promise.all(scans);
}

async function watched(
  tool: StackScan["tool"],
  { stack, objects }: Rendered,
  work: Promise<Scan>,
  { progress }: ResolveContext,
): Promise<StackScan> {
  const line = progress.begin(`${tool} on ${stack}`);
  const scan = await work.finally(() => line.end("ended"));
  const overlooked = objects
    .filter(isWorkload)
    .map(nameOf)
    .filter((name) => !scan.examined.has(name));
  if (overlooked.length === 0) return { tool, stack, objects: objects.length, scan };
  throw new DeployError("SPARKI_OUTSIDE", `${tool} passed over ${overlooked.join(", ")} of ${stack}`);
}

function isWorkload({ kind }: ChartObject): boolean {
  return ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"].includes(kind);
}

/** What a scanner does not like about one object of one stack. */
export interface Finding {
  readonly tool: "kube-score" | "checkov";
  /** The scanner's own id of the check, such as CKV_K8S_16. */
  readonly check: string;
  readonly stack: string;
  /** Kind and name, such as Deployment/engine-fleet. */
  readonly object: string;
  readonly what: string;
}

/** One scanner's reading of one stack's charts. */
export interface Scan {
  readonly findings: readonly Finding[];
  /** How many checks of objects were made, those that found something among them. */
  readonly checks: number;
  /** Kind and name of every object that a check was made of. */
  readonly examined: ReadonlySet<string>;
}

/** What the charts of one stack render. */
export interface Rendered {
  readonly stack: string;
  readonly objects: readonly ChartObject[];
}

interface ChartObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Kind and name, as findings and exemptions call an object. */
function nameOf({ kind, metadata }: ChartObject): string {
  return `${kind}/${metadata.name}`;
}

/** A check's best grade; every lower one is a finding. */
const ALL_OK = 10;

/**
 * Checks that kube-score makes only when asked to. Left out: requests equal to limits for CPU, which the charts set apart
 * on purpose, and seccomp, for which it reads an annotation that Kubernetes has given up; checkov reads the field.
 */
const OPTIONAL = ["container-ports-check", "container-memory-requests-equal-limits"];

const REPORT = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ path: z.string(), summary: z.string() })).nullable(),
      }),
    ),
  }),
);

/** Runs kube-score over one stack's objects; annotations that would silence it are not read. */
async function scanWithKubeScore(path: string, rendered: Rendered, signal: AbortSignal): Promise<Scan> {
  const { version } = stackConfig(rendered.stack).cluster;
  const flags = [
    "--kubernetes-version",
    `v${version}`,
    "--disable-ignore-checks-annotations",
    "--output-format",
    "json",
  ];
  const optional = OPTIONAL.flatMap((id) => ["--enable-optional-test", id]);
  const child = spawn(path, ["score", ...flags, ...optional, "-"], { env: {}, signal });
  const failed = new Promise<never>((_, reject) => child.on("error", reject));
  child.stdin.end(rendered.objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const [stdout, stderr] = await Promise.race([Promise.all([text(child.stdout), text(child.stderr)]), failed]);
  return readKubeScore(stdout, stderr, rendered.stack);
}

/** Reads kube-score's report; what is not a report is a failure, never an empty one. */
export function readKubeScore(stdout: string, stderr: string, stack: string): Scan {
  const objects = parse(stdout, stderr).map(({ type_meta, object_meta, checks }) => ({
    object: nameOf({ kind: type_meta.kind, metadata: object_meta }),
    checks: checks.filter(({ skipped }) => !skipped),
  }));
  const findings = objects.flatMap(({ object, checks }) =>
    checks
      .filter(({ grade }) => grade < ALL_OK)
      .map(({ check, comments }): Finding => {
        const what = [...new Set((comments ?? []).map(({ summary }) => summary))].join("; ");
        return { tool: "kube-score", check: check.id, stack, object, what };
      }),
  );
  return {
    findings,
    checks: objects.reduce((sum, { checks }) => sum + checks.length, 0),
    examined: new Set(objects.filter(({ checks }) => checks.length > 0).map(({ object }) => object)),
  };
}

function parse(stdout: string, stderr: string): z.infer<typeof REPORT> {
  try {
    return REPORT.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", `kube-score made no report: ${stderr.trim().slice(-2000)}`, { cause });
  }
}

/** What Helm renders of every chart for every stack, with the stack's own config, as the charts' tests do. */
export function renderedCharts(progress: Progress): Rendered[] {
  return STACKS.map((stack) => {
    const line = progress.begin(`rendering the charts of ${stack}`);
    const workloads = WORKLOADS.flatMap((workload) =>
      TRACKS.flatMap((track) => renderWorkload(stack, workload, track)),
    );
    const objects = [...workloads, ...renderMonitoring(stack)];
    line.end(`${objects.length} objects`);
    return { stack, objects };
  });
}

const CHECK = z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string() });

const CHECKOV_REPORT = z.object({
  results: z.object({
    passed_checks: z.array(CHECK),
    failed_checks: z.array(CHECK),
    skipped_checks: z.array(CHECK),
    parsing_errors: z.array(z.string()),
  }),
});

/** Runs checkov over one stack's objects; it sees nothing but them and asks no server. */
async function scanWithCheckov(path: string, rendered: Rendered, signal: AbortSignal): Promise<Scan> {
  const folder = temporaryFolder("checkov");
  try {
    const objects = join(folder, "objects");
    await mkdir(objects);
    // A file each: checkov passes over a whole file when it cannot read one object in it, and says nothing.
    for (const [index, object] of rendered.objects.entries())
      await writeFile(join(objects, `${index}.json`), JSON.stringify(object));
    return readCheckov(await run(path, folder, signal), rendered);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Home is the empty folder too, so that no account's settings make checkov ask its platform. */
function run(path: string, folder: string, signal: AbortSignal): Promise<string> {
  const flags = ["--framework", "kubernetes", "--skip-download", "--compact", "--output", "json"];
  const env = { PATH: "/usr/bin:/bin", HOME: folder, CHECKOV_SKIP_PACKAGE_UPDATE_CHECK: "true" };
  const options = { cwd: folder, env, signal, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(path, ["--directory", "objects", ...flags], options, (error, stdout, stderr) => {
      // Its exit code is 1 both for findings and for most failures; the report tells them apart.
      if (stdout.trimStart().startsWith("{")) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      else
        reject(
          new DeployError("SPARKI_OUTSIDE", `checkov made no report: ${stderr.trim().slice(-2000)}`, { cause: error }),
        );
    });
  });
}

/** Reads checkov's report; a check that an annotation silences is a finding, an object that it could not read a failure. */
export function readCheckov(report: string, { stack, objects }: Rendered): Scan {
  const { passed_checks, failed_checks, skipped_checks, parsing_errors } = CHECKOV_REPORT.parse(
    JSON.parse(report),
  ).results;
  if (parsing_errors.length > 0)
    throw new DeployError("SPARKI_OUTSIDE", `checkov could not read objects of ${stack}: ${parsing_errors.join(", ")}`);
  const objectOf = (file: string) => {
    const object = objects[Number(posix.basename(file, ".json"))];
    if (object === undefined)
      throw new DeployError("SPARKI_OUTSIDE", `checkov reports on ${file}, which it was not given`);
    return nameOf(object);
  };
  const findings = [...failed_checks, ...skipped_checks].map(
    ({ check_id, check_name, file_path }): Finding => ({
      tool: "checkov",
      check: check_id,
      stack,
      object: objectOf(file_path),
      what: check_name,
    }),
  );
  const examined = [...passed_checks, ...failed_checks, ...skipped_checks];
  return { findings, checks: examined.length, examined: new Set(examined.map(({ file_path }) => objectOf(file_path))) };
}

/** The audit in lines for a person: what was checked, what is wrong, and what is meant to be so. */
export function auditText(scans: readonly StackScan[], judgement: Judgement, exemptions: readonly Exemption[]): string {
  const looked = scans.map(({ tool, stack, objects, scan }) => {
    const count = `${objects} objects, ${scan.checks} checks, ${scan.findings.length} findings`;
    return `${tool.padEnd(10)}  ${stack.padEnd(8)} ${count}`;
  });
  const exempt = exemptions.map(({ tool, check, objects, reason }) =>
    [`exempt  ${tool} ${check}: ${objects.join(", ")}`, `        ${reason}`].join("\n"),
  );
  return [
    ...looked,
    ...exempt,
    ...judgement.open.map(openLine),
    ...judgement.unused.map(unusedLine),
    outcome(judgement),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function openLine({ tool, check, stack, object, what }: Finding): string {
  return `FINDING ${tool} ${check}: ${object} of ${stack}: ${what}`;
}

function unusedLine({ tool, check, objects }: Exemption): string {
  return `UNUSED  ${tool} ${check}: no finding for ${objects.join(", ")}`;
}

function outcome({ open, exempt, unused }: Judgement): string {
  if (open.length + unused.length === 0) return `passed: every finding is exempt with a reason (${exempt.length})`;
  return `failed: ${open.length} findings to fix or exempt in apps/charts/exemptions.yaml, ${unused.length} exemptions to remove`;
}

const EXEMPTION = z.strictObject({
  tool: z.enum(["kube-score", "checkov"]),
  check: z.string().min(1),
  objects: z.array(z.string().regex(/^[A-Z]\w+\/[a-z0-9-]+$/, "expected Kind/name")).min(1),
  reason: z.string().min(20, "expected a reason that a reader can judge"),
});

/** Objects for which a check's finding is not followed, and why. */
export type Exemption = z.infer<typeof EXEMPTION>;

interface Judgement {
  /** Findings that no exemption covers. */
  readonly open: readonly Finding[];
  /** Findings that are covered. */
  readonly exempt: readonly Finding[];
  /** Exemptions, an object each, that no finding of any stack needs. */
  readonly unused: readonly Exemption[];
}

const FILE = join(import.meta.dirname, "..", "apps", "charts", "exemptions.yaml");

/** The exemptions that the repository keeps beside its charts. */
export function chartExemptions(): Exemption[] {
  return z.array(EXEMPTION).parse(parseYaml(readFileSync(FILE, "utf8")));
}

/** Sets findings against exemptions; one that covers nothing is told too, for it would hide what comes later. */
export function judge(findings: readonly Finding[], exemptions: readonly Exemption[]): Judgement {
  const each = exemptions.flatMap((exemption) =>
    exemption.objects.map((object) => ({ ...exemption, objects: [object] })),
  );
  const isExempt = (finding: Finding) => each.some((exemption) => covers(exemption, finding));
  return {
    open: findings.filter((finding) => !isExempt(finding)),
    exempt: findings.filter(isExempt),
    unused: each.filter((exemption) => !findings.some((finding) => covers(exemption, finding))),
  };
}

function covers({ tool, check, objects }: Exemption, finding: Finding): boolean {
  return tool === finding.tool && check === finding.check && objects.includes(finding.object);
}

// Run: npm run audit:charts
if (process.argv[1] === import.meta.filename) void command(audit);

/** Audits the charts of every stack; refuses a finding that is neither fixed nor exempt, and an exemption without one. */
async function audit(signal: AbortSignal): Promise<number> {
  const progress = lineProgress(process.stderr);
  const context = { env: process.env, progress, signal };
  await resolveTools(["helm"], context);
  const scans = await scanCharts(renderedCharts(progress), context);
  const exemptions = chartExemptions();
  const judgement = judge(
    scans.flatMap(({ scan }) => scan.findings),
    exemptions,
  );
  process.stdout.write(auditText(scans, judgement, exemptions));
  return (judgement.open.length + judgement.unused.length === 0 ? EXIT.done : EXIT.refused).code;
}
