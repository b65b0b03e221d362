import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeployError, EXIT } from "../shared/deploy-error.ts";
import { nearest } from "../shared/nearest.ts";
import { command } from "./command.ts";
import {
  type Bench,
  cloneInto,
  ENVIRONMENTS,
  type Environment,
  type Made,
  NotHere,
  pageWith,
} from "./environments/environment.ts";
import { temporaryFolder } from "./temporary-folders.ts";

/**
 * Runs a rehearsal in odd environments, one after the other, and prints what became of each: it must be promoted, or end
 * with a message that is true. Each deploys a second release over its own copy of one world with a first release, unless
 * it is about what a whole rehearsal writes. `--quick` previews only (sparki controls); names run those alone; `--page`
 * writes what became of each into the table of docs/rehearsal.md.
 */
const CHECKOUT = join(import.meta.dirname, "..");
const PAGE = join(CHECKOUT, "docs", "rehearsal.md");
const WHOLE = ["rehearse", "first-deploy", "--time-scale", "0.004"];
const REHEARSE = ["rehearse", "upgrade", "--on-promoted", "--time-scale", "0.004"];
const PREVIEW = ["controls"];
const LIMIT_SECONDS = 900;

interface Ran {
  readonly exitCode: number | null;
  readonly said: string;
}

await command(async (signal) => {
  const [flags, names] = [process.argv.slice(2).filter(isFlag), process.argv.slice(2).filter((word) => !isFlag(word))];
  const unknownFlag = flags.find((flag) => flag !== "--quick" && flag !== "--page");
  if (unknownFlag !== undefined) throw usage(`unknown option ${unknownFlag}; expected --quick or --page`);
  const words = flags.includes("--quick") ? PREVIEW : REHEARSE;
  const chosen = names.length === 0 ? ENVIRONMENTS : names.map(named);
  let wrong = 0;
  for (const environment of chosen) {
    signal.throwIfAborted();
    const { outcome, isRight, message } = await tried(environment, environment.isWhole ? WHOLE : words, signal);
    if (!isRight) wrong++;
    const { name, what } = environment;
    process.stdout.write(`${name.padEnd(18)}${(isRight ? outcome : `WRONG: ${outcome}`).padEnd(20)}${message}\n`);
    if (!flags.includes("--page")) continue;
    const all = ENVIRONMENTS.map((each) => each.name);
    writeFileSync(PAGE, pageWith(readFileSync(PAGE, "utf8"), [{ name, what, outcome, message }], all));
  }
  process.stdout.write(`${chosen.length} environments, ${wrong} not as they should be\n`);
  return (wrong === 0 ? EXIT.done : EXIT.refused).code;
});

function isFlag(word: string): boolean {
  return word.startsWith("-");
}

function named(name: string): Environment {
  const found = ENVIRONMENTS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const all = ENVIRONMENTS.map((each) => each.name);
  const [meant] = nearest(name, all, 1);
  const perhaps = meant === undefined ? "" : `; did you mean ${meant}?`;
  throw usage(`unknown environment ${name}${perhaps}; expected some of ${all.join(", ")}`);
}

function usage(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npm run environments" });
}

async function tried(environment: Environment, words: readonly string[], signal: AbortSignal) {
  const folder = temporaryFolder("environment");
  let made: Made | undefined;
  try {
    made = environment.make(benchIn(folder, words));
    const ran = await run(made, benchIn(folder, words), signal);
    return judged(environment, words === PREVIEW ? "succeeded" : "promoted", folder, ran);
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    return { outcome: "not tried", isRight: true, message: error.message };
  } finally {
    made?.undo?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

function benchIn(folder: string, words: readonly string[]): Bench {
  return {
    folder,
    words,
    clone: (name = "clone", options = {}) => {
      // Cloned under a plain name first: git's own address of a folder is none of what is tried.
      const plain = join(folder, "plain");
      cloneInto(CHECKOUT, plain, options);
      renameSync(plain, join(folder, name));
      return join(folder, name);
    },
    sparki: (clone) => [
      join(clone, "node_modules", "node", "bin", "node"),
      join(clone, "runbook", "sparki.ts"),
      ...words,
    ],
  };
}

function run(made: Made, bench: Bench, signal: AbortSignal): Promise<Ran> {
  const { PATH = "", ...own } = process.env;
  const env = { ...own, PATH, NO_COLOR: "1", XDG_CACHE_HOME: cacheHome(), ...made.env };
  const argv = made.argv ?? bench.sparki(made.cwd);
  const closing = (made.closed ?? []).map((stream) => (stream === 0 ? "<&-" : `${stream}>&-`)).join(" ");
  const mask = made.umask === undefined ? "" : `umask ${made.umask.toString(8).padStart(3, "0")}; `;
  mkdirSync(join(bench.folder, "logs"));
  const child = spawn("/bin/sh", ["-c", `${mask}exec "$@" ${closing}`, "sh", ...argv], {
    cwd: made.cwd,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGINT",
    timeout: LIMIT_SECONDS * 1000,
    ...(made.uid === undefined ? {} : { uid: made.uid, gid: made.uid }),
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, said }));
  });
}

/** Tools are had once; a home that is gone is no reason to build them again. */
function cacheHome(): string | undefined {
  return process.env.XDG_CACHE_HOME ?? (process.env.HOME === undefined ? undefined : join(process.env.HOME, ".cache"));
}

/** A refusal says what, and ends with 2 or 4; nothing ends with a stack trace or without a word. */
function judged({ refusal }: Environment, success: string, folder: string, { exitCode, said }: Ran) {
  const outcome = exitCode === EXIT.done.code ? success : `exit ${exitCode}`;
  const last = lastWords(said).replaceAll(folder, "...");
  const isTold = !/\n\s+at .*:\d+:\d+\)?\n/.test(said);
  if (exitCode === EXIT.done.code) return { outcome, isRight: isTold, message: isTold ? "" : last };
  // The screen breaks lines where they are full.
  const isTrue =
    refusal?.test(said.replace(/\s+/g, " ")) === true &&
    (exitCode === EXIT.usage.code || exitCode === EXIT.outside.code);
  return { outcome, isRight: isTrue && isTold, message: last };
}

/** What a person reads at the end: the failure, not the lines of progress before it. */
function lastWords(said: string): string {
  const codes = [...said.matchAll(/^SPARKI_[A-Z]+:/gm)].map(({ index }) => index);
  const failure = Math.max(codes.at(-1) ?? -1, said.search(/^\S+: \S+ \(exit \d\)/m));
  const [text = ""] = failure < 0 ? [said.trim().split("\n").slice(-3).join(" ")] : said.slice(failure).split("\n\n");
  return text.replace(/\s+/g, " ").trim();
}
