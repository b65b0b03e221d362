import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { keepNewest } from "../../shared/keep-newest.ts";
import { messageOf } from "../../shared/message-of.ts";
import { documentText } from "../../shared/text/document-text.ts";

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
    await writeFile(path("json"), `${documentText(document)}\n`, { mode: 0o600 });
    await writeFile(path("html"), page(madeAt), { mode: 0o600 });
    keepNewest(directory, MOST_KEPT);
    return relative(cwd, path("html"));
  } catch (error) {
    warn(`  ! the report was not written to ${directory}: ${messageOf(error)}`);
    return null;
  }
}

/** The report's line at the end of what a terminal shows; none without a report. */
export function reportLine(report: string | null): string {
  return report === null ? "" : `\nReport: ${report}\n`;
}
