import type { RestoreSource } from "../../io/database-copies.ts";
import { estimateCost } from "../../policies/pricing/estimate.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { Mention, type Message, slack } from "../../shared/text/markup.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { short, titleOf, to } from "../notify/notify.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { DrillRecord } from "./drill-record.ts";
import { type RestoreDrill, timeOf } from "./restore-drill.ts";

export interface Intent {
  readonly stack: string;
  readonly name: string;
  readonly source: RestoreSource;
  readonly instanceClass: string;
  readonly limitMinutes: number;
  readonly now: number;
  /** A rehearsal's machine is this one, and costs nothing. */
  readonly isRehearsal: boolean;
}

/** By the AWS calculator's hours. */
const HOURS_OF_MONTH = 730;
/** What a deletion may take. */
const REMOVAL_HOURS = 1;

/** What will be made, for how long, and what it costs: what a person agrees to. */
export function intentText({ stack, name, source, instanceClass, limitMinutes, now, isRehearsal }: Intent): string {
  const age = duration(Math.max(0, now - source.at));
  const what =
    source.kind === "snapshot"
      ? `snapshot ${source.id} of ${timeOf(source.at)}, ${age} ago`
      : `sparki-${stack}-database as it was at ${timeOf(source.at)}, ${age} ago`;
  const where = isRehearsal
    ? "a PostgreSQL of this rehearsal"
    : `${instanceClass} in one zone with ${source.storageGib} GiB, in the database's own subnets, which only the check's pod can reach`;
  return [
    `This restores ${what}, into the temporary instance ${name}: ${where}.`,
    `It is deleted afterwards in every case; the restore may take ${limitMinutes} min. ${costText(source, instanceClass, limitMinutes, isRehearsal)}`,
  ].join("\n");
}

function costText({ storageGib }: RestoreSource, instanceClass: string, limitMinutes: number, isRehearsal: boolean) {
  if (isRehearsal) return "It costs nothing in a rehearsal.";
  const inputs = { instanceClass, allocatedStorage: storageGib, multiAz: false };
  const { monthly, lines, asOf } = estimateCost([{ type: "aws:rds/instance:Instance", name: "drill", inputs }]);
  if (!lines.some(({ item }) => item.endsWith(instanceClass)))
    return `No price of ${instanceClass} is known: see AWS's price list for its hourly price.`;
  const hourly = monthly / HOURS_OF_MONTH;
  const most = hourly * (limitMinutes / 60 + REMOVAL_HOURS);
  return `It costs about ${hourly.toFixed(2)} USD an hour, ${most.toFixed(2)} USD at most (list prices as of ${asOf}).`;
}

/** What a drill came to, for a person. */
export function drillText(drill: RestoreDrill, record: DrillRecord | null, paint: Paint): string {
  const { stack, outcome, exitCode, failure, checks, recoverySeconds, dataAgeSeconds, removed, instance } = drill;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = checks.map(({ name, passed, found, expected }) => {
    const mark = passed ? paint.good("✓") : paint.bad("✗");
    return `  ${mark} ${name}: ${found}; expected ${expected}`;
  });
  const measured = [
    ...(recoverySeconds === null ? [] : [`restored in ${duration(recoverySeconds)}`]),
    ...(dataAgeSeconds === null ? [] : [`the newest data was ${duration(dataAgeSeconds)} old`]),
  ].join(", ");
  const left =
    removed === null ? "nothing was created" : removed ? `${instance} is deleted` : `${instance} is NOT deleted`;
  return `${inColumns(
    [
      "",
      `${paint.strong(`restore drill ${stack}`)}: ${colour(outcome)} (exit ${exitCode})`,
      ...(failure === null ? [] : [`${failure.reason}: ${failure.message}`]),
      ...lines,
      [measured, left].filter(Boolean).join("; "),
      ...(record === null ? [] : [`Recorded: sparki:preflight.restoreTest in Pulumi.${stack}.yaml; commit it.`]),
      ...(failure === null ? [] : [`Next: ${failure.next}`]),
    ].join("\n"),
  )}\n`;
}

/** What who is responsible for the database is told of a drill that did not pass. */
export function drillMessage(
  { contacts }: Pick<StackConfig, "contacts">,
  { stack, outcome, failure, source, instance, removed }: RestoreDrill,
): Message | undefined {
  // Who interrupted it knows.
  if (failure === null || failure.reason === "interrupted") return undefined;
  const { database } = contacts;
  const title =
    outcome === "failed"
      ? slack`🚨 ${titleOf(stack)}: a restore drill failed: ${new Mention(database)} the backup is not proven to be usable`
      : slack`⚠️ ${titleOf(stack)}: a restore drill was ${outcome}, so it proves nothing`;
  return to(database, title, [
    ["Reason", `${failure.reason}: ${short(failure.message)}`],
    ["Backup", source === null ? "none was restored" : `${source.snapshot ?? "point in time"}, of ${source.at}`],
    ["Left behind", removed === false ? `${instance}, which costs money` : "nothing"],
    [],
    ["Next", failure.next],
  ]);
}
