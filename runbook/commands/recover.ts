import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import type { ClusterLoss } from "../recovery/lost-cluster.ts";
import type { RestorePorts } from "../recovery/restore-database.ts";

const DESCRIPTION = `Recovers what a stack has lost, inside the protected stack.

database: takes the database back to a point in time, for example to the second before an accidental DROP TABLE. It
restores an instance beside the live one while users are served, checks it by drill.yaml, exchanges the two instances'
names, and makes the state name the restored one. Requests that need the database fail while the names are exchanged.
Whatever was written to any table after that time is then only in the instance before, which is kept; nothing is deleted.
A recovery that was cut off goes on with the same command; between the two names Ctrl-C does not end it.

cluster: after the EKS cluster was deleted. Takes out of the state what died with it: the cluster with all that EKS keeps of
it, everything that was in Kubernetes, the jobs that ran there, and the promotion record. Database, cache, network, DNS, keys
and secrets stay as they are. It changes nothing at AWS, and the state in one step: killed at any moment, the same command
goes on. Only a cluster that AWS says does not exist is lost; one that exists, or is still being deleted, is refused.

Either shows this with its own figures and asks for confirmation. Run npx sparki deploy afterwards (docs/recovery.md).

${exitCodesText({
  done: "the restored data serves, as declared, and the state names its instance; or nothing of the lost cluster is in the state any more",
  refused:
    "no moment can be restored yet, the backup cannot be read, or the restored data is not as drill.yaml declares it; the live database is as before. Or the cluster is not lost; the state is as before",
  usage: "usage or config, or not confirmed",
  held: "AWS took longer than --limit; the same command continues",
  outside: "an external failure, or interrupted; the same command continues",
})}

Examples:
  npx sparki recover database --point-in-time 2026-11-28T10:30:00Z
  npx sparki recover database --point-in-time 2026-11-28T10:30:00Z --stack staging --yes --json
  npx sparki recover cluster --stack staging --yes --json`;

/** `sparki recover`: takes the database back to a point in time, or a lost cluster out of the state. */
export const recover: Command = {
  name: "recover",
  summary: "take the database back to a point in time, or make up for a lost cluster",
  description: DESCRIPTION,
  arguments: [{ name: "what", required: true, help: "database or cluster" }],
  options: [
    { flags: "--point-in-time <time>", help: "of database: the moment whose data is restored: 2026-11-28T10:30:00Z" },
    { flags: "--limit <minutes>", help: "of database: how long AWS may take for each step", default: "120" },
  ],
  run,
};

const POLL_SECONDS = { aws: 15, rehearsal: 0.2 };

async function run(input: CommandInput): Promise<CommandResult> {
  const [what = ""] = input.args;
  if (what === "database") return runDatabase(input);
  if (what === "cluster") return runCluster(input);
  throw refused(`what is recovered is ${JSON.stringify(what)}; expected database or cluster`);
}

async function runCluster({ options, ports }: CommandInput): Promise<CommandResult> {
  if (options.pointInTime !== undefined)
    throw refused("--point-in-time is of recover database: what was in a cluster alone is kept nowhere");
  const { withStateCommand } = await import("../recovery/state-command.ts");
  const { clock, signal, stderr } = ports;
  return withStateCommand({ options, ports }, async ({ context, ...command }) => {
    const { clusterRecoveryText, recoverCluster, recoveryIntent } = await import("../recovery/lost-cluster.ts");
    const { screen, stack } = command;
    const { aws, state } = context;
    const show = (loss: ClusterLoss) => screen.line(recoveryIntent(stack, loss));
    const document = await recoverCluster({ ...command, aws, state, clock, signal, show });
    stderr.write(clusterRecoveryText(document, screen.paint));
    return { exitCode: document.exitCode, json: document };
  });
}

async function runDatabase({ options, ports }: CommandInput): Promise<CommandResult> {
  const { momentIn, minutesIn } = await import("../drill/drill-run.ts");
  const { pointInTime } = options;
  const at = typeof pointInTime === "string" ? momentIn(pointInTime) : undefined;
  if (at === undefined)
    throw refused(
      `--point-in-time is ${JSON.stringify(pointInTime ?? "")}; expected a moment such as 2026-11-28T10:30:00Z`,
    );
  const limitMinutes = minutesIn(options.limit);
  const { readStack } = await import("../preflight/stack-file.ts");
  const { stack, fullName, config } = readStack(options.stack, ports);
  const { readChecks } = await import("../drill/restore-checks.ts");
  const { CHECKOUT_DIRECTORY } = await import("../project.ts");
  const checks = await readChecks(CHECKOUT_DIRECTORY);
  const { assertSomebody, confirm } = await import("../../io/prompt.ts");
  if (options.yes !== true) assertSomebody();
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openAwsReplacement } = await import("../drill/open-copies.ts");
  const { openRehearsedReplacement } = await import("../rehearse/rehearsed-aws.ts");
  const { assertRestorable, assertUnlocked, restoreDatabase, restoreIntent, restoreText, stageOf } = await import(
    "../recovery/restore-database.ts"
  );
  const { inColumns } = await import("../report/columns.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  const rehearsed = openRehearsedReplacement(opened.network, ports.env, stack);
  const database = rehearsed ?? (await openAwsReplacement(opened));
  try {
    const stage = await stageOf(database, stack, at);
    if (stage === "nothing") await assertRestorable(database, { stack, at, config, now: ports.clock.now() });
    await assertUnlocked(opened.context.state, stack);
    const screen = await openScreen(ports);
    screen.line(inColumns(restoreIntent({ stack, at, now: ports.clock.now(), stage })));
    if (options.yes !== true) await confirm("Take the database back?", ports.signal);
    const own = await openRestorePorts(opened, { stack, fullName }, ports);
    const plan = { stack, at, checks, schema: config.release.schema, limitMinutes };
    const document = await showPhase(screen, ports.clock, `database of ${stack}`, async (phase) => {
      const pollSeconds = rehearsed === undefined ? POLL_SECONDS.aws : POLL_SECONDS.rehearsal;
      const restore = { ...own, database, pollSeconds, say: (text: string) => phase.say(text) };
      const ended = await restoreDatabase(restore, plan, stage);
      phase.note(ended.outcome);
      return ended;
    });
    ports.stderr.write(restoreText(document, screen.paint));
    return { exitCode: document.exitCode, json: document };
  } finally {
    database.close();
    await opened.close();
  }
}

/** How a restore reaches the stack's state and its users' requests; the engine is opened here, so that it cannot fail later. */
async function openRestorePorts(
  opened: OpenPreflight,
  { stack, fullName }: { readonly stack: string; readonly fullName: string },
  ports: CommandInput["ports"],
): Promise<Pick<RestorePorts, "adopt" | "requestsSince" | "clock" | "signal">> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { openStack } = await import("../deploy/real-target.ts");
  const { requestCounter } = await import("../rotation/open-rotation.ts");
  const { DATABASE, exchangeInState } = await import("../recovery/restore-database.ts");
  const { clock, signal, stderr } = ports;
  const { engine } = await openStack(stack, ports, lineProgress(stderr), { fullName, mayCreate: false });
  return {
    ...{ clock, signal },
    adopt: (resourceId) => exchangeInState(engine, DATABASE, resourceId),
    requestsSince: requestCounter(opened),
  };
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki recover --help" });
}
