import { deployRows, headline, row } from "../deploy/deploy-text.ts";
import { inColumns } from "../report/columns.ts";
import { duration, expectedText } from "../report/duration.ts";
import { reportLine } from "../report/report-files.ts";
import type { Paint } from "../report/screen.ts";
import { providersText } from "./providers.ts";
import type { RehearsalReport } from "./rehearsal-report.ts";

/** The short report that a person reads at the end: the deploy's own, and what only a rehearsal can tell. */
export function rehearsalText(report: RehearsalReport, paint: Paint): string {
  const providers = providersText(report.providers);
  const text = [
    "",
    ...deployRows(report, paint),
    row("world", worldText(report)),
    row("time", timeText(report)),
    ...(providers === undefined ? [] : [row("providers", providers)]),
    ...report.replaced.map(({ key, by }) => row("replaced", `${key}: ${by}`)),
    ...report.world.findings.map((finding) => row("", finding)),
  ].join("\n");
  return `\n${headline(report.scenario, report, paint)}\n${inColumns(text)}\n${reportLine(report.report)}`;
}

function worldText({ world }: RehearsalReport): string {
  const { resources, orphans, duplicates, drift } = world;
  return `${resources} resources at AWS, ${orphans} orphans, ${duplicates} duplicates, ${drift} drifted`;
}

function timeText({ timing, plan }: RehearsalReport): string {
  const { wallSeconds, detectSeconds } = timing;
  const detected = detectSeconds === null ? "" : `, refused after ${duration(detectSeconds)}`;
  const model = plan?.expected === undefined ? "" : `; at AWS ${expectedText(plan.expected)}`;
  return `${duration(wallSeconds)} here${detected}${model}`;
}
