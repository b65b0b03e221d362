import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Entries } from "./fingerprint.ts";

/** The program, what its jobs run beside it, and the pack that judges it. */
const ENTRIES = ["index.ts", "runbook/io/run-job.ts", "policies/main.ts"];
/** What decides which code the packages' imports come to, the project's settings, and how the policies are started. */
const BESIDE = ["package-lock.json", "Pulumi.yaml", "policies/pack"];
const CHARTS = "apps/charts";

/** Every source file that the deployment and its policies run, by path, with the SHA-256 of its content. */
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
  return Object.fromEntries(files);
}

/** Every file of every chart, by its path below the charts' folder. */
export function chartEntries(projectDirectory: string): Entries {
  const folder = join(projectDirectory, CHARTS);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [relative(folder, file), sha256(readFileSync(file))]));
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The relative imports of a module, its types too: they are part of what a reviewer has read. */
function importsOf(text: string): string[] {
  const found = text.matchAll(/\bfrom\s+"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"|^import\s+"(\.[^"]+)"/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
