import { spawn } from "node:child_process";
import { once } from "node:events";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { log, reasonOf } from "./log.ts";
import { type Settings, settingsFrom } from "./settings.ts";

/** Where a pod has its volumes; a process of this machine finds them below its root. */
const MOUNTED = /(?<![\w./-])\/(?=(?:mnt|etc\/sparki)\/)/g;

const USAGE = "usage: main.ts SERVICE | e2e | migrate up | seed-data | sh ...";

/** Runs one command of the stand-in application; the servers run until SIGTERM, the others return their exit code. */
async function main(words: readonly string[], settings: Settings): Promise<number | undefined> {
  const [program, ...rest] = words;
  if (program === "sh") return shell(rest, settings.root);
  const command = words.join(" ");
  // What the engine and its jobs do is their own; every other service serves a page.
  if (command !== "engine" && SERVICE_NAMES.some((name) => name === command))
    return crashed(settings) ?? serving((await import("./server.ts")).web(settings));
  switch (command) {
    case "engine":
      return crashed(settings) ?? serving((await import("./engine.ts")).engine(settings));
    case "e2e":
      return (await import("./e2e.ts")).e2e(process.env, settings.behaviour);
    case "migrate up":
      return (await import("./migrate.ts")).migrateUp(settings);
    case "seed-data":
      return (await import("./migrate.ts")).seedData(settings);
    default:
      log("ERROR", USAGE, { found: command });
      return 2;
  }
}

/**
 * Runs a shell's script as a container of PostgreSQL's client image would: the shell is real, `psql` is `psql.ts`, and
 * paths of volumes lead below `root`. Returns the shell's exit code.
 */
async function shell(words: readonly string[], root: string): Promise<number> {
  const args = words.map((word) => word.replaceAll(MOUNTED, `${root}/`));
  const programs = join(import.meta.dirname, "bin");
  const child = spawn("/bin/sh", args, {
    env: { ...process.env, PATH: `${programs}:${process.env.PATH ?? "/usr/bin:/bin"}`, SPARKI_NODE: process.execPath },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "close");
  return typeof code === "number" ? code : 1;
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
