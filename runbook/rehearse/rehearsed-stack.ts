import { readStack } from "../preflight/stack-file.ts";
import { PROJECT_DIRECTORY } from "../project.ts";

/**
 * The stack that `--stack` names, prod when it is left out, as its own file in the project configures it; throws
 * SPARKI_CONFIG with every problem, before anything is made or said.
 */
export function rehearsedStack(option: string | boolean | undefined): string {
  return readStack(option, { cwd: PROJECT_DIRECTORY, env: {} }).stack;
}
