import { createHash, hash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { DeployError } from "../../shared/deploy-error.ts";

/** A file's content, and whether it may be run. */
export interface SourceFile {
  readonly content: Buffer;
  readonly isExecutable: boolean;
}

/** Files by their path, with `/` between folders. */
export type Files = ReadonlyMap<string, SourceFile>;

/** By path what a file is: the SHA-256 of its content, and whether it may be run. */
export type Contents = Readonly<Record<string, string>>;

const EXECUTABLE = " x";

export function sha256(content: string | Buffer): string {
  return hash("sha256", content);
}

const PIECE_BYTES = 1 << 20;

/** The SHA-256 of a file's content, read piece by piece: a program is larger than what one wants in memory. */
export function sha256OfFile(path: string): string {
  const found = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const file = openSync(path, "r");
  try {
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece))
      found.update(piece.subarray(0, size));
  } finally {
    closeSync(file);
  }
  return found.digest("hex");
}

/** By all the file system says: a file with the stamp of an earlier look has the content that it had then. */
export function stampOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [path, ino, size, mtimeNs, ctimeNs].join("\0");
}

/** What each of the files is, in the order of their paths. */
export function contentsOf(files: Files): Contents {
  const entries = [...files].map(([path, file]): [string, string] => [path, contentOf(file)]);
  return Object.fromEntries(entries.toSorted(byPath));
}

/** The same of every file below a folder but for one entry of it; throws for what is not a regular file. */
export function contentsBelow(folder: string, except?: string): Contents {
  const entries = pathsBelow(folder, except).map(({ path, isExecutable }): [string, string] => {
    return [relative(folder, path), contentOf({ content: readFileSync(path), isExecutable: isExecutable() })];
  });
  return Object.fromEntries(entries.toSorted(byPath));
}

/** One hash over all contents. */
export function hashOfContents(contents: Contents): string {
  return sha256(
    Object.entries(contents)
      .map(([path, content]) => `${path}\0${content}\n`)
      .join(""),
  );
}

/** Writes files that only their owner can read, and nobody can write. */
export function writeFiles(folder: string, files: Files): void {
  assertPaths([...files.keys()]);
  const folders = new Set<string>();
  for (const [path, { content, isExecutable }] of files) {
    const target = join(folder, path);
    const parent = dirname(target);
    if (!folders.has(parent)) mkdirSync(parent, { recursive: true, mode: 0o700 });
    folders.add(parent);
    writeFileSync(target, content, { mode: isExecutable ? 0o500 : 0o400, flag: "wx" });
  }
}

/** Files in one: the sizes of all, on a line, and then their contents. */
export function packed(files: Files): Buffer {
  const sizes = [...files].map(([path, { content }]) => [path, content.length]);
  const contents = [...files.values()].map(({ content }) => content);
  return Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...contents]);
}

/** The files that were packed, each as executable as is said of it; throws where it is not a pack. */
export function unpacked(pack: Buffer, contents: Contents): Files {
  const end = pack.indexOf("\n");
  const sizes: [string, number][] = JSON.parse(pack.toString("utf8", 0, end));
  let offset = end + 1;
  return new Map(
    sizes.map(([path, size]) => {
      const content = pack.subarray(offset, offset + size);
      offset += size;
      return [path, { content, isExecutable: contents[path]?.endsWith(EXECUTABLE) === true }];
    }),
  );
}

/** Takes the right to write off every file below a folder; who may enter the folder may read, as a copy's other user must. */
export function makeReadOnly(folder: string): void {
  for (const { path, isExecutable } of pathsBelow(folder)) chmodSync(path, isExecutable() ? 0o555 : 0o444);
}

/** Of one file, and more than any that a project of this kind has. */
export const MOST_BYTES = 100 * 2 ** 20;

/** What is not a name in its own folder on every file system: a way up, git's own folder, or nothing. */
const NO_NAME = /^(?:\.{0,2}|\.git|git~\d+)[. ]*$/i;
/** What no file system has, or what only some read as a folder's end. */
const NO_CHARACTER = /[\p{Cc}\\]/u;

/**
 * Throws SPARKI_USAGE for a path that leaves the tree, that stands where the dependencies are put, or that some file
 * system takes for another one of these.
 */
export function assertPaths(paths: readonly string[]): void {
  const known = new Map<string, string>();
  for (const path of new Set(paths)) {
    const names = path.split("/");
    const [top = ""] = names;
    if (names.some((name) => NO_NAME.test(name)) || NO_CHARACTER.test(path))
      throw refusedPath(path, "points outside its folder");
    if (top.toLowerCase() === "node_modules") throw refusedPath(path, "is the folder of the dependencies");
    const folded = path.normalize("NFKC").toLowerCase();
    const twin = known.get(folded);
    if (twin !== undefined) throw refusedPath(path, `is the same file as ${JSON.stringify(twin)} on some machines`);
    known.set(folded, path);
  }
}

function refusedPath(path: string, why: string): DeployError {
  return new DeployError("SPARKI_USAGE", `${JSON.stringify(path)} ${why}; it cannot be part of a sealed plan`, {
    hint: "git rm it, or rename it",
  });
}

/** A file of the checkout that is too large for a program's own. */
export function refusedSize(path: string, bytes: number): DeployError {
  const size = `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new DeployError("SPARKI_USAGE", `${path} has ${size}; expected at most ${MOST_BYTES / 2 ** 20} MiB`, {
    hint: "remove it, or name it in .gitignore",
  });
}

/** A file of the checkout; throws SPARKI_USAGE for a link and for what is not a regular file. */
export function refusedKind(path: string, isLink: boolean): DeployError {
  const kind = isLink ? "a symbolic link" : "not a regular file";
  return new DeployError("SPARKI_USAGE", `${path} is ${kind}; a sealed plan holds regular files only`, {
    hint: "replace it by the file itself, or remove it",
  });
}

interface Found {
  readonly path: string;
  isExecutable(): boolean;
}

function pathsBelow(folder: string, except?: string): Found[] {
  const found: Found[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (directory === folder && entry.name === except) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) found.push({ path, isExecutable: () => isExecutableAt(path) });
      else throw refusedKind(relative(folder, path), entry.isSymbolicLink());
    }
  };
  walk(folder);
  return found;
}

function isExecutableAt(path: string): boolean {
  return (lstatSync(path).mode & 0o100) !== 0;
}

function contentOf({ content, isExecutable }: SourceFile): string {
  return `${sha256(content)}${isExecutable ? EXECUTABLE : ""}`;
}

function byPath([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
