import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "./environment.ts";
import { type Contents, contentsBelow, contentsOf } from "./files.ts";
import { pluginHashes, type UsedPlugin } from "./plugins.ts";
import type { Seal, SealedRun } from "./seal.ts";
import { readSource } from "./source.ts";
import { storeDirectory } from "./store.ts";

/** Whether a project's folder is the sealed copy that a command was started in: it is one only in the user's store. */
export function isSealedRun(project: string, env: Environment): boolean {
  const folder = dirname(project);
  return basename(project) === "tree" && dirname(folder) === join(storeDirectory(env), "runs");
}

/** Where a sealed command was called from, and what it runs from; undefined outside of a sealed copy. */
export function sealedRunIn(
  project: string,
  env: Environment,
): { readonly run: SealedRun; readonly seal: Seal } | undefined {
  const [runFile, sealFile] = [join(project, "..", "run.json"), join(project, "..", "seal.json")];
  if (!isSealedRun(project, env) || !existsSync(runFile)) return undefined;
  const run: SealedRun = JSON.parse(readFileSync(runFile, "utf8"));
  const seal: Seal = JSON.parse(readFileSync(sealFile, "utf8"));
  return { run, seal };
}

/** What a seal is besides its files and its commit, where a program runs from no sealed copy: nothing vouches for it. */
const UNSEALED = {
  gaps: ["it does not run from a sealed copy"],
  configFile: null,
  dependencies: { lock: "", content: "as installed", name: null },
  tools: {},
  environment: {},
};

/**
 * What a project's folder is, as it is now: of a sealed copy, its seal with the files as they are found there; of any
 * other folder, a description that cannot be approved.
 */
export function sealNow(project: string, stack: string, env: Environment): Seal {
  const sealed = sealedRunIn(project, env);
  if (sealed !== undefined) return { ...sealed.seal, files: contentsBelow(project, "node_modules") };
  const { commit = null, files } = readSource(project, env);
  return { stack, commit, files: contentsOf(files), ...UNSEALED };
}

/**
 * The providers' plugins that a sealed copy uses, and these further ones, by name their hashes; none outside of one: nothing
 * vouches for them.
 */
export function pluginsNow(
  project: string,
  env: Environment,
  further: readonly UsedPlugin[],
): Readonly<Record<string, string>> {
  return sealedRunIn(project, env) === undefined ? {} : pluginHashes(project, env, further);
}

/** The files of a seal by what they are to a plan: the stack's config, the charts, and all else. */
export function filesOf(
  { files, stack }: Pick<Seal, "files" | "stack">,
  part: "config" | "charts" | "program",
): Contents {
  const partOf = (path: string) => {
    if (path === `Pulumi.${stack}.yaml`) return "config";
    return path.startsWith("apps/charts/") ? "charts" : "program";
  };
  return Object.fromEntries(Object.entries(files).filter(([path]) => partOf(path) === part));
}
