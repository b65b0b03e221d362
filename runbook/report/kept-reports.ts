import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { messageOf } from "../../shared/message-of.ts";
import { DEPLOYS_DIRECTORY, runsDirectory } from "../project.ts";

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
