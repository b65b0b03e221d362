import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { EXIT } from "../../shared/deploy-error.ts";
import type { Paint } from "../report/screen.ts";
import {
  archiveOf,
  BrokenArchive,
  type Files,
  filesIn,
  isSigned,
  keyName,
  SIGNATURE,
  SUMS,
  sha256,
  sumsIn,
  sumsOf,
} from "./archive.ts";
import { FORMAT } from "./evidence.ts";

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
