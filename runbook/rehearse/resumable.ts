import { existsSync } from "node:fs";
import { join } from "node:path";
import { keptRehearsal } from "../../rehearsal/kept-rehearsal.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { Ports } from "../command.ts";
import { runsDirectory } from "../project.ts";
import type { SessionOptions } from "./rehearsal-session.ts";

/** What is said of the rehearsal on the command line; undefined where nothing is. */
interface Wanted {
  readonly seed: number | undefined;
  readonly timeScale: number | undefined;
  readonly providers: SessionOptions["providers"];
}

/**
 * How the stack's last rehearsal is gone on with: with what it was started with. Throws SPARKI_USAGE where there is none,
 * and where something else is wanted than it had.
 */
export function resumable(stack: string, wanted: Wanted, ports: Pick<Ports, "env" | "cwd">): SessionOptions {
  const folder = join(runsDirectory(ports), stack);
  const kept = keptRehearsal(folder);
  if (kept === undefined || !existsSync(join(folder, "world.json"))) {
    const found = kept === undefined ? "no rehearsal" : "a rehearsal that made nothing yet";
    throw new DeployError("SPARKI_USAGE", `--resume finds ${found} in ${folder}; expected what an earlier one left`, {
      hint: `npx sparki rehearse --stack ${stack}, which begins one`,
    });
  }
  for (const [flag, is, had] of [
    ["--seed", wanted.seed, kept.seed],
    ["--time-scale", wanted.timeScale, kept.timeScale],
    ["--providers", wanted.providers, kept.providers],
  ] as const)
    if (is !== undefined && is !== had)
      throw new DeployError(
        "SPARKI_USAGE",
        `${flag} is ${is}; the rehearsal in ${folder} goes on with its own, ${had}`,
        {
          hint: `leave ${flag} out, or begin anew without --resume`,
        },
      );
  return { stack, seed: kept.seed, timeScale: kept.timeScale, providers: kept.providers, kept };
}
