import { join, resolve } from "node:path";
import type { Environment } from "../io/seal/environment.ts";
import { sealedRunIn } from "../io/seal/sealed-run.ts";

/** Where the program is: the folder of Pulumi.yaml; of a command that runs from a seal, the sealed copy's. */
export const PROJECT_DIRECTORY = join(import.meta.dirname, "..");

/** What this process runs from; undefined outside of a sealed copy. */
export const SEALED = sealedRunIn(PROJECT_DIRECTORY, process.env);

/** The folder that people work in: plans, reports and rehearsals are left in its `.sparki`. */
export const CHECKOUT_DIRECTORY = SEALED?.run.checkout ?? PROJECT_DIRECTORY;

/**
 * What a sealed copy sets for the engine itself: compiled code is kept outside of it, no plugin is taken from PATH, and
 * what Node runs for it loads modules of the copy alone.
 */
export function sealedEnvironment({ NODE_COMPILE_CACHE, NODE_OPTIONS }: Environment): Readonly<Record<string, string>> {
  if (SEALED === undefined || NODE_COMPILE_CACHE === undefined) return {};
  const compiled = { NODE_COMPILE_CACHE, NODE_COMPILE_CACHE_PORTABLE: "1" };
  return { ...compiled, ...(NODE_OPTIONS && { NODE_OPTIONS }), PULUMI_IGNORE_AMBIENT_PLUGINS: "true" };
}

/** Where the reports of deploys and rollbacks are, beside the plans. */
export const DEPLOYS_DIRECTORY = join(CHECKOUT_DIRECTORY, ".sparki", "deploys");

/** Where rehearsals keep their runs: SPARKI_REHEARSAL_DIRECTORY, or `.sparki/rehearsal` in the checkout. */
export function runsDirectory({ env, cwd }: { readonly env: Environment; readonly cwd: string }): string {
  const own = env.SPARKI_REHEARSAL_DIRECTORY;
  return own ? resolve(cwd, own) : join(CHECKOUT_DIRECTORY, ".sparki", "rehearsal");
}
