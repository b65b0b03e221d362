import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commandRunner } from "../../io/child-command.ts";
import { linkPackages } from "../../rehearsal/project.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { readStack, stackConfigIn } from "../preflight/stack-file.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";

/** What is live before a rehearsed upgrade: a config, and the program and the charts that go with it. */
export interface LiveBefore {
  /** The text of the stack's config file. */
  readonly config: string;
  /** It is of a git commit, whose program may not have had every service. */
  readonly isEarlier: boolean;
  /** The folder to deploy it from; a git commit's is made in `target`. */
  checkout(target: string): Promise<string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what `--from` names: a config file, which goes with the program and the charts here, or a git commit with its own.
 * Throws SPARKI_USAGE for neither, and SPARKI_CONFIG with every problem of that config.
 */
export async function liveBefore(from: string, stack: string, cwd: string, env: Environment): Promise<LiveBefore> {
  const file = resolve(cwd, from);
  if (existsSync(file)) {
    const config = readFileSync(file, "utf8");
    stackConfigIn(config, { file, stack });
    return { config, isEarlier: false, checkout: async () => PROJECT_DIRECTORY };
  }
  const git = commandRunner("git", env);
  const asked = async (args: readonly string[]) => {
    const { code, stdout } = await git(args, { cwd: CHECKOUT_DIRECTORY });
    return code === 0 ? stdout : undefined;
  };
  const commit = (await asked(["rev-parse", "--verify", "--quiet", "--end-of-options", `${from}^{commit}`]))?.trim();
  if (!commit) throw unknown(from);
  const path = `Pulumi.${stack}.yaml`;
  const config = await asked(["show", `${commit}:./${path}`]);
  if (config === undefined) throw unknown(from, `; git commit ${commit.slice(0, 12)} has no ${path}`);
  stackConfigIn(config, { file: `${from}:${path}`, stack, isEarlier: true });
  const checkout = async (target: string) => {
    mkdirSync(target, { recursive: true });
    const archive = join(target, "..", "checkout-from.tar");
    const packed = await git(["archive", "--format=tar", `--output=${archive}`, commit], { cwd: CHECKOUT_DIRECTORY });
    if (packed.code !== 0) throw new DeployError("SPARKI_OUTSIDE", `git archive ${from}: ${packed.stderr.trim()}`);
    const unpacked = await commandRunner("tar", env)(["-xf", archive, "-C", target]);
    if (unpacked.code !== 0) throw new DeployError("SPARKI_OUTSIDE", `tar: ${unpacked.stderr.trim()}`);
    linkPackages(PROJECT_DIRECTORY, target);
    return target;
  };
  return { config, isEarlier: true, checkout };
}

function unknown(from: string, why = ""): DeployError {
  const found = `--from is ${JSON.stringify(from)}; expected a config file, or a git commit, branch or tag that has one`;
  return new DeployError("SPARKI_USAGE", `${found}${why}`, { hint: "npx sparki rehearse upgrade --from origin/main" });
}

/**
 * The stack that `--stack` names, prod when it is left out, as its own file in the project configures it; throws
 * SPARKI_CONFIG with every problem, before anything is made or said.
 */
export function rehearsedStack(option: string | boolean | undefined): string {
  return readStack(option, { cwd: PROJECT_DIRECTORY, env: {} }).stack;
}
