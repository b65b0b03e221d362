import { createHash } from "node:crypto";
import { Header } from "tar";

/** The list of what is in an archive, as `sha256sum --check` reads it, and its signature: 64 bytes. */
export const SUMS = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.sig";

/** Files of an archive by path, in its order. */
export type Files = ReadonlyMap<string, Buffer>;

const BLOCK = 512;
/** What one file of an archive may have: a report has a few hundred kilobytes. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 100_000;
/** No path leads out of the folder that someone unpacks it in. */
const PATH = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,79}\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/** What is wrong with an archive, in words. */
export class BrokenArchive extends Error {
  override readonly name = "BrokenArchive";
}

/** The list of files in its one order; the signature is over these bytes. */
export function sumsOf(files: ReadonlyMap<string, Buffer | string>): string {
  return inOrder(files)
    .map(([path, content]) => `${sha256(content)}  ${path}\n`)
    .join("");
}

/**
 * A tar archive (POSIX ustar) that depends on the files alone: in one order, owned by nobody, of no time, not compressed,
 * because compressors differ from one machine to the next.
 */
export function archiveOf(files: ReadonlyMap<string, Buffer | string>, signature: Buffer | undefined): Buffer {
  const listed = new Map([[SUMS, sumsOf(files)] as const, ...inOrder(files)]);
  const [first, ...others] = listed;
  const entries = [...(first ? [first] : []), ...(signature ? [[SIGNATURE, signature] as const] : []), ...others];
  return Buffer.concat([
    ...entries.flatMap(([path, content]) => entryOf(path, Buffer.from(content))),
    Buffer.alloc(2 * BLOCK),
  ]);
}

function entryOf(path: string, content: Buffer): Buffer[] {
  if (!PATH.test(path)) throw new BrokenArchive(`${JSON.stringify(path)} is not a valid path in an archive`);
  const header = new Header({
    path,
    type: "File",
    size: content.length,
    mode: 0o444,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  });
  const block = Buffer.alloc(BLOCK);
  header.encode(block, 0);
  return [block, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
}

/** The files of an archive, each a plain file once; throws BrokenArchive for anything that `archiveOf` does not write. */
export function filesIn(archive: Buffer): Files {
  const files = new Map<string, Buffer>();
  let at = 0;
  for (;;) {
    if (at + BLOCK > archive.length) throw new BrokenArchive("it is truncated, or not a tar archive");
    const header = headerAt(archive, at);
    if (header.nullBlock) break;
    const { path = "", size = -1 } = header;
    if (!header.cksumValid) throw new BrokenArchive(`what stands at byte ${at} is not an entry of a tar archive`);
    if (header.type !== "File" || !PATH.test(path))
      throw new BrokenArchive(`it has ${JSON.stringify(path)}, which does not belong in an evidence archive`);
    if (files.has(path)) throw new BrokenArchive(`it has ${path} twice`);
    if (!Number.isSafeInteger(size) || size < 0 || size > MOST_BYTES || files.size >= MOST_FILES)
      throw new BrokenArchive(`${path} is of ${size} bytes, or there are too many files`);
    const begin = at + BLOCK;
    if (begin + size > archive.length) throw new BrokenArchive(`${path} is truncated`);
    files.set(path, archive.subarray(begin, begin + size));
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function headerAt(archive: Buffer, at: number): Header {
  try {
    return new Header(archive, at);
  } catch {
    // The library throws for numbers that no header has.
    throw new BrokenArchive(`what stands at byte ${at} is not an entry of a tar archive`);
  }
}

/** What SHA256SUMS lists, by path; throws BrokenArchive for any other text. */
export function sumsIn(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new BrokenArchive(`${SUMS} is truncated`);
  for (const line of lines) {
    const [, sum, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum === undefined || path === undefined || sums.has(path))
      throw new BrokenArchive(
        `${SUMS} has a line that names no file, or a file twice: ${JSON.stringify(line.slice(0, 100))}`,
      );
    sums.set(path, sum);
  }
  return sums;
}

export function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

function inOrder<Content>(files: ReadonlyMap<string, Content>): [string, Content][] {
  return [...files].sort(([one], [other]) => (one < other ? -1 : 1));
}
