import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { begins, evaluate, filledIn, type Status, textOf, type Value, type Values } from "./github-expressions.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const values = z.record(z.string(), z.unknown()).default({});
const stepSchema = z.object({
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: values,
  env: values,
});
const jobSchema = z.object({
  if: z.string().optional(),
  needs: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  uses: z.string().optional(),
  with: values,
  concurrency: z.object({ group: z.string() }).optional(),
  environment: z.string().optional(),
  strategy: z.object({ matrix: z.object({ stack: z.string() }) }).optional(),
  "runs-on": z.string().optional(),
  defaults: z.object({ run: z.object({ "working-directory": z.string().optional() }) }).optional(),
  env: values,
  outputs: values,
  steps: z.array(stepSchema).default([]),
});
type Job = z.infer<typeof jobSchema>;
const workflowSchema = z.object({ jobs: z.record(z.string(), jobSchema) });

/** How a job ended, one run of it for each value of its matrix; those of a called workflow stand below its caller's name. */
export interface JobRun {
  readonly name: string;
  readonly result: "success" | "failure" | "skipped";
  readonly outputs: Values;
  readonly runner: string;
  readonly environment: string;
  readonly group: string;
  /** The roles at AWS that it took. */
  readonly roles: readonly string[];
  /** Of the script that failed; 0 where none did. */
  readonly exitCode: number;
}

/** What stands in for sparki: what a command writes and ends with; a deployment of another hash than `now` ends with 1. */
export interface Answers {
  readonly plan: { readonly exitCode: number; readonly document: unknown };
  readonly now: string;
  /** What `sparki plan --compare` writes and ends with. @default what the plan does */
  readonly compared?: { readonly exitCode: number; readonly document: unknown };
  readonly exitCodes?: Readonly<Record<string, number>>;
  /** What `sparki controls` writes. */
  readonly controls?: unknown;
  /** What Pulumi Cloud answers with. @default 202 */
  readonly status?: number;
}

const issuesSchema = z.array(z.object({ number: z.number(), title: z.string(), body: z.string(), state: z.string() }));
const githubSchema = z.object({
  comments: z.array(z.object({ id: z.number(), body: z.string() })),
  issues: issuesSchema,
});

/** Writes down its call and answers as it is told to; no option of sparki's is known here. */
const SPARKI = `#!/usr/bin/env node
const { appendFileSync, readFileSync } = require("node:fs");
const [command, ...options] = process.argv.slice(2).filter((each) => each !== "sparki");
const { plan: own, now, compared = own, exitCodes = {}, controls = {} } = JSON.parse(readFileSync(process.env.WORLD + "/answers.json", "utf8"));
const plan = options.includes("--compare") ? compared : own;
appendFileSync(process.env.WORLD + "/calls", JSON.stringify([command, ...options]) + "\\n");
const isOther = command === "deploy" && options[options.indexOf("--approved") + 1] !== now;
process.stdout.write(JSON.stringify(command === "plan" ? plan.document : command === "controls" ? controls : {}));
process.exitCode = isOther ? 1 : (exitCodes[command] ?? (command === "plan" ? plan.exitCode : 0));
`;

/** Writes down what Pulumi Cloud was asked, the token's digits left out, and answers as it is told to. */
const CURL = `#!/usr/bin/env node
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
const { status = 202 } = JSON.parse(readFileSync(process.env.WORLD + "/answers.json", "utf8"));
const after = (flag) => args[args.indexOf(flag) + 1];
const header = args.find((each) => /^@[/]/.test(each));
const authorization = header && readFileSync(header.slice(1), "utf8");
appendFileSync(process.env.WORLD + "/calls", JSON.stringify(["curl", args.at(-1), after("--data"), authorization ?? ""]) + "\\n");
process.stdout.write(String(status));
`;

/** Comments and issues in a file; of a filter only the mark that it looks for is read. */
const GH = `#!/usr/bin/env node
const { readFileSync, writeFileSync } = require("node:fs");
const file = process.env.WORLD + "/github.json";
const github = JSON.parse(readFileSync(file, "utf8"));
const args = process.argv.slice(2);
const after = (flag) => args[args.indexOf(flag) + 1];
const url = args.find((each) => each.startsWith("repos/")).split("?")[0];
const method = args.includes("--method") ? after("--method") : "GET";
const fields = Object.fromEntries(args.flatMap((each, index) => {
  if (!/^--(raw-)?field$/.test(each)) return [];
  const [, key, value] = /^([^=]+)=([^]*)$/.exec(args[index + 1]);
  return [[key, each === "--field" && value.startsWith("@") ? readFileSync(value.slice(1), "utf8") : value]];
}));
const [, comment] = /issues[/]comments[/](\\d+)$/.exec(url) ?? [];
const [, issue] = /issues[/](\\d+)$/.exec(url) ?? [];
if (method === "GET") {
  const mark = /startswith\\("(.+?)"\\)/.exec(after("--jq"))[1];
  const found = url.endsWith("/comments") ? github.comments : github.issues.filter(({ state }) => state === "open");
  for (const { id, number, body } of found) if (body.startsWith(mark)) console.log(id ?? number);
} else if (comment !== undefined) Object.assign(github.comments.find(({ id }) => id === Number(comment)), fields);
else if (issue !== undefined) Object.assign(github.issues.find(({ number }) => number === Number(issue)), fields);
else if (url.endsWith("/comments")) github.comments.push({ id: github.comments.length + 1, ...fields });
else github.issues.push({ number: github.issues.length + 1, state: "open", ...fields });
writeFileSync(file, JSON.stringify(github));
`;

/**
 * Runs the workflows of this repository on this machine: their conditions, matrices, outputs and artifacts as GitHub would,
 * every script by bash, with stand-ins for sparki and for GitHub's own command. Nothing of it reaches a network.
 */
export class GithubRunner {
  readonly #world = mkdtempSync(join(tmpdir(), "sparki-workflows-"));

  /** With files that a commit has changed, and others that it has moved. */
  constructor(changed: readonly string[] = [], moved: Readonly<Record<string, string>> = {}) {
    for (const name of ["bin", "artifacts", "repository"]) mkdirSync(join(this.#world, name));
    for (const [name, text] of Object.entries({ npx: SPARKI, gh: GH, curl: CURL, npm: "#!/bin/sh\n" }))
      writeFileSync(join(this.#world, "bin", name), text, { mode: 0o755 });
    this.#write("github.json", { comments: [], issues: [] });
    const repository = join(this.#world, "repository");
    this.#git("init", "--quiet", "--initial-branch=main");
    const placed = (file: string) => {
      mkdirSync(dirname(join(repository, file)), { recursive: true });
      return join(repository, file);
    };
    for (const file of Object.keys(moved)) writeFileSync(placed(file), `${file} stays as it is\n`);
    this.#git("add", "--all");
    this.#git("commit", "--quiet", "--allow-empty", "--message=before");
    for (const [from, to] of Object.entries(moved)) renameSync(join(repository, from), placed(to));
    for (const file of changed) writeFileSync(placed(file), "changed\n");
    this.#git("add", "--all");
    this.#git("commit", "--quiet", "--allow-empty", "--message=after");
  }

  /** What sparki was called with so far. */
  get calls(): readonly (readonly string[])[] {
    const file = join(this.#world, "calls");
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
    return lines.map((line) => z.array(z.string()).parse(JSON.parse(line)));
  }

  /** What GitHub keeps now. */
  get github() {
    return githubSchema.parse(JSON.parse(readFileSync(join(this.#world, "github.json"), "utf8")));
  }

  answer(answers: Answers): void {
    this.#write("answers.json", answers);
  }

  /** Runs one workflow to its end; jobs that need others come after them in the file. */
  run(file: string, contexts: Values, caller = ""): readonly JobRun[] {
    const { jobs } = workflowSchema.parse(parse(readFileSync(join(ROOT, ".github", "workflows", file), "utf8")));
    const ended = new Map<string, readonly JobRun[]>();
    for (const [name, job] of Object.entries(jobs)) {
      const needed = job.needs.map((need) => [need, together(ended.get(need) ?? [])] as const);
      const needs = Object.fromEntries(needed.map(([need, { outputs, result }]) => [need, { outputs, result }]));
      const results = needed.map(([, { result }]) => result);
      const status = statusOf(
        results.every((each) => each === "success"),
        results.includes("failure"),
      );
      const known = { ...contexts, needs };
      const place = `${caller}${name}`;
      const isOn = begins(job.if, known, status);
      ended.set(name, isOn ? this.#legs(place, job, known) : [skipped(place)]);
    }
    return [...ended.values()].flat();
  }

  remove(): void {
    rmSync(this.#world, { recursive: true });
  }

  #legs(place: string, job: Job, contexts: Values): readonly JobRun[] {
    if (job.uses !== undefined) {
      const inputs = filledValues(job.with, contexts);
      const group = textOf(filledIn(job.concurrency?.group, contexts));
      const called = this.run(job.uses.split("/").at(-1) ?? "", { ...contexts, inputs }, `${place}/`);
      return called.map((run) => ({ ...run, group: run.group || group }));
    }
    const stacks = job.strategy === undefined ? [undefined] : listOf(filledIn(job.strategy.matrix.stack, contexts));
    return stacks.map((stack) =>
      this.#job(stack === undefined ? place : `${place} ${stack}`, job, {
        ...contexts,
        ...(stack !== undefined && { matrix: { stack } }),
      }),
    );
  }

  #job(name: string, job: Job, contexts: Values): JobRun {
    const folder = mkdtempSync(join(this.#world, "job-"));
    const [workspace, temporary] = [join(folder, "workspace"), join(folder, "temporary")];
    for (const each of [workspace, temporary]) mkdirSync(each);
    const jobEnv = filledValues(job.env, contexts);
    const roles: string[] = [];
    const outputs: Record<string, Values> = {};
    let exitCode = 0;
    for (const [index, step] of job.steps.entries()) {
      const known = { ...contexts, env: jobEnv, steps: outputs };
      if (!begins(step.if, known, statusOf(exitCode === 0, exitCode !== 0))) continue;
      const given = filledValues(step.with, known);
      if (step.uses?.startsWith("aws-actions/")) roles.push(textOf(given["role-to-assume"] ?? null));
      if (step.uses !== undefined) {
        if (!this.#action(step.uses, given, workspace)) exitCode ||= 1;
        continue;
      }
      const output = join(temporary, `output-${index}`);
      writeFileSync(output, "");
      const directory = job.defaults?.run["working-directory"] ?? ".";
      const { status } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run ?? ""], {
        cwd: join(workspace, directory),
        env: {
          PATH: `${join(this.#world, "bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
          HOME: folder,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          WORLD: this.#world,
          GITHUB_OUTPUT: output,
          GITHUB_STEP_SUMMARY: join(temporary, "summary"),
          GITHUB_REPOSITORY: textOf(evaluate("github.repository", contexts)),
          RUNNER_TEMP: temporary,
          ...textsOf(jobEnv),
          ...textsOf(filledValues(step.env, known)),
        },
      });
      if (step.id !== undefined) outputs[step.id] = { outputs: outputsIn(readFileSync(output, "utf8")) };
      if (status !== 0) exitCode ||= status ?? 1;
    }
    const known = { ...contexts, steps: outputs };
    return {
      name,
      result: exitCode === 0 ? "success" : "failure",
      outputs: filledValues(job.outputs, known),
      runner: textOf(filledIn(job["runs-on"], contexts)),
      environment: textOf(filledIn(job.environment, contexts)),
      group: textOf(filledIn(job.concurrency?.group, contexts)),
      roles,
      exitCode,
    };
  }

  /** Does what an action would, as far as a later step sees it; false where it would fail. */
  #action(uses: string, given: Values, workspace: string): boolean {
    const artifact = (name: string) => join(this.#world, "artifacts", name);
    const name = textOf(given.name ?? null);
    const path = join(workspace, textOf(given.path ?? null));
    if (uses.startsWith("actions/checkout@")) {
      // Most jobs read no history, and the begin of a process is what costs time here.
      if (given["fetch-depth"] === 2) this.#git("clone", "--quiet", ".", path);
      else mkdirSync(path, { recursive: true });
      if (given.repository === undefined) {
        symlinkSync(join(ROOT, "delivery"), join(path, "delivery"));
        mkdirSync(join(path, "runbook"));
        writeFileSync(join(path, "runbook", "sparki.js"), SPARKI);
      }
    }
    if (uses.startsWith("actions/upload-artifact@") && existsSync(path))
      cpSync(path, artifact(name), { recursive: true });
    if (!uses.startsWith("actions/download-artifact@")) return true;
    const begin = textOf(given.pattern ?? null).replace("*", "");
    const found = readdirSync(artifact("")).filter((each) => (begin === "" ? each === name : each.startsWith(begin)));
    for (const each of found) cpSync(artifact(each), path, { recursive: true });
    return found.length > 0 || begin !== "";
  }

  #write(name: string, content: unknown): void {
    writeFileSync(join(this.#world, name), JSON.stringify(content));
  }

  #git(...args: readonly string[]): void {
    const who = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    const { status, stderr } = spawnSync("git", [...who, ...args], {
      cwd: join(this.#world, "repository"),
      // Whoever runs the tests may sign their commits, or have hooks.
      env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" },
    });
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  }
}

function statusOf(success: boolean, failure: boolean): Status {
  return { success, failure, cancelled: false, always: true };
}

function skipped(name: string): JobRun {
  return { name, result: "skipped", outputs: {}, runner: "", environment: "", group: "", roles: [], exitCode: 0 };
}

/** A job's runs as the jobs that need it see them. */
function together(runs: readonly JobRun[]): Pick<JobRun, "result" | "outputs"> {
  const results = runs.map(({ result }) => result);
  const isSkipped = results.every((result) => result === "skipped");
  const result = results.includes("failure") ? "failure" : isSkipped ? "skipped" : "success";
  return { result, outputs: Object.assign({}, ...runs.map(({ outputs }) => outputs)) };
}

function filledValues(given: Readonly<Record<string, unknown>>, contexts: Values): Values {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, filledIn(value, contexts)]));
}

function textsOf(given: Values): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, textOf(value)]));
}

function listOf(value: Value): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function outputsIn(text: string): Values {
  const lines = text.split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
