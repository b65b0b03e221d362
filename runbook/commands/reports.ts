import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { stackNameIn } from "../../stacks/stack-name.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { inColumns } from "../report/columns.ts";
import type { KeptReport } from "../report/report-files.ts";
import type { Paint } from "../report/screen.ts";

const DESCRIPTION = `Lists the reports that earlier rehearsals, deploys and rollbacks left on this machine, newest first.

Each with its end (UTC), its stack and release, its outcome and exit code, and the page to open.
It only reads files: it makes no request, opens nothing and changes nothing.

Reports of deploys and rollbacks are in .sparki/deploys, those of rehearsals in .sparki/rehearsal/<stack>/report.
SPARKI_REHEARSAL_DIRECTORY names a folder other than .sparki/rehearsal.

${exitCodesText({
  done: "listed, even if there are none",
  usage: "usage",
})}

Examples:
  npx sparki reports                        every stack's
  npx sparki reports --stack staging
  npx sparki reports --json                 one JSON document`;

/** `sparki reports`: what earlier rehearsals and deploys came to, and where to read it. */
export const reports: Command = {
  name: "reports",
  summary: "the reports of earlier rehearsals, deploys and rollbacks",
  description: DESCRIPTION,
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { keptReports } = await import("../report/report-files.ts");
  const { openScreen } = await import("../report/screen.ts");
  const stack = typeof options.stack === "string" ? named(options.stack) : undefined;
  const all = keptReports(ports);
  const kept = all.filter((report) => stack === undefined || report.stack === stack);
  const screen = await openScreen(ports);
  ports.stderr.write(kept.length === 0 ? noneText(stack) : reportsText(kept, screen.paint));
  return { exitCode: EXIT.done.code, json: { reports: kept } };
}

/** Of a stack whose config is gone there may be reports still: its name is all that is needed. */
function named(given: string): string {
  const name = stackNameIn(given);
  if (name !== undefined) return name.stack;
  throw new DeployError("SPARKI_USAGE", `--stack is ${JSON.stringify(given)}; expected a name such as prod`, {
    hint: "npx sparki reports --help",
  });
}

function noneText(stack: string | undefined): string {
  const [of, flag] = stack === undefined ? ["", ""] : [` of ${stack}`, ` --stack ${stack}`];
  return `no reports${of} here yet\nNext: npx sparki rehearse${flag}, which leaves one\n`;
}

/** The list as people read it: two lines a report, the second with the page to open. */
function reportsText(reports: readonly KeptReport[], paint: Paint): string {
  const lines = reports.flatMap(({ at, kind, stack, release, scenario, outcome, exitCode, page, document, reason }) => {
    const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
    const how = outcome === null ? paint.bad(reason) : `${colour(outcome)} (exit ${exitCode})`;
    const what = scenario === null ? kind : `${kind} of ${scenario}`;
    const time = at.replace("T", " ").slice(0, 16);
    return [
      `${time}  ${stack}  ${release}  ${how}  ${what}`,
      `    ${page ?? `${document} (its page no longer exists)`}`,
    ];
  });
  return `${inColumns(lines.join("\n"))}\n`;
}
