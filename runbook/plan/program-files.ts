import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Entries } from "./fingerprint.ts";

/** The program, and what its jobs run beside it. */
const ENTRIES = ["index.ts", "runbook/io/run-job.ts"];
/** What decides which code the packages' imports come to, and how it is loaded; the project's settings. */
const BESIDE = ["package.json", "package-lock.json", "Pulumi.yaml"];
/** The pack that judges the program: a script that starts it, with more modules than its own imports name. */
const POLICIES = "policies";
const CHARTS = "apps/charts";

/** Every file that the deployment and its policies run or are set by, by path, with the SHA-256 of its content. */
export function programEntries(projectDirectory: string): Entries {
  const files = new Map<string, string>();
  const take = (file: string) => {
    const path = relative(projectDirectory, file);
    if (files.has(path)) return;
    const text = readFileSync(file, "utf8");
    files.set(path, sha256(text));
    if (file.endsWith(".ts")) for (const imported of importsOf(text)) take(resolve(dirname(file), imported));
  };
  for (const file of [...ENTRIES, ...BESIDE]) take(join(projectDirectory, file));
  for (const file of filesBelow(join(projectDirectory, POLICIES))) take(file);
  return Object.fromEntries(files);
}

/** Every file of every chart, by its path below the charts' folder. */
export function chartEntries(projectDirectory: string): Entries {
  const folder = join(projectDirectory, CHARTS);
  return Object.fromEntries(filesBelow(folder).map((file) => [relative(folder, file), sha256(readFileSync(file))]));
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name));
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The relative imports of a module, its types too: they are part of what a reviewer has read. */
function importsOf(text: string): string[] {
  const found = text.matchAll(/\bfrom\s+"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"|^import\s+"(\.[^"]+)"/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
