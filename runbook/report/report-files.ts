import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../io/whole-file.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { keepNewest } from "../../shared/keep-newest.ts";
import { documentText } from "../../shared/text/output.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { DeployDocument } from "../deploy/deploy-document.ts";
import { DEPLOYS_DIRECTORY, runsDirectory } from "../project.ts";
import type { Link } from "./page.ts";

/** What a report is of. */
export interface Reported {
  readonly stack: string;
  /** The release's id. */
  readonly release: string;
  readonly document: object;
  /** The page for people; `madeAt` is ISO 8601. */
  page(madeAt: string): string;
}

/** Where a report goes. */
export interface ReportPlace {
  /** Absolute; made when it is not there. */
  readonly directory: string;
  /** Seconds since 1970. */
  readonly at: number;
  /** Paths are told relative to it. */
  readonly cwd: string;
}

/** Files of reports that stay, two a report: at ten deploys a day the newest seven weeks. */
const MOST_KEPT = 1000;

/**
 * Writes a report for people (one HTML file that needs nothing else) and for programs (JSON), for their owner alone, and
 * resolves with the HTML file's path. A report that cannot be written changes no outcome: then with null, and `warn` is
 * called with the reason. The newest 500 reports stay.
 */
export async function writeReport(
  { stack, release, document, page }: Reported,
  { directory, at, cwd }: ReportPlace,
  warn: (line: string) => void,
): Promise<string | null> {
  const madeAt = new Date(at * 1000).toISOString();
  const time = madeAt.slice(0, 19).replaceAll(/[:-]/g, "");
  const path = (ending: string) => join(directory, `${stack}-${time}-${release}.${ending}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    writeWhole(path("json"), { content: `${documentText(document)}\n`, mode: 0o600 });
    writeWhole(path("html"), { content: page(madeAt), mode: 0o600 });
    keepNewest(directory, MOST_KEPT);
    return relative(cwd, path("html"));
  } catch (error) {
    warn(`  ! the report could not be written to ${directory}: ${messageOf(error)}`);
    return null;
  }
}

/** The report's line at the end of what a terminal shows; none without a report. */
export function reportLine(report: string | null): string {
  return report === null ? "" : `\nReport: ${report}\n`;
}

/** Pages that say what the report's words mean and what to do next. */
const PAGES = {
  "docs/decision-tree.md": "What happens after each verdict",
  "docs/gates.md": "What a gate proves",
  "docs/alerts.md": "What to do when an alert fires",
  "docs/runbook.md": "The whole runbook",
};

/** The stack's pages on the web, where a reader of a report may want to go. */
export function docsLinks({ runbookUrl }: Pick<StackConfig, "runbookUrl">): Link[] {
  return Object.entries(PAGES).map(([path, title]) => ({ title, href: `${runbookUrl}/${path}` }));
}

/**
 * The page of the plan that was carried out, as a link from a report's folder; plans are told relative to `base`. None
 * where nothing was planned.
 */
export function planLinks({ plan }: Pick<DeployDocument, "plan">, base: string, folder: string): Link[] {
  if (plan === null) return [];
  const href = relative(folder, join(base, plan.files.html));
  return [{ title: `The plan ${plan.hash.slice(0, 12)}`, href }];
}

/** A report that an earlier rehearsal, deploy or rollback left here. */
export interface KeptReport {
  /** When it was written, ISO 8601 in UTC. */
  readonly at: string;
  readonly kind: "rehearsal" | "deploy" | "rollback";
  readonly stack: string;
  readonly release: string;
  /** Of a rehearsal. */
  readonly scenario: string | null;
  /** Null, as the exit code, where the report cannot be read. */
  readonly outcome: string | null;
  readonly exitCode: number | null;
  /** Why it ended so; why it cannot be read where that is so. */
  readonly reason: string;
  /** The page for people and the document for programs, relative to where the command ran; null where it is gone. */
  readonly page: string | null;
  readonly document: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Place {
  readonly env: Environment;
  readonly cwd: string;
  /** @default the project's own */
  readonly deploysDirectory?: string;
}

/** What a report's name tells: `<stack>-<time>-<release>.json`. */
const NAME = /^(?<stack>.+?)-(?<time>\d{8}T\d{6})-(?<release>.+)\.json$/;

/** As much as the list tells; a report may hold more, and an older one less. */
const told = z.object({
  stack: z.string(),
  outcome: z.string(),
  exitCode: z.int(),
  reason: z.string(),
  scenario: z.string().optional(),
  steps: z.array(z.unknown()).optional(),
});

/** Every report that is kept here, the newest first; one that cannot be read is told with the reason. */
export function keptReports({ env, cwd, deploysDirectory = DEPLOYS_DIRECTORY }: Place): KeptReport[] {
  const runs = runsDirectory({ env, cwd });
  const rehearsed = namesIn(runs).map((stack) => ({ folder: join(runs, stack, "report"), isRehearsal: true }));
  const folders = [...rehearsed, { folder: deploysDirectory, isRehearsal: false }];
  const reports = folders.flatMap(({ folder, isRehearsal }) =>
    namesIn(folder).flatMap((name) => reportOf(folder, name, { isRehearsal, cwd })),
  );
  return reports.sort((one, other) => other.at.localeCompare(one.at) || one.document.localeCompare(other.document));
}

function reportOf(
  folder: string,
  name: string,
  { isRehearsal, cwd }: { readonly isRehearsal: boolean; readonly cwd: string },
): KeptReport[] {
  const { stack, time, release } = NAME.exec(name)?.groups ?? {};
  if (stack === undefined || time === undefined || release === undefined) return [];
  const file = join(folder, name);
  const page = file.replace(/json$/, "html");
  const found = read(file);
  return [
    {
      at: time.replace(/^(....)(..)(..)T(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6Z"),
      kind: isRehearsal ? "rehearsal" : found.steps === undefined && found.outcome !== null ? "rollback" : "deploy",
      stack: found.stack ?? stack,
      release,
      scenario: found.scenario ?? null,
      outcome: found.outcome,
      exitCode: found.exitCode,
      reason: found.reason,
      page: existsSync(page) ? relative(cwd, page) : null,
      document: relative(cwd, file),
    },
  ];
}

type Told = Partial<Pick<z.infer<typeof told>, "stack" | "scenario" | "steps">> &
  Pick<KeptReport, "outcome" | "exitCode" | "reason">;

function read(file: string): Told {
  try {
    const { data, error } = told.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (data !== undefined) return data;
    const [issue] = error.issues;
    return unreadable(`${issue?.path.join(".")}: ${issue?.message}`);
  } catch (error) {
    return unreadable(messageOf(error));
  }
}

function unreadable(why: string): Told {
  return { outcome: null, exitCode: null, reason: `it cannot be read: ${why}` };
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
