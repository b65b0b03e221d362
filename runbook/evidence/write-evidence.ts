import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createWhole, isThere } from "../../io/whole-file.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { documentText } from "../../shared/text/output.ts";
import type { Paint } from "../report/screen.ts";
import { archiveOf, sha256, sumsOf } from "./archive.ts";
import type { Evidence } from "./evidence.ts";
import { evidencePage } from "./evidence-page.ts";
import type { Gathered } from "./gather.ts";
import type { PlanFiles, ReportFiles } from "./kept-reports.ts";
import { keyName, signed } from "./signature.ts";

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
    if (bytes.equals(contentOf(file))) return;
    throw new DeployError(
      "SPARKI_USAGE",
      `${file} already exists with different content; evidence is never overwritten`,
      {
        hint: "choose another name with --output, or move that file",
      },
    );
  }
}

function contentOf(file: string): Buffer {
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
