import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** The block of docs/extending.md that is marked with that word, as it stands there. */
export function block(mark: string): string {
  const page = readFileSync(join(ROOT, "docs", "extending.md"), "utf8");
  const lines = page.split("\n");
  const from = lines.findIndex((line) => /^ *```\w+ /.test(line) && line.trimEnd().endsWith(` ${mark}`));
  if (from < 0) throw new Error(`docs/extending.md has no block ${mark}`);
  const indent = (lines[from] ?? "").search(/\S/);
  const to = lines.findIndex((line, index) => index > from && line.trim() === "```");
  return `${lines
    .slice(from + 1, to)
    .map((line) => line.slice(indent))
    .join("\n")}\n`;
}

/**
 * A copy of the project as git has it, in which a recipe can be followed; committed, with another config of prod where one
 * is given, which is then what is live.
 */
export function copyForRecipe(directory: string, live?: (config: string) => string): void {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: directory, encoding: "utf8", stdio: "pipe" });
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0").filter(Boolean);
  for (const file of files.filter((each) => !each.startsWith("test/"))) {
    mkdirSync(join(directory, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(directory, file));
  }
  // A plan is sealed from plain files only: hard links, which cost a second.
  execFileSync("cp", ["-al", join(ROOT, "node_modules"), join(directory, "node_modules")]);
  const config = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");
  const file = join(directory, "Pulumi.prod.yaml");
  writeFileSync(file, live?.(config) ?? config);
  git("init", "--quiet");
  git("add", "--all");
  git(
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.invalid",
    "commit",
    "--quiet",
    "--message",
    "What is live",
  );
  writeFileSync(file, config);
}

/** Puts a text behind another one that stands in a file once. */
export function insertAfter(file: string, before: string, text: string): void {
  const found = readFileSync(file, "utf8");
  const [head, tail, ...more] = found.split(before);
  if (tail === undefined || more.length > 0) throw new Error(`${file} has ${JSON.stringify(before)} not once`);
  writeFileSync(file, `${head}${before}${text}${tail}`);
}
