import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Header } from "tar";
import { z } from "zod";
import { createWhole, isThere } from "../../io/whole-file.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { documentText } from "../../shared/text/output.ts";
import type { Paint } from "../report/screen.ts";
import { type Evidence, evidencePage, FORMAT } from "./evidence.ts";
import type { Gathered, PlanFiles, ReportFiles } from "./gather.ts";

/** The list of what is in an archive, as `sha256sum --check` reads it, and its signature: 64 bytes. */
export const SUMS = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.sig";

/** Files of an archive by path, in its order. */
type Files = ReadonlyMap<string, Buffer>;

const BLOCK = 512;
/** What one file of an archive may have: a report has a few hundred kilobytes. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 100_000;
/** No path leads out of the folder that someone unpacks it in. */
const PATH = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,79}\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/** What is wrong with an archive, in words. */
class BrokenArchive extends Error {
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
function sumsIn(text: string): ReadonlyMap<string, string> {
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

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

function inOrder<Content>(files: ReadonlyMap<string, Content>): [string, Content][] {
  return [...files].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Holds the private key that signs, in place of a file. */
export const KEY_VARIABLE = "SPARKI_EVIDENCE_KEY";

const MAKE = "openssl genpkey -algorithm ed25519 -out evidence.key";
const TAKE_PUBLIC = "openssl pkey -in evidence.key -pubout -out evidence.pub";

/** The private key of a PEM file or text; throws SPARKI_USAGE, never with any of the key's own text. */
export function signingKey({
  file,
  text,
}: {
  readonly file?: string | undefined;
  readonly text?: string | undefined;
}): KeyObject {
  const from = file === undefined ? KEY_VARIABLE : `--key ${file}`;
  const pem = file === undefined ? (text ?? "") : contentOf(file, from);
  if (/-----BEGIN PUBLIC KEY-----/.test(pem)) throw refused(`${from} is a public key; expected the private key`, MAKE);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The reason that OpenSSL gives may quote what it read.
    throw refused(`${from} is not a private key in PEM without a passphrase; expected an Ed25519 key`, MAKE);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw refused(`${from} is a key of ${key.asymmetricKeyType}; expected an Ed25519 key`, MAKE);
}

/** The public key of a PEM file; throws SPARKI_USAGE. */
export function publicKeyOf(file: string): KeyObject {
  const from = `--public-key ${file}`;
  const pem = contentOf(file, from);
  if (pem.includes("PRIVATE KEY"))
    throw refused(`${from} is a private key, which only the signer should have; expected the public key`, TAKE_PUBLIC);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw refused(`${from} is not a public key in PEM; expected an Ed25519 key`, TAKE_PUBLIC);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw refused(`${from} is a key of ${key.asymmetricKeyType}; expected an Ed25519 key`, TAKE_PUBLIC);
}

/** What a key is known by, whichever half is at hand: `SHA256:` and the digest of the public half (SPKI, DER) in hex. */
export function keyName(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  const der = half.export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("hex")}`;
}

/** The same bytes for the same text and key: Ed25519 draws no random numbers (RFC 8032). */
export function signed(text: string, key: KeyObject): Buffer {
  return sign(null, Buffer.from(text), key);
}

function isSigned(content: Buffer, signature: Buffer, key: KeyObject): boolean {
  return verify(null, content, key, signature);
}

function contentOf(file: string, from: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new DeployError("SPARKI_USAGE", `${from} cannot be read: ${messageOf(cause)}`, { hint: MAKE, cause });
  }
}

function refused(message: string, hint: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint });
}

/** An archive with what is in it. */
export interface EvidenceArchive {
  readonly evidence: Evidence;
  readonly bytes: Buffer;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** The archive of what was gathered: the same bytes for the same evidence and key. */
export function evidenceArchive(
  gathered: Gathered,
  { reports, plans }: { readonly reports: ReportFiles; readonly plans: PlanFiles },
  key: KeyObject | undefined,
): EvidenceArchive {
  const gaps = [...gathered.gaps, ...reports.gaps];
  const evidence: Evidence = {
    ...gathered,
    gaps,
    isComplete: gaps.length === 0,
    reports: { kept: reports.kept, apart: reports.apart },
    plans: plans.plans,
    signature: key === undefined ? null : { algorithm: "Ed25519", key: keyName(key) },
  };
  const files = new Map([
    ["evidence.json", `${documentText(evidence)}\n`],
    ["evidence.md", evidencePage(evidence)],
    ...reports.files,
    ...plans.files,
  ]);
  const signature = key === undefined ? undefined : signed(sumsOf(files), key);
  const listed = [...files].map(([path, content]) => ({ path, sha256: sha256(content) }));
  return { evidence, bytes: archiveOf(files, signature), files: listed };
}

/**
 * Writes an archive for its owner alone. One that is there stays: the same evidence is left as it is, and other evidence
 * is refused with SPARKI_USAGE.
 */
export function writeArchive(file: string, bytes: Buffer): void {
  try {
    createWhole(file, { content: bytes, mode: 0o600 });
  } catch (cause) {
    // Half an archive would stand in the way of the whole one, so there is never one.
    if (!isThere(cause))
      throw new DeployError("SPARKI_OUTSIDE", `${file} cannot be written: ${messageOf(cause)}`, { cause });
    if (bytes.equals(bytesOf(file))) return;
    throw new DeployError(
      "SPARKI_USAGE",
      `${file} already exists with different content; evidence is never overwritten`,
      {
        hint: "choose another name with --output, or move that file",
      },
    );
  }
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    // A folder, or a file that others may not read: nothing of ours.
    return Buffer.alloc(0);
  }
}

/** Evidence with gaps is written and not called whole: neither good nor bad is proven by it. */
export function exitCodeOf({ isComplete }: Evidence): number {
  return isComplete ? EXIT.done.code : EXIT.held.code;
}

/** What was gathered, as people read it. */
export function evidenceText({ evidence }: EvidenceArchive, file: string, paint: Paint): string {
  const {
    stack,
    from,
    to,
    updates,
    refused,
    drills,
    rotations,
    exemptions,
    reports,
    plans,
    gaps,
    signature,
    isRehearsal,
  } = evidence;
  const approved = updates.filter(({ approval }) => approval !== null).length;
  const back = updates.filter(({ by }) => by === "sparki rollback").length;
  const gates = updates.flatMap(({ update, gates, gatesRanIn }) => (gatesRanIn === update ? (gates ?? []) : []));
  const passed = gates.filter(({ verdict }) => verdict === "pass").length;
  const rows = [
    `updates ${updates.length}: approved ${approved}, rollbacks ${back}; refused before any change ${refused.length}`,
    `gates passed ${passed} of ${gates.length}; restore tests ${drills.restoreTests.length}, of the cache ${drills.cache.restoreTests.length}; rotations ${rotations.length}; exemptions ${exemptions.length}`,
    `reports of this machine ${reports.kept.length}; left out, because they match no update, ${reports.apart.length}`,
    `approved plans of this machine ${plans.kept.length}; on others ${plans.absent.length}`,
    signature === null ? "unsigned (--unsigned)" : `signed by ${signature.key}`,
    ...(isRehearsal ? ["from a rehearsal, so not evidence of a production system"] : []),
  ];
  const missing =
    gaps.length === 0
      ? [paint.good("nothing that should have been recorded is missing")]
      : [paint.bad(`missing: ${gaps.length}`), ...gaps.map(({ text }) => `  - ${text}`)];
  return [
    `${paint.strong(stack)}: evidence of ${from} to ${to} is in ${file}`,
    ...rows.map((row) => `  ${row}`),
    ...missing,
    "",
  ].join("\n");
}

/** What an archive of evidence is worth: the document of `sparki evidence --verify --json`. */
export interface Verification {
  /** `unproven` is one whose files are as its list says, while nothing proves who wrote the list. */
  readonly outcome: "verified" | "unproven" | "refused";
  readonly exitCode: number;
  readonly problems: readonly string[];
  /** Null where the archive does not say it. */
  readonly stack: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly isRehearsal: boolean | null;
  /** What the archive itself says is missing. */
  readonly gaps: readonly string[];
  /** The key that the archive says it is signed with. */
  readonly signedBy: string | null;
  readonly files: number;
}

const EVIDENCE = "evidence.json";

const evidenceSchema = z.looseObject({
  format: z.literal(FORMAT),
  stack: z.string(),
  from: z.string(),
  to: z.string(),
  isRehearsal: z.boolean(),
  gaps: z.array(z.looseObject({ text: z.string() })),
  signature: z.strictObject({ algorithm: z.literal("Ed25519"), key: z.string() }).nullable(),
});
type Told = z.infer<typeof evidenceSchema>;

/** Checks an archive against its own list, that list against the key, and the whole against what sparki writes of such files. */
export function verifyArchive(archive: Buffer, key: KeyObject | undefined): Verification {
  try {
    const files = filesIn(archive);
    const sums = files.get(SUMS);
    if (sums === undefined)
      throw new BrokenArchive(`it has no ${SUMS}: it is not an evidence archive, or its list of files was removed`);
    const signature = files.get(SIGNATURE);
    const content = new Map([...files].filter(([path]) => path !== SUMS && path !== SIGNATURE));
    const listing = listingProblems(sums.toString("utf8"), content);
    const told = toldIn(content);
    const problems = [
      ...listing,
      // The whole is compared once its parts are right: else it only says again that one is not.
      ...(listing.length === 0 ? formProblems(archive, content, signature) : []),
      ...(typeof told === "string" ? [told] : signatureProblems({ told, sums, signature, key })),
    ];
    return verificationOf(problems, typeof told === "string" ? undefined : told, { files, key });
  } catch (error) {
    if (error instanceof BrokenArchive) return verificationOf([error.message], undefined, { files: new Map(), key });
    throw error;
  }
}

function listingProblems(text: string, content: Files): string[] {
  const sums = sumsIn(text);
  const listed = [...sums].flatMap(([path, sum]) => {
    const found = content.get(path);
    if (found === undefined) return [`${path} is listed, but missing`];
    return sha256(found) === sum ? [] : [`${path} was changed: its SHA-256 is ${sha256(found)}; expected ${sum}`];
  });
  const added = [...content.keys()]
    .filter((path) => !sums.has(path))
    .map((path) => `${path} is present, but not listed`);
  const problems = [...listed, ...added];
  return problems.length === 0 && sumsOf(content) !== text ? [`${SUMS} was reordered or rewritten`] : problems;
}

function formProblems(archive: Buffer, content: Files, signature: Buffer | undefined): string[] {
  if (archiveOf(content, signature).equals(archive)) return [];
  return [
    "its files match the list, but the archive was rewritten: their order, their attributes or the bytes after them differ",
  ];
}

function toldIn(content: Files): Told | string {
  const text = content.get(EVIDENCE)?.toString("utf8");
  if (text === undefined) return `it has no ${EVIDENCE}`;
  try {
    const { data, error } = evidenceSchema.safeParse(JSON.parse(text));
    const [issue] = error?.issues ?? [];
    return data ?? `${EVIDENCE} has an unexpected form, at ${issue?.path.join(".")}: ${issue?.message}`;
  } catch {
    return `${EVIDENCE} is not JSON`;
  }
}

interface Signing {
  readonly told: Told;
  readonly sums: Buffer;
  readonly signature: Buffer | undefined;
  readonly key: KeyObject | undefined;
}

function signatureProblems({ told, sums, signature, key }: Signing): string[] {
  if (told.signature === null && signature !== undefined) return ["it says that it is unsigned, but has a signature"];
  if (told.signature !== null && signature === undefined)
    return [`its signature by ${told.signature.key} was taken out`];
  if (key === undefined) return [];
  if (told.signature === null || signature === undefined)
    return ["it is unsigned; expected a signature by the given key"];
  if (isSigned(sums, signature, key)) return [];
  const given = keyName(key);
  if (told.signature.key === given)
    return ["its signature does not match this list: the list was changed, or signed with another key"];
  return [`it is signed by ${told.signature.key}; expected ${given}, the given key`];
}

interface Found {
  readonly files: Files;
  readonly key: KeyObject | undefined;
}

function verificationOf(problems: readonly string[], told: Told | undefined, { files, key }: Found): Verification {
  const outcome = problems.length > 0 ? "refused" : key === undefined ? "unproven" : "verified";
  const { code } = { refused: EXIT.refused, unproven: EXIT.held, verified: EXIT.done }[outcome];
  return {
    outcome,
    exitCode: code,
    problems,
    stack: told?.stack ?? null,
    from: told?.from ?? null,
    to: told?.to ?? null,
    isRehearsal: told?.isRehearsal ?? null,
    gaps: told?.gaps.map(({ text }) => text) ?? [],
    signedBy: told?.signature?.key ?? null,
    files: files.size,
  };
}

/** What a check found, as people read it. */
export function verificationText(file: string, verification: Verification, paint: Paint): string {
  const { outcome, problems, stack, from, to, isRehearsal, gaps, signedBy, files } = verification;
  const colour = outcome === "verified" ? paint.good : paint.bad;
  const of = stack === null ? "" : `: evidence of ${stack}, ${from} to ${to}, ${files} files`;
  const signer =
    signedBy === null ? "it is unsigned: anyone may have written it" : `it says it is signed by ${signedBy}`;
  const verdicts = {
    verified: [`  every file matches the list, and the list is signed by ${signedBy}`],
    unproven: [
      `  every file matches the list; who wrote the list is not proven: ${signer}`,
      ...(signedBy === null ? [] : ["  Next: run it again with --public-key FILE, the key that you trust"]),
    ],
    refused: problems.map((problem) => `  ! ${problem}`),
  };
  return [
    `${colour(outcome)} ${file}${of}`,
    ...verdicts[outcome],
    ...(isRehearsal === true ? ["  from a rehearsal, so not evidence of a production system"] : []),
    ...(outcome === "refused" || gaps.length === 0
      ? []
      : [`  it says itself that ${gaps.length === 1 ? "1 thing is" : `${gaps.length} things are`} missing:`]),
    ...(outcome === "refused" ? [] : gaps.map((gap) => `    - ${gap}`)),
    "",
  ].join("\n");
}
