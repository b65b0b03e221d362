import { EXIT } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { ReleaseApproval, ReleaseEvent } from "../deploy/release-history.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";

const DESCRIPTION = `Shows the outcome of each release, newest first: promoted, held, stopped, rolled back, and why.

Reads the history of the stack's backend (Pulumi Cloud, a folder or a bucket), and changes nothing.

${exitCodesText({
  done: "shown",
  usage: "usage or config",
  outside: "the backend could not be read",
})}

Examples:
  npx sparki history
  npx sparki history --stack staging --json`;

/** `sparki history`: what became of each release, and which one is live. */
export const history: Command = {
  name: "history",
  summary: "the outcome of each release, and its reason",
  description: DESCRIPTION,
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { openTarget } = await import("../deploy/real-target.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { approvalsIn, endedDeploys, releaseHistory } = await import("../deploy/release-history.ts");
  const { frozenReason } = await import("../deploy/stack-tags.ts");
  const { readPresent } = await import("../rollback/rollback-target.ts");
  const screen = await openScreen(ports);
  const target = await openTarget(options.stack, ports, screen, false);
  try {
    const { updates, live } = await readPresent(target);
    const events = releaseHistory(updates, endedDeploys(await target.engine.tags()));
    const frozen = (await frozenReason(target.engine)) ?? null;
    const document = {
      stack: target.stack,
      live: live?.release.id ?? null,
      frozen,
      approvals: approvalsIn(updates),
      events,
    };
    ports.stderr.write(historyText(document, screen.paint));
    return { exitCode: EXIT.done.code, json: document };
  } finally {
    await target.close();
  }
}

interface HistoryDocument {
  readonly stack: string;
  readonly live: string | null;
  readonly frozen: string | null;
  readonly approvals: readonly ReleaseApproval[];
  readonly events: readonly ReleaseEvent[];
}

function liveText(live: string | null, events: readonly ReleaseEvent[]): string {
  if (live !== null) return `live is ${live}`;
  return events.some(({ what }) => what === "promoted") ? "nothing is live" : "nothing was ever promoted";
}

/** The history as people read it: what is live, then each event, newest first. */
export function historyText({ stack, live, frozen, approvals, events }: HistoryDocument, paint: Paint): string {
  const width = Math.max(...events.map(({ release }) => release.length));
  const lines = events.map(({ at, release, what, reason }) => {
    const colour = what === "promoted" || what === "gone back to" ? paint.good : paint.bad;
    const outcome = what === "gone back to" ? "rolled back to" : what;
    return `  ${timeOf(at)}  ${release.padEnd(width)}  ${colour(outcome)}: ${reason}`;
  });
  const ice = frozen === null ? [] : [paint.bad(`frozen: ${frozen}`)];
  return inColumns(
    [`${paint.strong(stack)}: ${liveText(live, events)}`, ...ice, ...lines, ...approvals.map(approvalText), ""].join(
      "\n",
    ),
  );
}

function approvalText({ release, hash, by, plannedBy, isOwnPlan }: ReleaseApproval): string {
  const planner = plannedBy === null ? "who planned it is not known" : `planned by ${plannedBy.name}`;
  const same = isOwnPlan === true ? ", who approved it too" : "";
  const isOpen = plannedBy !== null && isOwnPlan === null;
  const open = isOpen ? ", as their runs report it: the backend verifies neither name" : "";
  return `  approved: ${release} as ${hash.slice(0, 12)} by ${by.name} (${by.run ?? by.through}); ${planner}${same}${open}`;
}

function timeOf(at: number): string {
  return new Date(at * 1000).toISOString().replace("T", " ").slice(0, 19);
}
