/**
 * Negates each condition of each policy, and takes each `&&` and `||` apart, one change at a time in all files of
 * policies at once, and runs their tests: every mutant must be killed. Prints the table, keeps it in
 * policies/mutation.json, and fails on a survivor. With names of files, such as `database`, it tries only those, and keeps
 * what is known of the others.
 * Run: node tools/mutate-policies.ts [FILE ...]
 */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript/lib/typescript.js";
import { outliveReaders } from "../io/signals.ts";
import { policies, subjectOf } from "../policies/all.ts";
import { fingerprint, type MutationRecord, mutationRecord } from "../policies/controls/report.ts";
import { EXIT } from "../shared/deploy-error.ts";
import { temporaryFolder } from "./temporary-folders.ts";

const ROOT = join(import.meta.dirname, "..");
/** What the policies' unit tests import. */
const COPIED = [
  "apps",
  "aws",
  "docs/rotation.md",
  "gates",
  "infra",
  "io",
  "Pulumi.prod.yaml",
  "policies",
  "records",
  "shared",
  "stacks",
  "rehearsal/provider",
  "tools",
  "test/aws",
  "test/longest-first.ts",
  "test/policies",
  "test/support",
  "jest.config.mjs",
  "test/second-try.ts",
];

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** A copy of the policies and their tests, in which sources may be changed. */
class Workspace {
  readonly directory = temporaryFolder("mutants");

  readonly #tests: string;

  /** @param files of policies whose tests run; all when there is none */
  constructor(files: readonly string[] = []) {
    this.#tests = files.length === 0 ? "[^/]+" : `(${files.join("|")})`;
    for (const path of COPIED) {
      mkdirSync(join(this.directory, path, ".."), { recursive: true });
      cpSync(join(ROOT, path), join(this.directory, path), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.directory, "node_modules"));
  }

  writeFile(name: string, source: string): void {
    writeFileSync(join(this.directory, "policies", `${name}.ts`), source);
  }

  /** Runs the policies' tests; gives how many of each test file failed. @throws when a file could not run at all. */
  failures(): Map<string, number> {
    const report = join(this.directory, "report.json");
    // The tests beside the policies; those of the judging, further down, are no policy's.
    const args = [
      `test/policies/${this.#tests}[.]test[.]ts$`,
      "--selectProjects",
      "unit",
      "--json",
      `--outputFile=${report}`,
      "--silent",
    ];
    const jest = spawnSync(join(ROOT, "node_modules", ".bin", "jest"), args, { cwd: this.directory, encoding: "utf8" });
    if (!existsSync(report)) throw new Error(`Jest wrote no report:\n${jest.stderr}`);
    const { testResults }: JestReport = JSON.parse(readFileSync(report, "utf8"));
    return new Map(
      testResults.map(({ name, assertionResults }) => {
        if (assertionResults.length === 0) throw new Error(`${basename(name)} did not run:\n${jest.stderr}`);
        return [basename(name, ".test.ts"), assertionResults.filter(({ status }) => status === "failed").length];
      }),
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Calls whose function argument is a policy's condition. */
const DEMANDS = ["demand", "everyContainer", "everyGrant", "everyAttachment"];

const LOGICAL = [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken];

/** One change to a policy's source that its test must notice. */
interface Mutant {
  readonly line: number;
  readonly what: "says the opposite" | "only its left side" | "only its right side";
  /** The whole source with the change. */
  readonly source: string;
}

/** Every condition saying the opposite, and every `&&` and `||` reduced to either of its sides. */
export function mutantsOf(source: string): Mutant[] {
  const file = ts.createSourceFile("policy.ts", source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const add = (node: ts.Node, what: Mutant["what"], replacement: string) => {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const changed = `${source.slice(0, node.getStart())}${replacement}${source.slice(node.getEnd())}`;
    mutants.push({ line, what, source: changed });
  };
  const visit = (node: ts.Node): void => {
    const condition = conditionIn(node);
    if (condition !== undefined)
      add(condition, "says the opposite", `((...args) => !(${condition.getText()})(...args))`);
    if (ts.isBinaryExpression(node) && LOGICAL.includes(node.operatorToken.kind)) {
      add(node, "only its left side", `(${node.left.getText()})`);
      add(node, "only its right side", `(${node.right.getText()})`);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return mutants;
}

/** The function among a demand's arguments, or its only argument when that names a function. */
function conditionIn(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  if (!DEMANDS.includes(node.expression.text)) return undefined;
  return node.arguments.find((argument) => ts.isArrowFunction(argument)) ?? node.arguments[0];
}

const NAMED = process.argv.slice(2);
const DIRECTORY = join(ROOT, "policies");

interface Subject {
  readonly name: string;
  readonly source: string;
  readonly mutants: readonly Mutant[];
  readonly survivors: Mutant[];
}

function subjects(): Subject[] {
  const files = [...new Set(policies.map(({ name }) => subjectOf(name)))];
  const unknown = NAMED.filter((name) => !files.includes(name));
  if (unknown.length > 0) throw new Error(`no policy file is named ${unknown.join(", ")}: ${files.join(", ")}`);
  return files
    .filter((name) => NAMED.length === 0 || NAMED.includes(name))
    .map((name) => {
      const source = readFileSync(join(DIRECTORY, `${name}.ts`), "utf8");
      return { name, source, mutants: mutantsOf(source), survivors: [] };
    });
}

/** Puts each file's mutant of that number in place, where there is one, runs the tests and puts the sources back. */
function runRound(workspace: Workspace, all: readonly Subject[], number: number): void {
  const mutated = all.flatMap((subject) => {
    const mutant = subject.mutants[number];
    return mutant === undefined ? [] : [{ subject, mutant }];
  });
  for (const { subject, mutant } of mutated) workspace.writeFile(subject.name, mutant.source);
  const failures = workspace.failures();
  for (const { subject, mutant } of mutated) {
    if ((failures.get(subject.name) ?? 0) === 0) subject.survivors.push(mutant);
    workspace.writeFile(subject.name, subject.source);
  }
}

function report(all: readonly Subject[]): boolean {
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, mutants, survivors } of all) {
    const lines = survivors.map(({ line, what }) => `\n  survives: line ${line}, ${what}`).join("");
    process.stdout.write(`${name.padEnd(width)} ${mutants.length - survivors.length}/${mutants.length}${lines}\n`);
  }
  const total = all.reduce((sum, { mutants }) => sum + mutants.length, 0);
  const survived = all.reduce((sum, { survivors }) => sum + survivors.length, 0);
  const untested = all.filter(({ mutants }) => mutants.length === 0).map(({ name }) => name);
  process.stdout.write(`${total - survived} of ${total} mutants killed\n`);
  if (untested.length > 0) process.stdout.write(`without a condition: ${untested.join(", ")}\n`);
  return survived === 0 && untested.length === 0;
}

function keep(all: readonly Subject[]): void {
  const entries = all.map(({ name, mutants, survivors }) => {
    const entry = {
      mutants: mutants.length,
      killed: mutants.length - survivors.length,
      sources: fingerprint(name),
    };
    return [name, entry] as const;
  });
  const before = NAMED.length === 0 ? {} : mutationRecord();
  const record: MutationRecord = { ...before, ...Object.fromEntries(entries) };
  writeFileSync(join(DIRECTORY, "mutation.json"), `${JSON.stringify(record, null, 2)}\n`);
}

if (import.meta.main) {
  outliveReaders([process.stdout, process.stderr]);
  const workspace = new Workspace(NAMED);
  try {
    const failing = [...workspace.failures()].filter(([, count]) => count > 0).map(([name]) => name);
    if (failing.length > 0) throw new Error(`tests fail without any mutant: ${failing.join(", ")}`);
    const all = subjects();
    const rounds = Math.max(...all.map(({ mutants }) => mutants.length));
    for (let number = 0; number < rounds; number++) runRound(workspace, all, number);
    keep(all);
    process.exitCode = (report(all) ? EXIT.done : EXIT.refused).code;
  } finally {
    workspace.remove();
  }
}
