import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
// By its file: unit tests map the package itself to nothing, because Pulumi would load it for each of them.
import ts from "typescript/lib/typescript.js";
import { outliveReaders } from "../io/signals.ts";

/** A text in the code that someone may read: a literal of at least two words. */
export interface Message {
  readonly path: string;
  readonly line: number;
  /** What is filled in stands as `{}`. */
  readonly text: string;
}

const ROOT = join(import.meta.dirname, "..");

/** Every source file of the project, without its tests. */
export function sourceFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "*.ts"], { cwd: ROOT, encoding: "utf8" });
  return listed.split("\n").filter((path) => path !== "" && !path.startsWith("test/"));
}

/** Every message in these files, in order. */
export function messagesIn(paths: readonly string[]): Message[] {
  return paths.flatMap((path) => {
    const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), "utf8"), ts.ScriptTarget.Latest, true);
    const found: Message[] = [];
    const visit = (node: ts.Node): void => {
      const text = textOf(node);
      if (text !== undefined && /[a-z]\S* +\S*[a-z]/i.test(text))
        found.push({ path, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, text });
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  });
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("{}");
}

// Prints every message of the code, each with its place, to be read aloud. Run: npm run messages
if (process.argv[1] === import.meta.filename) printMessages();

function printMessages(): void {
  outliveReaders([process.stdout, process.stderr]);
  for (const { path, line, text } of messagesIn(sourceFiles()))
    process.stdout.write(`${path}:${line}: ${text.replace(/\s+/g, " ").trim()}\n`);
}
