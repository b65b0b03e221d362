import { join } from "node:path";
import { parseConfig } from "../../stacks/config.ts";
import type { Ports } from "../command.ts";
import { writeDeployReport } from "../report/deploy-files.ts";
import { deployLinks } from "../report/deploy-links.ts";
import { duration } from "../report/duration.ts";
import type { RehearsalReport } from "./rehearsal-report.ts";
import type { RehearsalSession } from "./rehearsal-session.ts";

/** A rehearsal's report with where its files are: below its run's directory. */
export async function withReport(
  { project, stack, runDirectory }: RehearsalSession,
  { clock, cwd, stderr }: Pick<Ports, "clock" | "cwd" | "stderr">,
  report: Omit<RehearsalReport, "report">,
): Promise<RehearsalReport> {
  const links = deployLinks(parseConfig(project.config(), stack));
  const directory = join(runDirectory, "report");
  const place = { directory, at: clock.now(), cwd, notes: notesOf(report), links };
  return { ...report, report: await writeDeployReport(report, place, (line) => stderr.write(`${line}\n`)) };
}

function notesOf({ scenario, timing, world }: Omit<RehearsalReport, "report">): string[] {
  const { modelSeconds, criticalPathSeconds } = timing;
  const pace = `at AWS's pace it takes ${duration(modelSeconds)}, its critical path ${duration(criticalPathSeconds)}`;
  const left = `${world.resources} resources, ${world.orphans} orphans, ${world.duplicates} duplicates, ${world.drift} drifted`;
  return [
    `A rehearsal of ${scenario} on one machine, and so all times are this machine's; ${pace}.`,
    `The simulated account ends with ${left}.`,
  ];
}
