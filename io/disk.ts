import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DeployError, systemCodeOf } from "../shared/deploy-error.ts";

/** What a rehearsal leaves, and what a deployment writes beside the state, with room for the next one. */
const NEEDED_MEBIBYTES = 500;
const NEEDED_FILES = 10_000;
/** The largest single file that is made at once, etcd's log, needs as much: with less a disk counts as full. */
const FULL_MEBIBYTES = 64;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where sparki writes on this machine. */
export interface OwnPlaces {
  readonly cwd: string;
  readonly env: Environment;
}

const READ_ONLY = "is read-only";

const SIGNS = [
  { sign: /\bENOSPC\b|no space left on device/i, what: "is full" },
  { sign: /\bEDQUOT\b|disk quota exceeded/i, what: "has no space left for this user" },
  { sign: /\bEROFS\b|read-only file system/i, what: READ_ONLY },
] as const;

/** A path in the words of Node (`open '/x'`), or of Go (`open /x: no space left on device`). */
const PATH = /(?:'(\/[^']+)'|\b(?:open|write|mkdir|rename|create|sync) (\/[^\s:]+):)/;

/**
 * What a failure says of this machine's disk, with the place, what is free there and what is needed; undefined for any
 * other failure. A system's own words often name no place: then it is the one of ours that has no room.
 */
export function diskFailure(error: unknown, places: OwnPlaces, refusal = refusalAt): DeployError | undefined {
  const words = wordsOf(error);
  const missing = missingPlace(words, places) ?? closedPlace(words, error, refusal);
  if (missing !== undefined) return missing;
  const found = SIGNS.find(({ sign }) => sign.test(words));
  if (found === undefined) return undefined;
  const named = PATH.exec(words);
  const path = named?.[1] ?? named?.[2] ?? fullestOf(ownPlaces(places));
  return new DeployError("SPARKI_OUTSIDE", told(found.what, path), { hint: hintFor(path), cause: error });
}

/** Throws SPARKI_OUTSIDE when there is too little room for what is going to be written below the path. */
export function assertRoom(path: string): void {
  const room = roomAt(path);
  if (room.mebibytes >= NEEDED_MEBIBYTES && room.files >= NEEDED_FILES) return;
  throw new DeployError("SPARKI_OUTSIDE", told("has too little free space", path), { hint: hintFor(path) });
}

/**
 * What a failure that names no disk may come from: the place of ours that has hardly any room left, with what is free there.
 * Undefined when all have.
 */
export function fullPlace(paths: readonly string[]): string | undefined {
  const full = paths.find((path) => {
    const { mebibytes, files } = roomAt(path);
    return mebibytes < FULL_MEBIBYTES || files === 0;
  });
  return full === undefined ? undefined : told("is full", full);
}

/**
 * The JSON that another program wrote to a temporary file. Throws SPARKI_OUTSIDE where it is cut short: Pulumi ends well though
 * a full disk took only the beginning of it.
 */
export function wholeJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const found = `${path} is cut short after ${text.length} characters; expected whole JSON`;
    const full = fullPlace([path]);
    throw new DeployError("SPARKI_OUTSIDE", full === undefined ? found : `${found}; ${full}`, {
      hint: hintFor(tmpdir()),
      cause,
    });
  }
}

/** What Node says of a call that this user may not make; making folders below one that is read-only, it calls the path missing. */
const CLOSED = /\b(?:EACCES: permission denied, \w+|ENOENT: no such file or directory, mkdir) '(\/[^']+)'/;

/** A place that is there and may not be written to. */
function closedPlace(words: string, cause: unknown, refusal: typeof refusalAt): DeployError | undefined {
  const path = CLOSED.exec(words)?.[1];
  const closed = path === undefined ? undefined : refusal(existing(path));
  if (path === undefined || closed === undefined) return undefined;
  const found = closed === "EROFS" ? told(READ_ONLY, path) : `${existing(path)} may not be written by this user`;
  const hint = `ls -ld ${existing(path)}, allow it there or write elsewhere (TMPDIR, XDG_CACHE_HOME, SPARKI_REHEARSAL_DIRECTORY), then run the same command again`;
  return new DeployError("SPARKI_OUTSIDE", found, { hint, cause });
}

/** Why nothing can be written there; undefined where it can. */
function refusalAt(path: string): unknown {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return systemCodeOf(error) ?? error;
  }
}

function told(what: string, path: string): string {
  if (what === READ_ONLY) return `this machine's disk ${what} at ${path}`;
  const { mebibytes, files } = roomAt(path);
  const room = Number.isFinite(mebibytes) ? `: ${mebibytes} MiB are free; expected ${NEEDED_MEBIBYTES}` : "";
  const count = files < NEEDED_FILES ? `; ${files} more files can be created there; expected ${NEEDED_FILES}` : "";
  return `this machine's disk ${what} at ${path}${room}${count}`;
}

function hintFor(path: string): string {
  return `df -h ${existing(path)}, free space there or write elsewhere (TMPDIR, XDG_CACHE_HOME, SPARKI_REHEARSAL_DIRECTORY), then run the same command again`;
}

/** A folder that the environment names and that is not there. */
function missingPlace(words: string, { env }: OwnPlaces): DeployError | undefined {
  const { TMPDIR } = env;
  if (!TMPDIR || existsSync(TMPDIR) || !words.includes("ENOENT") || !words.includes(TMPDIR)) return undefined;
  return new DeployError("SPARKI_OUTSIDE", `TMPDIR is ${TMPDIR}, which does not exist; expected a writable folder`, {
    hint: `mkdir -p ${TMPDIR}, or unset TMPDIR; then run the same command again`,
  });
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${error.code} ` : "";
  return `${code}${error.message}${error.cause === undefined ? "" : ` ${wordsOf(error.cause)}`}`;
}

/** The folders that sparki writes to. */
export function ownPlaces({ cwd, env }: OwnPlaces): string[] {
  const home = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, ".cache"));
  const rehearsals = env.SPARKI_REHEARSAL_DIRECTORY;
  return [
    env.TMPDIR || tmpdir(),
    join(cwd, ".sparki"),
    ...(rehearsals ? [resolve(cwd, rehearsals)] : []),
    ...(home ? [join(home, "sparki-deploy")] : []),
  ];
}

function fullestOf(paths: readonly string[]): string {
  return paths.toSorted((one, other) => roomAt(one).mebibytes - roomAt(other).mebibytes)[0] ?? tmpdir();
}

/** What is free at a path; without end where the system does not say, as of files where it counts none. */
function roomAt(path: string): { readonly mebibytes: number; readonly files: number } {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(existing(path));
    return { mebibytes: Math.floor((bavail * bsize) / 2 ** 20), files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
  } catch {
    return { mebibytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY };
  }
}

/** The path, or the nearest folder above it that is there. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

/** Throws SPARKI_USAGE when the folder for temporary files, which TMPDIR names, cannot be used: before anything is made. */
export function assertTemporaryFolder(folder: string = tmpdir()): void {
  const problem = problemOf(folder);
  if (problem === undefined) return;
  const message = `TMPDIR is ${JSON.stringify(folder)}, which ${problem}; expected a writable folder`;
  throw new DeployError("SPARKI_USAGE", message, {
    hint: `mkdir -p '${folder}', or unset TMPDIR, then run the same command again`,
  });
}

function problemOf(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return "does not exist";
  if (!found.isDirectory()) return "is not a folder";
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return "is not writable";
  }
}
