import type { Copies } from "../../io/restored-copies.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { Identified, Subject, UpgradePlan } from "../drill/drill.ts";

const DESCRIPTION = `Proves that the stack's database, or its cache, can be restored: restores its newest automated
snapshot into a temporary instance, runs the checks in drill.yaml (of the database the schema level, rows and the age of
the newest row; of Redis its keys), measures how long the restore takes and how old the data is, and deletes the instance
in every case.

It shows what it will create and what that costs, and asks for confirmation. The instance is in the live one's own
subnets, in a security group that admits only the pod of the check; the check reads as the application's user, from a
Job in the cluster. Ctrl-C ends the drill once the instance is deleted. What a killed drill left behind is found by its
tag at the next start, and deleted once its time limit has passed, or at once with --abandoned.

With --upgrade-to, RDS then upgrades the copy, and nothing else, to that version of PostgreSQL. The drill measures how long
nobody reached the copy, asks PostgreSQL's catalog before it what keeps the database from that upgrade, object by object, runs
the checks again after it, and lists the extensions to be updated. Where RDS refuses, its events and the end of pg_upgrade's
log are shown, and the drill has failed. docs/upgrades.md begins a major upgrade with it.

A drill that passes writes its record into Pulumi.<stack>.yaml: sparki:preflight.restoreTest, which preflight requires,
or cacheRestoreTest; with the version that was tried and the measured outage. Commit it. Any other result is posted to the database's contact in Slack, or to the infrastructure's
for the cache, and is not recorded (docs/recovery.md).

${exitCodesText({
  done: "restored, checked, passed and deleted; the record is written",
  refused: "the backup is missing, too old, unreadable, or fails a check in drill.yaml; or RDS refuses the upgrade",
  usage: "usage or config, or not confirmed",
  held: "not proven: not available or not upgraded in time, or not every query returned an answer",
  outside: "an external failure, interrupted, or the instance could not be deleted",
})}

Examples:
  npx sparki drill restore
  npx sparki drill restore cache
  npx sparki drill restore --point-in-time latest
  npx sparki drill restore --snapshot rds:sparki-prod-database-2026-11-28-03-09
  npx sparki drill restore --upgrade-to 18.1
  npx sparki drill restore --stack staging --yes --json      for a schedule in CI`;

/** `sparki drill restore`: restores a backup of the database or the cache elsewhere, reads it and deletes it again. */
export const drill: Command = {
  name: "drill",
  summary: "restore the newest backup of the database or the cache elsewhere, check it, delete it",
  description: DESCRIPTION,
  arguments: [
    { name: "what", required: true, help: "restore" },
    { name: "of", required: false, help: "database (the default) or cache" },
  ],
  options: [
    { flags: "--snapshot <id>", help: "this snapshot instead of the newest one" },
    { flags: "--point-in-time <time>", help: "restore to this time: 2026-11-28T10:30:00Z, or latest" },
    { flags: "--upgrade-to <version>", help: "then upgrade the copy to this version of PostgreSQL, such as 18.1" },
    { flags: "--limit <minutes>", help: "how long the restore, and the upgrade, may take", default: "120" },
    { flags: "--abandoned", help: "delete what an unfinished drill left behind: nobody is running it any more" },
  ],
  run,
};

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { drillOptions, runDrill } = await import("../drill/drill-run.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { readCacheChecks, readChecks } = await import("../drill/restore-checks.ts");
  const { cacheSubject, databaseSubject } = await import("../drill/drill.ts");
  const { CHECKOUT_DIRECTORY } = await import("../project.ts");
  const { of, upgradeTo, ...chosen } = drillOptions(args, options);
  const { stack, fullName, config } = readStack(options.stack, ports);
  const subject =
    of === "cache"
      ? cacheSubject(stack, readCacheChecks(CHECKOUT_DIRECTORY))
      : databaseSubject(stack, await readChecks(CHECKOUT_DIRECTORY), config.release.schema);
  const { assertSomebody, confirm } = await import("../../io/prompt.ts");
  if (options.yes !== true) assertSomebody();
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openScreen } = await import("../report/screen.ts");
  const aws = await import("../drill/open-copies.ts");
  const rehearsal = await import("../rehearse/rehearsed-aws.ts");
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const { network } = opened;

  async function drilled<Q extends Identified>(
    own: Subject<Q>,
    rehearsed: Open<Q> | undefined,
    openAws: () => Promise<Open<Q>>,
    upgradeOf: (copies: Copies<Q>) => Promise<UpgradePlan<Q> | undefined> = async () => undefined,
  ): Promise<CommandResult> {
    const copies = rehearsed ?? (await openAws());
    try {
      const upgrade = await upgradeOf(copies);
      return await runDrill<Q>({
        ...(upgrade && { upgrade }),
        ...{ ...chosen, stack, config, subject: own, copies, ports, opened, isRehearsal: rehearsed !== undefined },
        screen: await openScreen(ports),
        agree: async (question) => {
          if (options.yes !== true) await confirm(question, ports.signal);
        },
      });
    } finally {
      copies.close();
    }
  }

  const place = { stack, storageGib: config.database.storageGib };
  try {
    return await (subject.of === "cache"
      ? drilled(subject, rehearsal.openRehearsedCacheCopies(network, ports.env, stack), () =>
          aws.openAwsCacheCopies(opened),
        )
      : drilled(
          subject,
          rehearsal.openRehearsedCopies(network, ports.env, place),
          () => aws.openAwsCopies(opened),
          async (copies) => {
            if (upgradeTo === undefined) return undefined;
            const { chooseUpgrade } = await import("../drill/upgrade-trial.ts");
            return chooseUpgrade(copies, { aws: opened.context.aws, stack, to: upgradeTo });
          },
        ));
  } finally {
    await opened.close();
  }
}

type Open<Q> = Copies<Q> & { close(): void };
