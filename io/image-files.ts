import { createHash } from "node:crypto";
import { PassThrough, type Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { messageOf } from "../shared/deploy-error.ts";

/** What an entry of a layer, or what lies at a place of an image, is. */
export interface ImageFile {
  readonly kind: "file" | "directory" | "link" | "other";
  /** Its permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Where a link leads. */
  readonly target?: string;
  /** Of a file that is read; most are not. */
  readonly text?: string;
}

interface Node extends ImageFile {
  /** The layer that it is of, from 0. */
  layer: number;
  /** The layer in which all below it that is older was taken away. */
  clearedIn?: number;
  readonly children: Map<string, Node>;
}

/** An entry that no runtime may unpack, or that this reader does not. */
class BadEntry extends Error {
  readonly kind: "wrong" | "unknown";

  constructor(kind: "wrong" | "unknown", message: string) {
    super(message);
    this.kind = kind;
  }
}

const MOST_HOPS = 40;
/** Of one path, its links' own parts included. */
const MOST_STEPS = 1_024;
const DEEPEST = 256;
const LONGEST_PATH = 4_096;
const OPAQUE = ".wh..wh..opq";
const WHITEOUT = ".wh.";

/**
 * The files of an image as its container sees them: each layer over those before it, with what later layers take away
 * (https://github.com/opencontainers/image-spec/blob/main/layer.md). Links are followed inside the image alone.
 */
export class ImageFiles {
  readonly #root: Node = { kind: "directory", mode: 0o755, uid: 0, gid: 0, layer: 0, children: new Map() };

  /** Adds an entry of a layer; layers come in their order. Throws BadEntry for one that leads out of the image. */
  add(layer: number, path: string, entry: ImageFile): void {
    const parts = partsOf(path);
    const name = parts.at(-1);
    if (name === undefined) {
      if (entry.kind !== "directory") throw new BadEntry("wrong", `${told(path)} replaces the root`);
      Object.assign(this.#root, entry, { layer });
      return;
    }
    const parent = this.#folder(layer, parts.slice(0, -1), path);
    if (name.startsWith(WHITEOUT)) {
      takeAway(layer, parent, name, path);
      return;
    }
    const old = parent.children.get(name);
    const isKept = old?.kind === "directory" && entry.kind === "directory";
    if (isKept) Object.assign(old, entry, { layer });
    else parent.children.set(name, { ...entry, layer, children: new Map() });
  }

  /** Adds a second name of a file. Throws BadEntry where there is no such file. */
  link(layer: number, path: string, target: string): void {
    const found = this.#walk(partsOf(target), false)?.at(-1);
    if (found === undefined || found.kind === "directory")
      throw new BadEntry("wrong", `${told(path)} is a hard link to ${told(target)}, which is no file of the image`);
    const { layer: _, children: __, ...entry } = found;
    this.add(layer, path, entry);
  }

  /** What is at a path, after the folders that lead there; undefined where there is nothing. */
  find(path: string): readonly ImageFile[] | undefined {
    return this.#walk(path.split("/"), true);
  }

  /** What a mount at a path would meet: a folder, nothing yet, or something else. */
  placeFor(path: string): "directory" | "nothing" | "other" {
    const parts = path.split("/").filter((part) => part !== "");
    for (let length = parts.length; length >= 0; length--) {
      const begin = parts.slice(0, length);
      const found = this.#walk(begin, true)?.at(-1);
      if (found === undefined && this.#walk(begin, false) === undefined) continue;
      if (found?.kind !== "directory") return "other";
      return length === parts.length ? "directory" : "nothing";
    }
    return "nothing";
  }

  /** Every file that was read, with the folders that lead there. */
  *texts(): Generator<{ readonly path: string; readonly nodes: readonly ImageFile[]; readonly text: string }> {
    const open: { path: string; nodes: readonly Node[] }[] = [{ path: "", nodes: [this.#root] }];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const { path, nodes } = at;
      for (const [name, node] of nodes.at(-1)?.children ?? []) {
        const next = { path: `${path}/${name}`, nodes: [...nodes, node] };
        if (node.kind === "directory") open.push(next);
        else if (node.text !== undefined) yield { ...next, text: node.text };
      }
    }
  }

  /** The folder of an entry; what is missing of it is made, as by every runtime. */
  #folder(layer: number, parts: readonly string[], path: string): Node {
    const nodes = this.#walk(parts, true, (parent, name) => {
      const made: Node = { kind: "directory", mode: 0o755, uid: 0, gid: 0, layer, children: new Map() };
      parent.children.set(name, made);
      return made;
    });
    const folder = nodes?.at(-1);
    if (folder?.kind === "directory") return folder;
    throw new BadEntry("wrong", `${told(path)} is below something that is not a folder`);
  }

  #walk(
    parts: readonly string[],
    isLastFollowed: boolean,
    make?: (parent: Node, name: string) => Node,
  ): readonly Node[] | undefined {
    const left = parts.filter((part) => part !== "" && part !== ".").reverse();
    let nodes = [this.#root];
    let [hops, steps] = [0, 0];
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (++steps > MOST_STEPS) throw new BadEntry("unknown", `it has a path of more than ${MOST_STEPS} steps`);
      const parent = nodes.at(-1);
      if (parent?.kind !== "directory") return undefined;
      if (part === "..") {
        if (nodes.length > 1) nodes.pop();
        continue;
      }
      const next = parent.children.get(part) ?? make?.(parent, part);
      if (next === undefined) return undefined;
      if (next.kind === "link" && (left.length > 0 || isLastFollowed)) {
        if (++hops > MOST_HOPS) return undefined;
        const target = next.target ?? "";
        left.push(
          ...target
            .split("/")
            .filter((each) => each !== "" && each !== ".")
            .reverse(),
        );
        if (target.startsWith("/")) nodes = [this.#root];
        continue;
      }
      nodes.push(next);
      if (nodes.length > DEEPEST) throw new BadEntry("unknown", `it has more than ${DEEPEST} folders in each other`);
    }
    return nodes;
  }
}

function partsOf(path: string): string[] {
  if (path.length > LONGEST_PATH)
    throw new BadEntry("unknown", `it has a path of more than ${LONGEST_PATH} characters`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || path.includes("\0")) throw new BadEntry("wrong", `${told(path)} leads out of the image`);
  return parts;
}

function takeAway(layer: number, parent: Node, name: string, path: string): void {
  if (name === OPAQUE) {
    clear(parent, layer);
    return;
  }
  const taken = name.slice(WHITEOUT.length);
  // Of a storage driver of long ago: runtimes leave these out.
  if (taken.startsWith(WHITEOUT)) return;
  if (taken === "" || taken === "." || taken === "..")
    throw new BadEntry("wrong", `${told(path)} takes away something without a name`);
  const old = parent.children.get(taken);
  if (old === undefined) return;
  clear(old, layer);
  if (old.layer < layer && old.children.size === 0) parent.children.delete(taken);
}

/** Takes away what earlier layers have below a folder; what this layer has there stays. */
function clear(folder: Node, layer: number): void {
  if (folder.clearedIn === layer) return;
  folder.clearedIn = layer;
  for (const [name, child] of folder.children) {
    clear(child, layer);
    if (child.layer < layer && child.children.size === 0) folder.children.delete(name);
  }
}

function told(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}

/** What is wrong with a part of an image, or why it is not known. */
export type ImageProblem =
  | { readonly wrong: string /** What came is not what was announced: a digest or a size. */; readonly isDamage?: true }
  | { readonly unknown: string };

/** How much of an image is read; what is larger stays unknown. */
export interface ImageLimits {
  /** Of one layer, as it is in the registry. */
  readonly layerBytes: number;
  /** Of all layers together, unpacked. */
  readonly unpackedBytes: number;
  /** Of all layers together. */
  readonly entries: number;
}

/** A layer as a manifest describes it. */
interface LayerDescription {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** How a layer is compressed, by its media type; no other type is read. */
const COMPRESSIONS: Readonly<Record<string, "none" | "gzip" | "zstd">> = {
  "application/vnd.oci.image.layer.v1.tar": "none",
  "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
  "application/vnd.docker.image.rootfs.diff.tar": "none",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
};

const PACKED = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])] as const;

/** Why a layer is not read at all; undefined where it is. */
export function layerRefusal({ mediaType, size }: LayerDescription, limits: ImageLimits): string | undefined {
  if (!Object.hasOwn(COMPRESSIONS, mediaType))
    return `has the media type ${JSON.stringify(mediaType)}; expected a tar of OCI or Docker, plain or with gzip or zstd`;
  if (size > limits.layerBytes)
    return `has ${mebibytes(size)}; a layer of more than ${mebibytes(limits.layerBytes)} is not read`;
  return undefined;
}

/** A size as people read it. */
export function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** Hands a blob to a sink as it comes, and says whether there is one. */
type Source = (sink: (chunk: Uint8Array) => Promise<void>) => Promise<boolean>;

/** Counts what was read of an image so far, over all of its layers. */
interface ReadSoFar {
  unpackedBytes: number;
  entries: number;
  /** Of files whose text is kept. */
  textBytes: number;
}

interface LayerReading {
  readonly index: number;
  readonly description: LayerDescription;
  /** The digest of the unpacked layer, as the image's config says. */
  readonly diffId: string;
  readonly files: ImageFiles;
  readonly soFar: ReadSoFar;
  readonly limits: ImageLimits;
  readonly say: (bytes: number) => void;
}

/**
 * Reads a layer as it comes into the image's files, with both digests verified; says what is wrong with it. Throws
 * SPARKI_OUTSIDE when the registry does not give it whole.
 */
export async function readLayer(source: Source, reading: LayerReading): Promise<ImageProblem | undefined> {
  const { description, diffId } = reading;
  const unpacked = createHash("sha256");
  const received = new Received(reading);
  const archive = new Archive(reading, unpacked);
  const input = unpackerFor(description.mediaType);
  const unpacking = pipeline(input, archive).catch((error: unknown) => archive.fail(error));
  let isThere: boolean;
  try {
    isThere = await source(async (chunk) => {
      received.take(chunk);
      // What is wrong inside is told once the digest has been compared: damage on the way explains it.
      if (input.destroyed || archive.problem !== undefined) return;
      if (!input.write(chunk)) await new Promise<void>((ready) => whenWritable(input, ready));
    });
  } catch (error) {
    input.destroy();
    await unpacking;
    if (received.problem !== undefined) return received.problem;
    throw error;
  }
  if (!input.destroyed) input.end();
  await unpacking;
  if (!isThere) return { wrong: `is not in the registry: ${description.digest}`, isDamage: true };
  const damage = received.damage();
  if (damage !== undefined) return { wrong: damage, isDamage: true };
  if (archive.problem !== undefined) return archive.problem;
  const found = `sha256:${unpacked.digest("hex")}`;
  return found === diffId ? undefined : { wrong: `unpacks to ${found}; the config says ${diffId}`, isDamage: true };
}

function whenWritable(stream: Transform, ready: () => void): void {
  const done = () => {
    for (const event of ["drain", "close", "error"]) stream.off(event, done);
    ready();
  };
  for (const event of ["drain", "close", "error"]) stream.on(event, done);
}

/** The bytes that came, against what the manifest says of them. */
class Received {
  readonly #hash = createHash("sha256");
  readonly #reading: LayerReading;
  #bytes = 0;
  problem: ImageProblem | undefined;

  constructor(reading: LayerReading) {
    this.#reading = reading;
  }

  /** Throws once more came than was said, which ends the exchange. */
  take(chunk: Uint8Array): void {
    const { description, say } = this.#reading;
    this.#bytes += chunk.length;
    if (this.#bytes > description.size) {
      this.problem = { wrong: `is longer than the ${description.size} bytes that the manifest says`, isDamage: true };
      throw new Error("longer than said");
    }
    this.#hash.update(chunk);
    say(this.#bytes);
  }

  damage(): string | undefined {
    const { digest, size } = this.#reading.description;
    if (this.#bytes !== size) return `has ${this.#bytes} bytes; the manifest says ${size}`;
    const found = `sha256:${this.#hash.digest("hex")}`;
    return found === digest ? undefined : `is damaged: the registry gives ${found} for ${digest}`;
  }
}

function unpackerFor(mediaType: string): Transform {
  const compression = COMPRESSIONS[mediaType];
  if (compression === "gzip") return createGunzip();
  return compression === "zstd" ? createZstdDecompress() : new PassThrough();
}

/** Text files that are kept: certificates, and no others. */
const KEPT = /\.(?:pem|crt|cer|cert)$/i;
const MOST_TEXT_OF_FILE = 1 << 20;
const MOST_TEXT = 32 << 20;
const CERTIFICATE = "-----BEGIN CERTIFICATE-----";

const KINDS: Readonly<Record<string, ImageFile["kind"]>> = {
  File: "file",
  OldFile: "file",
  ContiguousFile: "file",
  Directory: "directory",
  SymbolicLink: "link",
  CharacterDevice: "other",
  BlockDevice: "other",
  FIFO: "other",
};

/** The tar of a layer as it comes; what is wrong with it ends the reading. */
class Archive extends Writable {
  readonly #reading: LayerReading;
  readonly #hash: ReturnType<typeof createHash>;
  readonly #parser: Parser;
  #begin: Buffer | undefined = Buffer.alloc(0);
  /** The archive's own end was read: what follows it is no part of it. */
  #isOver = false;
  #entries = 0;
  problem: ImageProblem | undefined;

  constructor(reading: LayerReading, hash: ReturnType<typeof createHash>) {
    super();
    this.#reading = reading;
    this.#hash = hash;
    this.#parser = new Parser({ strict: true, zstd: false });
    this.#parser.on("error", (error: unknown) => this.#broken(error));
    this.#parser.on("eof", () => {
      this.#isOver = true;
    });
    this.#parser.on("entry", (entry: ReadEntry) => this.#enter(entry));
    this.#parser.on("ignoredEntry", (entry: ReadEntry) => {
      this.problem ??= { unknown: `has an entry of the type ${entry.type}, which is not read` };
    });
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const { soFar, limits } = this.#reading;
    soFar.unpackedBytes += chunk.length;
    if (soFar.unpackedBytes > limits.unpackedBytes)
      this.problem ??= { unknown: `unpacks to more than ${mebibytes(limits.unpackedBytes)}, which is not read` };
    this.#hash.update(chunk);
    this.#parse(chunk);
    done(this.problem === undefined ? null : new Error("not read further"));
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#begin !== undefined && this.#begin.length > 0) this.problem ??= { wrong: "is no tar archive: too short" };
    if (this.problem === undefined && !this.#isOver) this.#parser.end();
    done();
  }

  /** Told why the unpacking ended early, where it is not by our own finding. */
  fail(error: unknown): void {
    this.problem ??= { wrong: `cannot be unpacked as ${this.#reading.description.mediaType}: ${messageOf(error)}` };
  }

  #parse(chunk: Buffer): void {
    if (this.problem !== undefined || this.#isOver) return;
    const whole = this.#begin === undefined ? chunk : Buffer.concat([this.#begin, chunk]);
    if (this.#begin !== undefined && whole.length < 4) {
      this.#begin = whole;
      return;
    }
    // The parser would unpack a second time by itself, without any limit of ours.
    if (this.#begin !== undefined && PACKED.some((magic) => whole.subarray(0, magic.length).equals(magic))) {
      this.problem = { unknown: "is compressed otherwise than its media type says, which is not read" };
      return;
    }
    this.#begin = undefined;
    try {
      this.#parser.write(whole);
    } catch (error) {
      this.#broken(error);
    }
  }

  #broken(error: unknown): void {
    // A layer without an entry is legal, and the parser calls it no archive.
    if (this.#isOver && this.#entries === 0) return;
    this.problem ??= { wrong: `has a tar archive that cannot be read: ${messageOf(error)}` };
  }

  #enter(entry: ReadEntry): void {
    const { soFar, limits, index, files } = this.#reading;
    this.#entries++;
    soFar.entries++;
    if (soFar.entries > limits.entries)
      this.problem ??= {
        unknown: `has more than ${limits.entries} entries with the layers before, which are not read`,
      };
    if (this.problem !== undefined) {
      entry.resume();
      return;
    }
    try {
      if (entry.type === "Link") files.link(index, entry.path, entry.linkpath ?? "");
      else this.#add(entry);
    } catch (error) {
      if (!(error instanceof BadEntry)) throw error;
      this.problem =
        error.kind === "wrong" ? { wrong: `has a bad entry: ${error.message}` } : { unknown: error.message };
    }
    entry.resume();
  }

  #add(entry: ReadEntry): void {
    const { index, files, soFar } = this.#reading;
    const kind = KINDS[entry.type];
    if (kind === undefined) throw new BadEntry("unknown", `has an entry of the type ${entry.type}, which is not read`);
    const { path, mode = 0, uid = 0, gid = 0, linkpath } = entry;
    const file: ImageFile = { kind, mode, uid, gid, ...(kind === "link" && { target: linkpath ?? "" }) };
    files.add(index, path, file);
    const isRead = kind === "file" && KEPT.test(path) && entry.size <= MOST_TEXT_OF_FILE;
    if (!isRead || soFar.textBytes + entry.size > MOST_TEXT) return;
    soFar.textBytes += entry.size;
    const chunks: Buffer[] = [];
    entry.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    entry.on("end", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      if (text.includes(CERTIFICATE)) files.add(index, path, { ...file, text });
    });
  }
}
