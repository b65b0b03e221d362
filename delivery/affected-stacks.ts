import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeployError } from "../shared/deploy-error.ts";
import { stackNameIn } from "../stacks/stack-name.ts";

const ROOT = join(import.meta.dirname, "..");

/** What no deployment is made from. */
const NO_INPUT = /^(?:docs|test|rehearsal|\.ci|\.github)\/|^[^/]+\.md$|^LICENSE$|^biome\.json$|^jest\.config\.mjs$/;
const CONFIG = /^Pulumi\.(.+)\.yaml$/;

/** Whether a deployment may be made from a file of the project. */
export function isInput(file: string): boolean {
  return !NO_INPUT.test(file);
}

/** Those of the stacks whose plan a change of these files may change: a stack's own config is its alone, the program is everyone's. */
export function affectedStacks(changed: readonly string[], stacks: readonly string[]): readonly string[] {
  const inputs = changed.filter(isInput);
  return stacks.filter((stack) => inputs.some((file) => (CONFIG.exec(file)?.[1] ?? stack) === stack));
}

/** The stacks that a JSON list names; throws SPARKI_USAGE for anything else, such as a name that no stack can have. */
export function stacksIn(text: string): readonly string[] {
  const found: unknown = parsed(text);
  const isNames = Array.isArray(found) && found.every((name) => typeof name === "string" && isStackName(name));
  if (isNames) return found;
  throw new DeployError("SPARKI_USAGE", `the stacks are ${JSON.stringify(text)}; expected a JSON list of their names`, {
    hint: 'set the repository\'s variable SPARKI_STACKS, such as ["staging", "prod"]',
  });
}

function isStackName(name: string): boolean {
  return stackNameIn(name)?.stack === name;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Reads changed files from stdin, a line each, and writes which of the stacks they affect. Run: node delivery/affected-stacks.ts '["prod"]'
if (import.meta.main) {
  const stacks = stacksIn(process.argv[2] ?? "").filter((stack) => existsSync(join(ROOT, `Pulumi.${stack}.yaml`)));
  const changed = readFileSync(0, "utf8").split("\n").filter(Boolean);
  process.stdout.write(`${JSON.stringify(affectedStacks(changed, stacks))}\n`);
}
