import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript/lib/typescript.js";
import { temporaryFolder } from "../temporary-folders.ts";

const ROOT = join(import.meta.dirname, "..", "..");
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
export class Workspace {
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
export interface Mutant {
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
