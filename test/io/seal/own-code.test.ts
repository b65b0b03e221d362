import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const START = join(import.meta.dirname, "..", "..", "..", "runbook", "sparki.ts");

/** Everything that a module loads before its first line runs, types left out. */
function loadedBy(file: string, seen = new Map<string, string>()): Map<string, string> {
  const text = readFileSync(file, "utf8");
  for (const match of text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+"([^"]+)"/gm)) {
    const target = match[1] ?? "";
    if (target.startsWith("node:")) continue;
    const module = target.startsWith(".") ? resolve(dirname(file), target) : target;
    if (seen.has(module)) continue;
    seen.set(module, file);
    if (target.startsWith(".")) loadedBy(module, seen);
  }
  return seen;
}

describe("what sparki runs before a sealed command", () => {
  it("is Node's and this project's code alone: an edited package of the checkout has no say (X05)", () => {
    const loaded = loadedBy(START);
    expect(loaded.size).toBeGreaterThan(10);
    expect([...loaded].filter(([module]) => !module.startsWith("/"))).toEqual([]);
  });
});
