import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Lists what a stack has left at AWS and no longer needs, each with its size, its age and the reason: the
instances that recoveries replaced, old manual snapshots of the database, and volumes and addresses that carry the stack's
tags and are attached to nothing. It deletes nothing unless --yes is given.

What Pulumi's state names is never offered, nor a final snapshot, nor the snapshot that the record of the restore drill
names, nor anything younger than --days; only of addresses AWS says no age. Of an instance a final snapshot is taken. While
an update runs, or after one that was interrupted, nothing is deleted. Log groups of instances that are gone are listed with
the command that deletes them: only you know whether their lines are needed.

What the stack costs is listed by AWS's services: the estimate of what Pulumi's state names beside what was spent, as Cost
Explorer has it under the stack's tags, projected from complete days. Asking costs 0.01 USD. Cost Explorer finds nothing
until the tags are activated as cost allocation tags; what it has not recorded is told as not known, never as 0.

What limits itself is not listed: Helm keeps the newest 10 revisions of each release, which rollbacks use; the newest 200
plans and 500 reports stay on this machine.

${exitCodesText({
  done: "listed; with --yes: everything that was offered is deleted",
  usage: "usage or config",
  outside: "AWS did not answer, or refused to delete something; the same command continues",
})}

Examples:
  npx sparki housekeeping
  npx sparki housekeeping --days 90 --json
  npx sparki housekeeping --json | jq .costs
  npx sparki housekeeping --yes`;

/** `sparki housekeeping`: what a stack has left and no longer needs. */
export const housekeeping: Command = {
  name: "housekeeping",
  summary: "list what the stack no longer needs at AWS, and its cost by service; with --yes delete the former",
  description: DESCRIPTION,
  options: [{ flags: "--days <number>", help: "how old it is at least: 7 to 3650", default: "35" }],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const days = daysIn(options.days);
  const { readStack } = await import("../preflight/stack-file.ts");
  const { stack, fullName, config } = readStack(options.stack, ports);
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openAwsLeftovers } = await import("../../io/aws-leftovers.ts");
  const { openRehearsedLeftovers, rehearsedCostExplorer } = await import("../rehearse/rehearsed-aws.ts");
  const { costByService, costExplorerByCli, spentDays } = await import("../housekeeping/costs.ts");
  const { databaseLogGroups, housekeepingText, keepHouse } = await import("../housekeeping/housekeeping.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const { context, network } = opened;
  const { region, accountId } = config;
  const rehearsed = openRehearsedLeftovers(network, ports.env, stack);
  const leftovers = rehearsed ?? (await openAwsLeftovers({ stack, region, accountId, network }));
  try {
    const screen = await openScreen(ports);
    const isApplied = options.yes === true;
    const document = await showPhase(screen, ports.clock, `housekeeping of ${stack}`, async (phase) => {
      const { resources, pending } = await context.state.read();
      const lock = await context.state.lock();
      const interrupted = pending.length > 0 ? "an update was interrupted" : undefined;
      const unsettled = lock === undefined ? interrupted : `the stack is locked by ${lock.holder}`;
      const logGroups =
        rehearsed === undefined ? await databaseLogGroups(context.commands.aws, config).catch(messageOf) : [];
      phase.say("asking Cost Explorer what was spent");
      const ask = rehearsedCostExplorer(network, ports.env) ?? costExplorerByCli(context, ports.signal);
      const [spender, now] = [{ stack, accountId }, ports.clock.now()];
      const costs = await spentDays(ask, spender, now)
        .then((spent) => costByService(resources, spent, spender, now))
        .catch(messageOf);
      const drilledSnapshot = config.preflight.restoreTest?.snapshot;
      const plan = { stack, now, days, resources, drilledSnapshot, logGroups, costs, unsettled };
      return keepHouse(leftovers, plan, { isApplied, say: (text) => phase.say(text) });
    });
    ports.stderr.write(housekeepingText(document, screen.paint));
    return { exitCode: document.exitCode, json: document };
  } finally {
    leftovers.close();
    await opened.close();
  }
}

function daysIn(given: string | boolean | undefined): number {
  const days = typeof given === "string" && /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (days >= 7 && days <= 3_650) return days;
  throw new DeployError("SPARKI_USAGE", `--days is ${JSON.stringify(given)}; expected a number from 7 to 3650`, {
    hint: "npx sparki housekeeping --help",
  });
}
