import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Proves that the stack's database can be restored: restores its newest automated snapshot into a
temporary instance, runs the checks in drill.yaml (schema level, rows, age of the newest row), measures how long the
restore takes and how old the data is, and deletes the instance in every case.

It shows what it will create and what that costs, and asks for confirmation. The instance is in the database's own
subnets, in a security group that admits only the pod of the check; the check reads as the application's user, from a
Job in the cluster. Ctrl-C ends the drill once the instance is deleted. What a killed drill left behind is found by its
tag at the next start, and deleted once its time limit has passed, or at once with --abandoned.

A drill that passes writes the record that preflight requires, sparki:preflight.restoreTest, into Pulumi.<stack>.yaml:
commit it. Any other result is posted to the database's contact in Slack, and is not recorded (docs/recovery.md).

${exitCodesText({
  done: "restored, checked, passed and deleted; the record is written",
  refused: "the backup is missing, too old, unreadable, or fails a check in drill.yaml",
  usage: "usage or config, or not confirmed",
  held: "not proven: not available in time, or not every query returned an answer",
  outside: "an external failure, interrupted, or the instance could not be deleted",
})}

Examples:
  npx sparki drill restore
  npx sparki drill restore --point-in-time latest
  npx sparki drill restore --snapshot rds:sparki-prod-database-2026-11-28-03-09
  npx sparki drill restore --stack staging --yes --json      for a schedule in CI`;

/** `sparki drill restore`: restores the database's backup elsewhere, reads it and deletes it again. */
export const drill: Command = {
  name: "drill",
  summary: "restore the database's newest backup elsewhere, check it, delete it",
  description: DESCRIPTION,
  arguments: [{ name: "what", required: true, help: "restore" }],
  options: [
    { flags: "--snapshot <id>", help: "this snapshot instead of the newest one" },
    { flags: "--point-in-time <time>", help: "restore to this time: 2026-11-28T10:30:00Z, or latest" },
    { flags: "--limit <minutes>", help: "how long the restore may take", default: "120" },
    { flags: "--abandoned", help: "delete what an unfinished drill left behind: nobody is running it any more" },
  ],
  run,
};

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { drillOptions } = await import("../drill/drill-run.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { readChecks } = await import("../drill/restore-checks.ts");
  const { CHECKOUT_DIRECTORY } = await import("../project.ts");
  const chosen = drillOptions(args[0], options);
  const { stack, fullName, config } = readStack(options.stack, ports);
  const checks = await readChecks(CHECKOUT_DIRECTORY);
  const { assertSomebody, confirm } = await import("../../io/prompt.ts");
  if (options.yes !== true) assertSomebody();
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { runDrill } = await import("../drill/drill-run.ts");
  const { openAwsCopies } = await import("../drill/open-copies.ts");
  const { openRehearsedCopies } = await import("../rehearse/rehearsed-copies.ts");
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const rehearsed = openRehearsedCopies(opened.network, ports.env, { stack, storageGib: config.database.storageGib });
  const copies = rehearsed ?? (await openAwsCopies(opened));
  try {
    return await runDrill({
      ...{ ...chosen, stack, config, checks, copies, ports, opened, isRehearsal: rehearsed !== undefined },
      screen: await openScreen(ports),
      agree: async (question) => {
        if (options.yes !== true) await confirm(question, ports.signal);
      },
    });
  } finally {
    copies.close();
    await opened.close();
  }
}
