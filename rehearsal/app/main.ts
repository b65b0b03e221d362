import { enableCompileCache, flushCompileCache } from "node:module";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { log, reasonOf } from "./log.ts";
import { type Settings, settingsFrom } from "./settings.ts";

const USAGE = "usage: main.ts SERVICE | e2e | migrate up | seed-data | sh ...";

/** Runs one command of the stand-in application; the servers run until SIGTERM, the others return their exit code. */
async function main(words: readonly string[], settings: Settings): Promise<number | undefined> {
  const [program, ...rest] = words;
  if (program === "sh") return (await import("./shell.ts")).shell(rest, settings.root);
  const command = words.join(" ");
  // What the engine and its jobs do is their own; every other service serves a page.
  if (command !== "engine" && SERVICE_NAMES.some((name) => name === command))
    return crashed(settings) ?? serving((await import("./web.ts")).web(settings));
  switch (command) {
    case "engine":
      return crashed(settings) ?? serving((await import("./engine.ts")).engine(settings));
    case "e2e":
      return (await import("./e2e.ts")).e2e(process.env, settings.behaviour);
    case "migrate up":
      return (await import("./migrate.ts")).migrateUp(settings);
    case "seed-data":
      return (await import("./seed.ts")).seedData(settings);
    default:
      log("ERROR", USAGE, { found: command });
      return 2;
  }
}

function crashed({ behaviour, release }: Settings): number | undefined {
  if (!behaviour.crash) return undefined;
  log("ERROR", "fatal: cannot start", { release, reason: "the release's configuration lacks a required field" });
  return 1;
}

async function serving(started: Promise<void>): Promise<undefined> {
  await started;
  // A server that is killed later keeps nothing of what it compiled.
  flushCompileCache();
}

// Dozens of these processes start in a rehearsal, all from the same files.
enableCompileCache();
try {
  process.exitCode = await main(process.argv.slice(2), settingsFrom(process.env));
} catch (error) {
  log("ERROR", "fatal", { reason: reasonOf(error) });
  process.exitCode = 1;
}
