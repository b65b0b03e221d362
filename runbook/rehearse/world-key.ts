import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { sealNow } from "../../io/seal/sealed-run.ts";
import type { Ports } from "../command.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import type { SessionOptions } from "./rehearsal-session.ts";

/** What no world is made of. */
const UNUSED = /^(docs|test|\.github|\.ci)\/|\.md$/;
const STACK_CONFIG = /^Pulumi\..+\.yaml$/;

/** Where worlds are kept: in the user's own cache. */
export function worldsFolder(env: Ports["env"]): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "worlds");
}

/**
 * Names all that a world in which a stack's own release is promoted is made of: every file of the program, its own
 * config, charts and lock file, the tools, Node, the seed, and the day, which is in the rehearsed config.
 */
export function worldKey(
  { stack, seed, providers = "simulated" }: Pick<SessionOptions, "stack" | "seed" | "providers">,
  tools: Readonly<Record<string, string>>,
  { clock, env }: Pick<Ports, "clock" | "env">,
): string {
  const { files } = sealNow(PROJECT_DIRECTORY, stack, env);
  // A sealed command runs copies of the same programs from another place.
  const programs = Object.entries(tools).map(([name, path]) => `${name} ${statSync(path).size}`);
  const made = {
    files: Object.entries(files).filter(([path]) => isUsed(path, stack)),
    programs: programs.sort(),
    node: [process.version, process.arch],
    seed,
    providers,
    user: process.getuid?.(),
    day: new Date(clock.now() * 1000).toISOString().slice(0, 10),
  };
  return `${stack}-${createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 20)}`;
}

function isUsed(path: string, stack: string): boolean {
  return STACK_CONFIG.test(path) ? path === `Pulumi.${stack}.yaml` : !UNUSED.test(path);
}
