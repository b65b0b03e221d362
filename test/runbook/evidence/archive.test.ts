import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { Header } from "tar";
import {
  archiveOf,
  type EvidenceArchive,
  evidenceArchive,
  filesIn,
  keyName,
  SIGNATURE,
  SUMS,
  signed,
  sumsOf,
  verifyArchive,
} from "../../../runbook/evidence/archive.ts";
import { gathered, wholeUpdate } from "../../support/evidence.ts";
import { releaseNamed } from "../../support/updates.ts";

const ours = generateKeyPairSync("ed25519");
const theirs = generateKeyPairSync("ed25519");
const REPORT = "reports/prod-20261002T091100-2.0.json";

describe("verifyArchive", () => {
  let archive: EvidenceArchive;
  let unsigned: EvidenceArchive;
  beforeAll(async () => {
    const found = await gathered([wholeUpdate(releaseNamed("2.0"), "2026-10-02T09:00:00Z")]);
    const reports = { files: new Map([[REPORT, "{}\n"]]), kept: [], apart: [], gaps: [] };
    const plans = { files: new Map(), plans: { kept: [], absent: [] } };
    archive = evidenceArchive(found, { reports, plans }, ours.privateKey);
    unsigned = evidenceArchive(found, { reports, plans }, undefined);
  });

  /** The same archive with other files, in whatever order; its list stays unless it is given too. */
  const altered = (change: (files: Map<string, Buffer>) => void, of = archive): Buffer => {
    const files = new Map(filesIn(of.bytes));
    change(files);
    return tar(files);
  };

  it("verifies what was written, by the key that signed it", () => {
    expect(verifyArchive(archive.bytes, ours.publicKey)).toEqual({
      outcome: "verified",
      exitCode: 0,
      problems: [],
      stack: "prod",
      from: "2026-10-01",
      to: "2026-10-31",
      isRehearsal: false,
      gaps: [],
      signedBy: keyName(ours.privateKey),
      files: 5,
    });
  });

  it("calls nothing verified without a key, nor what nobody signed with one", () => {
    expect(verifyArchive(archive.bytes, undefined)).toMatchObject({ outcome: "unproven", exitCode: 3, problems: [] });
    expect(verifyArchive(unsigned.bytes, undefined)).toMatchObject({
      outcome: "unproven",
      exitCode: 3,
      signedBy: null,
    });
    const problems = ["it is unsigned; expected a signature by the given key"];
    expect(verifyArchive(unsigned.bytes, ours.publicKey)).toMatchObject({ outcome: "refused", exitCode: 1, problems });
  });

  it("names both keys where another one signed it", () => {
    const { outcome, problems } = verifyArchive(archive.bytes, theirs.publicKey);
    expect(outcome).toBe("refused");
    expect(problems).toEqual([
      `it is signed by ${keyName(ours.publicKey)}; expected ${keyName(theirs.publicKey)}, the given key`,
    ]);
  });

  it.each<[string, (files: Map<string, Buffer>) => void, string]>([
    [
      "a changed file",
      (files) => files.set("evidence.md", Buffer.from("all well")),
      "evidence.md was changed: its SHA-256 is ",
    ],
    [
      "an added file",
      (files) => files.set("evidence-2.md", Buffer.from("")),
      "evidence-2.md is present, but not listed",
    ],
    ["a removed file", (files) => files.delete(REPORT), `${REPORT} is listed, but missing`],
    ["no list", (files) => files.delete(SUMS), "it has no SHA256SUMS"],
    ["no signature", (files) => files.delete(SIGNATURE), "its signature by SHA256:"],
    ["half a signature", (files) => files.set(SIGNATURE, Buffer.alloc(32)), "its signature does not match this list"],
    ["an empty list", (files) => files.set(SUMS, Buffer.from("")), "evidence.json is present, but not listed"],
    [
      "a list cut short",
      (files) => files.set(SUMS, (files.get(SUMS) ?? Buffer.alloc(0)).subarray(0, 70)),
      "SHA256SUMS is truncated",
    ],
    ["a list of the same in another order", reorderSums, "SHA256SUMS was reordered or rewritten"],
    ["the files in another order", reorderFiles, "the archive was rewritten"],
    ["a list that names a file twice", repeatSum, "SHA256SUMS has a line that names no file, or a file twice"],
  ])("refuses %s", (_, change, problem) => {
    const found = verifyArchive(altered(change), ours.publicKey);
    expect({ outcome: found.outcome, exitCode: found.exitCode }).toEqual({ outcome: "refused", exitCode: 1 });
    expect(found.problems.join("\n")).toContain(problem);
    expect(verifyArchive(altered(change), undefined).outcome).toBe(
      problem.startsWith("its signature does not match") ? "unproven" : "refused",
    );
  });

  it("refuses a changed file whose list was changed with it, by the signature", () => {
    const change = (files: Map<string, Buffer>) => {
      files.set("evidence.md", Buffer.from("all well"));
      files.set(SUMS, Buffer.from(listOf(files)));
    };
    const problems = ["its signature does not match this list: the list was changed, or signed with another key"];
    expect(verifyArchive(altered(change), ours.publicKey)).toMatchObject({ outcome: "refused", problems });
  });

  it("refuses what somebody else changed and signed, although it names our key", () => {
    const change = (files: Map<string, Buffer>) => {
      files.set("evidence.md", Buffer.from("all well"));
      files.set(SUMS, Buffer.from(listOf(files)));
      files.set(SIGNATURE, signed(listOf(files), theirs.privateKey));
    };
    expect(verifyArchive(altered(change), ours.publicKey).outcome).toBe("refused");
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["something behind its end", (bytes) => Buffer.concat([bytes, Buffer.alloc(512)])],
    ["another file behind its end", (bytes) => Buffer.concat([bytes, bytes])],
    ["no end", (bytes) => bytes.subarray(0, -1024)],
    ["half of it gone", (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["nothing in it", () => Buffer.alloc(0)],
    ["only an end", () => Buffer.alloc(1024)],
    ["text in it", () => Buffer.from("evidence\n".repeat(200))],
    ["another time in a header", (bytes) => tar(filesIn(bytes), { mtime: 1 })],
    ["a path out of its folder", (bytes) => tar(new Map([...filesIn(bytes), ["../evidence.md", Buffer.from("x")]]))],
    ["an absolute path", (bytes) => tar(new Map([...filesIn(bytes), ["/etc/passwd", Buffer.from("x")]]))],
    ["a link", (bytes) => tar(new Map([...filesIn(bytes), ["link", Buffer.alloc(0)]]), { link: "link" })],
  ])("refuses an archive with %s", (_, change) => {
    const found = verifyArchive(change(Buffer.from(archive.bytes)), ours.publicKey);
    expect({ outcome: found.outcome, exitCode: found.exitCode }).toEqual({ outcome: "refused", exitCode: 1 });
    expect(found.problems).toHaveLength(1);
  });

  it("refuses any archive of which one byte is another, wherever it stands", () => {
    const place = fc.record({ at: fc.nat(archive.bytes.length - 1), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(place, ({ at, by }) => {
        const bytes = Buffer.from(archive.bytes);
        bytes[at] = ((bytes[at] ?? 0) + by) % 256;
        expect(verifyArchive(bytes, ours.publicKey).outcome).toBe("refused");
      }),
      { numRuns: 400 },
    );
  });

  it("is the same bytes for the same evidence, and reads back as what was put in", () => {
    const content = fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), fc.uint8Array({ maxLength: 2000 }));
    fc.assert(
      fc.property(content, (entries) => {
        const files = new Map(Object.entries(entries).map(([path, bytes]) => [path, Buffer.from(bytes)]));
        const backwards = new Map([...files].reverse());
        const bytes = archiveOf(files, undefined);
        expect(archiveOf(backwards, undefined).equals(bytes)).toBe(true);
        const read = new Map(filesIn(bytes));
        read.delete(SUMS);
        expect(Object.fromEntries(read)).toEqual(Object.fromEntries(files));
      }),
    );
  });
});

/** The list of what is in an archive now. */
function listOf(files: ReadonlyMap<string, Buffer>): string {
  return sumsOf(new Map([...files].filter(([path]) => path !== SUMS && path !== SIGNATURE)));
}

function reorderSums(files: Map<string, Buffer>): void {
  const lines = files.get(SUMS)?.toString().trimEnd().split("\n") ?? [];
  files.set(SUMS, Buffer.from(`${lines.reverse().join("\n")}\n`));
}

function repeatSum(files: Map<string, Buffer>): void {
  const text = files.get(SUMS)?.toString() ?? "";
  files.set(SUMS, Buffer.from(text + text));
}

function reorderFiles(files: Map<string, Buffer>): void {
  const entries = [...files].reverse();
  files.clear();
  for (const [path, content] of entries) files.set(path, content);
}

interface TarChanges {
  readonly mtime?: number;
  /** The path of an entry that is a link. */
  readonly link?: string;
}

/** A tar archive of whatever files, in their order: also what `archiveOf` would not write. */
function tar(files: ReadonlyMap<string, Buffer>, { mtime = 0, link }: TarChanges = {}): Buffer {
  const entries = [...files].flatMap(([path, content]) => {
    const type = path === link ? "SymbolicLink" : "File";
    const owned = { mode: 0o444, uid: 0, gid: 0, mtime: new Date(mtime * 1000) };
    const header = Buffer.alloc(512);
    new Header({ path, type, size: content.length, ...owned }).encode(header, 0);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}
