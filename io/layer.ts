import { createHash } from "node:crypto";
import { PassThrough, type Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { messageOf } from "../shared/deploy-error.ts";
import { BadEntry, type ImageFile, type ImageFiles } from "./image-files.ts";

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
export interface LayerDescription {
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
export interface ReadSoFar {
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
