import { join } from "node:path";
import { parseConfig } from "../../stacks/config.ts";
import type { Ports } from "../command.ts";
import { CHECKOUT_DIRECTORY } from "../project.ts";
import { deployHtml } from "../report/deploy-html.ts";
import { expectedText } from "../report/duration.ts";
import { writeReport } from "../report/report-files.ts";
import { docsLinks, planLinks } from "../report/report-links.ts";
import { providersText } from "./providers.ts";
import type { RehearsalReport } from "./rehearsal-report.ts";
import type { RehearsalSession } from "./rehearsal-session.ts";

/** A rehearsal's report with where its files are: below its run's directory. */
export async function withReport(
  { project, stack, runDirectory }: RehearsalSession,
  { clock, cwd, stderr }: Pick<Ports, "clock" | "cwd" | "stderr">,
  report: Omit<RehearsalReport, "report">,
): Promise<RehearsalReport> {
  const directory = join(runDirectory, "report");
  const beside = {
    notes: notesOf(report),
    links: [...planLinks(report, CHECKOUT_DIRECTORY, directory), ...docsLinks(parseConfig(project.config(), stack))],
  };
  const page = (madeAt: string) => deployHtml(report, { madeAt, ...beside, isRehearsal: true });
  const reported = { stack, release: report.release.id, document: report, page };
  const warn = (line: string) => stderr.write(`${line}\n`);
  return { ...report, report: await writeReport(reported, { directory, at: clock.now(), cwd }, warn) };
}

function notesOf({ scenario, plan, world, providers }: Omit<RehearsalReport, "report">): string[] {
  const pace = plan?.expected === undefined ? "" : ` At AWS the plan expects ${expectedText(plan.expected)}.`;
  const left = `${world.resources} resources at AWS, ${world.orphans} orphans, ${world.duplicates} duplicates, ${world.drift} drifted`;
  const real = providersText(providers);
  return [
    `A rehearsal of ${scenario} on one machine, and so all times are this machine's.${pace}`,
    `The simulated account ends with ${left}.`,
    ...(real === undefined ? [] : [`Providers that were ${real}.`]),
  ];
}
