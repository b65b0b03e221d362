/**
 * Negates each condition of each policy, and takes each `&&` and `||` apart, one change at a time in all files of
 * policies at once, and runs their tests: every mutant must be killed. Prints the table, keeps it in
 * policies/mutation.json, and fails on a survivor. With names of files, such as `database`, it tries only those, and keeps
 * what is known of the others.
 * Run: node tools/mutate-policies.ts [FILE ...]
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outliveReaders } from "../io/signals.ts";
import { policies, subjectOf } from "../policies/all.ts";
import { fingerprint, type MutationRecord, mutationRecord } from "../policies/controls/report.ts";
import { EXIT } from "../shared/deploy-error.ts";
import { type Mutant, mutantsOf, Workspace } from "./mutation/workspace.ts";

outliveReaders([process.stdout, process.stderr]);

const NAMED = process.argv.slice(2);
const DIRECTORY = join(import.meta.dirname, "..", "policies");

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
