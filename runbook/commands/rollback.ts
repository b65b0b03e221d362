import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { OpenTarget } from "../deploy/real-target.ts";
import type { Recovery } from "../recovery/take-over.ts";
import type { Screen } from "../report/screen.ts";
import { ABANDONED } from "./preflight.ts";

const DESCRIPTION = `Rolls back to a release that was promoted before, and proves that it serves.

Without --to, the target is the release of a rollback that was never proven; otherwise, after a
deployment that did not finish, what was last promoted; otherwise the release that was promoted
before the one that is live. After a deployment that was refused before its one-box nothing has
to change. It shows the preview and asks for confirmation; then it updates the stack to that
release's images, under the policies and the health gates, and leaves the database unchanged.
Within two minutes the running digests, the pods' health and the error rate with its bound must
prove the release; until then the stack is frozen. A report is left in .sparki/deploys as HTML
and as JSON.

Refused before anything changes: a release whose images no longer exist, and one whose code can
no longer run on the database (docs/rollback.md says which). A second rollback changes nothing.

A failed first deployment has no earlier release: --destroy deletes what it created, after a
confirmation, and only while neither a database nor a cache exists.

${exitCodesText({
  done: "the release serves and is proven, or nothing had to change",
  refused: "refused",
  usage: "no such release, or not confirmed",
  outside: "an external failure before anything changed, or interrupted",
  rollback: "the rollback failed",
})}

Examples:
  npx sparki rollback --dry-run
  npx sparki rollback --stack staging --yes --json
  npx sparki rollback --to 2026.11.1
  npx sparki rollback --destroy --dry-run   what a failed first deployment created`;

/** `sparki rollback`: done when the release before serves again, or did so already. */
export const rollback: Command = {
  name: "rollback",
  summary: "roll back to the last known good release, and prove that it serves",
  description: DESCRIPTION,
  options: [
    { flags: "--to <id>", help: "the release to roll back to; sparki history lists them" },
    { flags: "--destroy", help: "delete what a failed first deployment created, as long as nothing holds data" },
    { flags: "--dry-run", help: "only show what would be done" },
    ABANDONED,
  ],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { readStack } = await import("../preflight/stack-file.ts");
  readStack(options.stack, ports);
  const { assertSomebody, confirm } = await import("../../io/prompt.ts");
  const isDryRun = options.dryRun === true;
  if (!isDryRun && options.yes !== true) assertSomebody();
  const { openTarget, openTargetPreflight } = await import("../deploy/real-target.ts");
  const { inColumns } = await import("../report/columns.ts");
  const { reportRollback } = await import("../report/deploy-html.ts");
  const { reportLine } = await import("../report/report-files.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { runRequestedRollback } = await import("../rollback/requested-rollback.ts");
  const screen = await openScreen(ports);
  if (options.destroy === true && options.to !== undefined) throw contradiction();
  const target = await openTarget(options.stack, ports, screen, false);
  try {
    const { NOBODY_ASKED } = await import("../preflight/context.ts");
    const { providersSince, Recovery } = await import("../recovery/take-over.ts");
    const open = () => openTargetPreflight(target, NOBODY_ASKED);
    const { lostClusterError } = await import("../preflight/checks/state.ts");
    const throwLostCluster = async () => {
      const lost = await lostClusterError(open);
      if (lost !== undefined) throw lost;
    };
    const named = async (error: unknown): Promise<never> => {
      if (!(error instanceof DeployError && error.code === "SPARKI_USAGE")) await throwLostCluster();
      throw error;
    };
    const recovery = new Recovery(target, open, providersSince(options));
    if (options.destroy === true) return await undo(target, recovery, { options, ports }, screen);
    const done = await runRequestedRollback(target, {
      recovery,
      to: typeof options.to === "string" ? options.to : undefined,
      isDryRun,
      confirm: async (question) => {
        if (options.yes !== true) await confirm(question, ports.signal);
      },
    }).catch(named);
    if (done.outcome === "stopped") await throwLostCluster();
    const { paint } = screen;
    const { outcome, exitCode, reason } = done;
    const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
    const report = await reportRollback(done, target, ports.cwd);
    const end = `${paint.strong(`rollback ${target.stack}`)}: ${colour(outcome)} (exit ${exitCode})`;
    ports.stderr.write(`${inColumns(`\n${end}\n${reason}\n`)}${reportLine(report)}`);
    return {
      exitCode,
      json: { stack: target.stack, ...done, notifications: await target.notifications.all(), report },
    };
  } finally {
    await target.close();
  }
}

async function undo(
  target: OpenTarget,
  recovery: Recovery,
  { options, ports }: Pick<CommandInput, "options" | "ports">,
  { paint }: Screen,
): Promise<CommandResult> {
  const { confirm } = await import("../../io/prompt.ts");
  const { inColumns } = await import("../report/columns.ts");
  const { undoFirstDeploy } = await import("../rollback/requested-rollback.ts");
  const done = await undoFirstDeploy(target, {
    recovery,
    isDryRun: options.dryRun === true,
    confirm: async (question) => {
      if (options.yes !== true) await confirm(question, ports.signal);
    },
  });
  const { exitCode, outcome, reason, resources } = done;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const end = `${paint.strong(`rollback ${target.stack}`)}: ${colour(outcome)} (exit ${exitCode})`;
  const list = outcome === "planned" ? resources.map((name) => `  ${name}`) : [];
  ports.stderr.write(inColumns(`\n${[end, reason, ...list].join("\n")}\n`));
  return { exitCode, json: { stack: target.stack, ...done } };
}

function contradiction(): DeployError {
  return new DeployError("SPARKI_USAGE", "--destroy and --to cannot be used together; expected one of them", {
    hint: "npx sparki rollback --help",
  });
}
