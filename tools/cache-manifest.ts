import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, sep } from "node:path";
import { pipeline } from "node:stream/promises";

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
  if (recorded === undefined) return "nothing says what was put there";
  const present = namesIn(folder);
  const [added] = present.filter((name) => recorded[name] === undefined);
  if (added !== undefined) return `${added} was not put there with it`;
  let restamped = false;
  for (const [name, { content, stamp }] of Object.entries(recorded)) {
    const path = join(folder, name);
    const now = stampOf(path);
    if (now === undefined) return `${name} is missing`;
    if (stamp !== undefined && stamp === now.text) continue;
    if ((await contentOf(path)) !== content) return `${name} is not what was put there`;
    if (!now.isSettled || stampOf(path)?.text !== now.text) continue;
    recorded[name] = { content, stamp: now.text };
    restamped = true;
  }
  if (restamped) saved(() => write(folder, recorded));
  return undefined;
}

/** Whether the folder says what it holds. */
export function isRecorded(folder: string): boolean {
  return existsSync(join(folder, MANIFEST));
}

function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name !== MANIFEST && !name.startsWith(`${MANIFEST}.`) && !name.split(sep).includes(IGNORED))
    .sort();
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
  const file = join(folder, MANIFEST);
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify({ files }));
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
