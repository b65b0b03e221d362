/**
 * Makes each property of each AWS resource of a stack's program wrong, once in each way that its published schema tells,
 * and prints which share of it a preview refuses, by kind, and what it lets pass.
 */
import { parseArgs } from "node:util";
import { outliveReaders } from "../../io/signals.ts";
import { previewedProgram } from "../support/previewed-program.ts";
import { judged } from "./judged.ts";
import { KINDS } from "./mutations.ts";

outliveReaders([process.stdout, process.stderr]);

const LEAST_SHARE = 0.95;

const { values } = parseArgs({ options: { stack: { type: "string", default: "prod" } } });
const resources = await previewedProgram(values.stack);
const { refused, passed } = judged(resources);

const share = (of: number, all: number) => (all === 0 ? "" : `${((100 * of) / all).toFixed(1)} %`);
const row = (...cells: readonly (string | number)[]) =>
  `${String(cells[0]).padEnd(26)}${cells
    .slice(1)
    .map((cell) => String(cell).padStart(9))
    .join("")}`;
const lines = KINDS.map((kind) => {
  const [yes, no] = [refused, passed].map((list) => list.filter((each) => each.kind === kind).length);
  return row(kind, yes ?? 0, (yes ?? 0) + (no ?? 0), share(yes ?? 0, (yes ?? 0) + (no ?? 0)));
});
const all = refused.length + passed.length;
const passing = [...new Set(passed.map(({ type, path, kind }) => `${type} ${path}: ${kind}`))].sort();
process.stdout.write(
  [
    `${resources.length} AWS resources of ${values.stack}`,
    row("made wrong", "refused", "of", "share"),
    ...lines,
    row("all", refused.length, all, share(refused.length, all)),
    "",
    ...(passing.length === 0
      ? ["nothing passes"]
      : [`passes (${passing.length}, each once):`, ...passing.map((line) => `  ${line}`)]),
    "",
  ].join("\n"),
);
process.exitCode = refused.length >= LEAST_SHARE * all ? 0 : 1;
