import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { output, type ResolveContext, type Tool, versionIn, which } from "./tool.ts";

const MARK = ".recorded";

type Env = Readonly<Record<string, string | undefined>>;

/** Where built and downloaded tools are kept, by tool and version: outside the repository, so that it happens once. */
export function cacheDirectory(env: Env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "tools");
}

/** Where a download or a build of the tool is put. */
export function cachedPath(tool: Tool, env: Env): string {
  return join(cacheDirectory(env), tool.name, tool.version, tool.build.program ?? tool.name);
}

/** Where the distribution's own packages of the tool are unpacked, with the tool's launcher in it. */
export function unpackedPath(tool: Tool, env: Env): string {
  return join(cacheDirectory(env), tool.name, "debian", tool.name);
}

/** A tool on PATH whose own answer is a version that is good enough; undefined when there is none. */
export async function findOnPath(tool: Tool, env: Env): Promise<string | undefined> {
  const path = which(tool.name, env);
  if (path === undefined) return undefined;
  const version = await versionOf(path, tool, env);
  return version !== undefined && tool.accepts(version) ? path : undefined;
}

/** A program of the tool's own name is asked for its version once. A script, or a shim of another name, always: what they run may change. */
async function versionOf(path: string, tool: Tool, env: Env): Promise<string | undefined> {
  const program = realpathSync(path);
  const stamp = stampOf(program);
  const isKept = stamp?.isSettled === true && basename(program) === tool.name && !isScript(program);
  if (!isKept) return versionIn(await output(path, tool.ask, env));
  const file = join(cacheDirectory(env), VERSIONS);
  const key = `${tool.name} ${stamp.text}`;
  const before = versionsIn(file);
  const known = before[key];
  if (known !== undefined) return known;
  const version = versionIn(await output(path, tool.ask, env));
  if (version === undefined) return undefined;
  const kept = Object.entries({ ...versionsIn(file), [key]: version }).slice(-MAX_VERSIONS);
  saved(() => {
    mkdirSync(dirname(file), { recursive: true });
    replaceFile(file, JSON.stringify(Object.fromEntries(kept)));
  });
  return version;
}

/** What programs said of their versions, each by what the system says of its file. */
const VERSIONS = ".versions.json";
const MAX_VERSIONS = 100;

function versionsIn(file: string): Record<string, string> {
  try {
    const versions: Record<string, string> = JSON.parse(readFileSync(file, "utf8"));
    return typeof versions === "object" && versions !== null ? versions : {};
  } catch {
    return {};
  }
}

/** Whether another program is named in it, which runs it. */
export function isScript(program: string): boolean {
  const begin = Buffer.alloc(2);
  const file = openSync(program, "r");
  try {
    readSync(file, begin);
  } finally {
    closeSync(file);
  }
  return begin.toString("latin1") === "#!";
}

/**
 * The cached tool's path; undefined when it is not there. One that is not as it was put there is said and taken away, so
 * that it is got again: it never runs.
 */
export async function findCached(
  tool: Tool,
  context: Pick<ResolveContext, "env" | "progress">,
): Promise<string | undefined> {
  await adopt(context.env);
  const unpacked = unpackedPath(tool, context.env);
  if (tool.debian !== undefined && existsSync(unpacked) && readFileSync(unpacked, "utf8") !== tool.debian.launcher) {
    // An earlier one, which knows only the place where it was unpacked.
    rmSync(dirname(unpacked), { recursive: true, force: true });
  }
  for (const path of [unpacked, cachedPath(tool, context.env)]) {
    if (existsSync(path) && (await isAsItWas(dirname(path), `${tool.name} ${tool.version}`, context))) return path;
  }
  return undefined;
}

/** Whether a folder of the cache holds what was put there; one that does not is said and removed. */
export async function isAsItWas(
  folder: string,
  title: string,
  { env, progress }: Pick<ResolveContext, "env" | "progress">,
): Promise<boolean> {
  await adopt(env);
  const change = await changeIn(folder);
  if (change === undefined) return true;
  progress.begin(`${title} in ${folder}`).end(`changed: ${change}; downloaded again`);
  rmSync(folder, { recursive: true, force: true });
  return false;
}

const adopting = new Map<string, Promise<void>>();

/**
 * A cache of before manifests is taken as it is, once: from when this mark stands, what says nothing of itself was not
 * put there by us.
 */
function adopt(env: Env): Promise<void> {
  const cache = cacheDirectory(env);
  const known = adopting.get(cache) ?? adoptNow(cache);
  adopting.set(cache, known);
  return known;
}

async function adoptNow(cache: string): Promise<void> {
  const mark = join(cache, MARK);
  if (!existsSync(cache) || existsSync(mark)) return;
  for (const folder of foldersOf(cache)) if (!isRecorded(folder)) await recordFolder(folder);
  writeFileSync(mark, "");
}

/** The folders that hold a tool each: `<name>/<version>`. */
function foldersOf(cache: string): string[] {
  const within = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => join(folder, name));
  return within(cache).flatMap(within);
}

/** The cache, made when there is none; a new one is marked: everything in it says what it is. */
export function prepareCache(env: Env): string {
  const cache = cacheDirectory(env);
  mkdirSync(cache, { recursive: true });
  if (foldersOf(cache).length === 0) writeFileSync(join(cache, MARK), "");
  return cache;
}

/** Puts a folder with all of a tool's files into the cache, with what it holds written down: others see all of it, or nothing. */
export async function put(folder: string, target: string): Promise<void> {
  await recordFolder(folder);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(folder, target);
}

/** The file in a folder that says what the folder holds. */
export const MANIFEST = ".manifest.json";

/** Python writes its compiled files beside the sources when it runs. */
const IGNORED = "__pycache__";

/** A file that changed this recently could change again within the clock's own steps, and show the same time. */
const SETTLED_MILLISECONDS = 2000;

interface RecordedFile {
  /** SHA-256 of a file's content, or `-> target` of a link. */
  readonly content: string;
  /** What the system said of the file when its content was last read: no program can set `ctime`. */
  readonly stamp?: string;
}

type Files = Record<string, RecordedFile>;

/** Writes down what the folder of a tool holds, in the folder. */
export async function recordFolder(folder: string): Promise<void> {
  const files: Files = {};
  for (const name of namesIn(folder)) files[name] = { content: await contentOf(join(folder, name)) };
  write(folder, files);
}

/**
 * What in a tool's folder is not as it was put there; undefined when all is. A file is read again only when the system
 * says that anything about it changed since its content was last read.
 */
export async function changeIn(folder: string): Promise<string | undefined> {
  const recorded = read(folder);
  if (recorded === undefined) return "it has no record of its files";
  const present = namesIn(folder);
  const [added] = present.filter((name) => recorded[name] === undefined);
  if (added !== undefined) return `${added} is not one of its files`;
  let restamped = false;
  for (const [name, { content, stamp }] of Object.entries(recorded)) {
    const path = join(folder, name);
    const now = stampOf(path);
    if (now === undefined) return `${name} is missing`;
    if (stamp !== undefined && stamp === now.text) continue;
    if ((await contentOf(path)) !== content) return `${name} has changed`;
    if (!now.isSettled || stampOf(path)?.text !== now.text) continue;
    recorded[name] = { content, stamp: now.text };
    restamped = true;
  }
  if (restamped) saved(() => write(folder, recorded));
  return undefined;
}

/** Whether the folder says what it holds. */
function isRecorded(folder: string): boolean {
  return existsSync(join(folder, MANIFEST));
}

function namesIn(folder: string): string[] {
  return namesBelow(folder, "")
    .filter((name) => name !== MANIFEST && !name.startsWith(`${MANIFEST}.`) && !name.split(sep).includes(IGNORED))
    .sort();
}

/** Node's own recursive reading follows links, out of the folder too. */
function namesBelow(folder: string, below: string, withFolders = false): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = join(below, entry.name);
    if (!entry.isDirectory()) return [name];
    return [...(withFolders ? [name] : []), ...namesBelow(folder, name, withFolders)];
  });
}

/** What is in a folder, empty folders too, each with its mode and owner: `<mode> <uid>:<gid> <name>`, sorted by name. */
export function attributesIn(folder: string): string[] {
  return namesBelow(folder, "", true)
    .sort()
    .map((name) => {
      const { mode, uid, gid } = lstatSync(join(folder, name));
      return `${mode.toString(8)} ${uid}:${gid} ${name}`;
    });
}

async function contentOf(path: string): Promise<string> {
  if (lstatSync(path).isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

function stampOf(path: string): { readonly text: string; readonly isSettled: boolean } | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const { dev, ino, size, mode, mtimeNs, ctimeNs } = found;
  const isSettled = Number(ctimeNs / 1_000_000n) < Date.now() - SETTLED_MILLISECONDS;
  return { text: [dev, ino, size, mode, mtimeNs, ctimeNs].join(" "), isSettled };
}

function read(folder: string): Files | undefined {
  try {
    const { files }: { files?: Files } = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
    return typeof files === "object" && files !== null ? files : undefined;
  } catch {
    return undefined;
  }
}

function write(folder: string, files: Files): void {
  replaceFile(join(folder, MANIFEST), JSON.stringify({ files }));
}

/** Others see the whole new file or the whole old one. */
function replaceFile(file: string, text: string): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, text);
  renameSync(next, file);
}

/** A cache that cannot be written to is only read again each time. */
function saved(act: () => void): void {
  try {
    act();
  } catch {
    // As above.
  }
}

/** Copies files and folders into a folder with owners, modes and times: PostgreSQL refuses data that another user could read. */
export async function copyTree(sources: readonly string[], target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  await promisify(execFile)("cp", ["-a", "--reflink=auto", "--", ...sources, target]);
}
