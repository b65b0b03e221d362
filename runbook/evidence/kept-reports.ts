import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "../../shared/deploy-error.ts";
import { documentText, safeDocument } from "../../shared/text/output.ts";
import type { EndedDeploy } from "../deploy/release-history.ts";
import { approvedFingerprint } from "../plan/approval.ts";
import type { KeptReport } from "../report/report-files.ts";
import { type Evidence, type Gap, isWithin, type Range, type Reports, type UpdateEvidence } from "./evidence.ts";

/** Reports as files of the archive, by path, with what is said of them. */
export interface ReportFiles extends Reports {
  readonly files: ReadonlyMap<string, string>;
  readonly gaps: readonly Gap[];
}

interface Place {
  readonly cwd: string;
  readonly range: Range;
}

/** As much of a report as says what it is of. */
const reportSchema = z.looseObject({
  outcome: z.string(),
  reason: z.string(),
  release: z.looseObject({ id: z.string() }),
  gates: z.array(z.looseObject({})).default([]),
});
type Report = z.infer<typeof reportSchema>;

/** Names that a file of the archive may have. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/**
 * The reports of deploys and rollbacks on these days that fit what the history says: rehearsals against a cloud of one's own
 * leave theirs in the same folder, and so does every backend. Their texts are made safe again.
 */
export function reportFiles(
  reports: readonly KeptReport[],
  evidence: Pick<Evidence, "stack" | "updates">,
  ends: readonly EndedDeploy[],
  { cwd, range }: Place,
): ReportFiles {
  const files = new Map<string, string>();
  const gaps: Gap[] = [];
  const kept: Reports["kept"][number][] = [];
  const apart: string[] = [];
  const ours = reports
    .filter(({ kind, stack, at }) => kind !== "rehearsal" && stack === evidence.stack && isWithin(range, secondsOf(at)))
    .toSorted((one, other) => (one.document < other.document ? -1 : 1));
  for (const each of ours) {
    const name = basename(each.document);
    const found = read(resolve(cwd, each.document), name);
    if (typeof found === "string") {
      gaps.push({
        of: "report",
        update: null,
        release: each.release,
        text: `the report ${name} cannot be read: ${found}`,
      });
      continue;
    }
    const isFitting = fits(found, { kind: each.kind, at: secondsOf(each.at) }, evidence.updates, ends);
    if (!isFitting) {
      apart.push(name);
      continue;
    }
    const path = `reports/${name}`;
    files.set(path, `${documentText(found)}\n`);
    kept.push({ path, release: found.release.id, outcome: found.outcome });
  }
  return { files, gaps, kept, apart };
}

function read(file: string, name: string): Report | string {
  if (!NAME.test(name)) return "its name is not that of a report";
  try {
    const { data, error } = reportSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    const [issue] = error?.issues ?? [];
    return data ?? `${issue?.path.join(".")}: ${issue?.message}`;
  } catch (error) {
    return messageOf(error);
  }
}

interface Told {
  readonly kind: KeptReport["kind"];
  readonly at: number;
}

/** A rollback's report is written within an hour of its update. */
const ROLLBACK_SECONDS = 3600;

/** Whether the history knows what a report tells: by the gates' counts of a promotion, or by the words that were kept of its end. */
function fits(
  report: Report,
  { kind, at }: Told,
  updates: readonly UpdateEvidence[],
  ends: readonly EndedDeploy[],
): boolean {
  const own = updates.filter(
    ({ release, startedAt }) => release?.id === report.release.id && secondsOf(startedAt) <= at + 1,
  );
  if (kind === "rollback")
    return own.some(({ by, endedAt }) => by === "sparki rollback" && at - secondsOf(endedAt) <= ROLLBACK_SECONDS);
  if (report.outcome === "promoted")
    return own.some(
      ({ by, gates }) => by === "sparki deploy" && gates !== null && gates.length > 0 && hasAll(report, gates),
    );
  const words = report.reason.replace(/\s+/g, " ");
  return ends.some(
    ({ startedAt, release, outcome, reason }) =>
      release === report.release.id &&
      outcome === report.outcome &&
      startedAt <= at + 1 &&
      words.startsWith(safe(reason)),
  );
}

function hasAll({ gates }: Report, proven: NonNullable<UpdateEvidence["gates"]>): boolean {
  return proven.every(({ gate, objective, requests, bad, verdict }) =>
    gates.some(
      (each) =>
        each.gate === gate &&
        each.objective === objective &&
        each.requests === requests &&
        each.bad === bad &&
        each.verdict === verdict,
    ),
  );
}

/** Reports are made safe when they are written, and what the stack keeps is not. */
function safe(text: string): string {
  return String(safeDocument(text));
}

function secondsOf(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** What was approved, as files of the archive by path. */
export interface PlanFiles {
  readonly files: ReadonlyMap<string, string>;
  readonly plans: Evidence["plans"];
}

/**
 * The fingerprints of the plans that were approved, of those that this machine has. Only the fingerprint of a plan is what
 * its hash stands for, and only one that has that very hash is taken; it holds names and hashes, and stays as it is.
 */
export async function planFiles(
  updates: readonly Pick<UpdateEvidence, "approval">[],
  read: (hash: string) => Promise<unknown>,
): Promise<PlanFiles> {
  const hashes = [...new Set(updates.flatMap(({ approval }) => approval?.hash ?? []))].sort();
  const files = new Map<string, string>();
  const absent: string[] = [];
  for (const hash of hashes) {
    const isHash = /^[0-9a-f]{64}$/.test(hash);
    const fingerprint = isHash ? approvedFingerprint(hash, await read(hash)) : undefined;
    if (fingerprint === undefined) absent.push(hash);
    else files.set(`plans/${hash}.json`, `${JSON.stringify(fingerprint, null, 2)}\n`);
  }
  return { files, plans: { kept: [...files.keys()], absent } };
}
