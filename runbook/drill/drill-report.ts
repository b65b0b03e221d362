import type { RestoreSource } from "../../io/restored-copies.ts";
import { estimateCost } from "../../policies/pricing/estimate.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { Mention, type Message, slack } from "../../shared/text/markup.ts";
import { oneLine } from "../../shared/text/visible.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { short, titleOf, to } from "../notify/notify.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { writeSetting } from "../settings-file.ts";
import { type RestoreDrill, timeOf } from "./restore-drill.ts";

export interface Intent extends Pick<RestoreDrill, "of"> {
  readonly stack: string;
  readonly name: string;
  readonly source: RestoreSource;
  /** The instance class of the database, or the node type of the cache. */
  readonly size: string;
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
export function intentText(intent: Intent): string {
  const { of, stack, name, source, limitMinutes, now } = intent;
  const age = duration(Math.max(0, now - source.at));
  const what =
    source.kind === "snapshot"
      ? `snapshot ${source.id} of ${timeOf(source.at)}, ${age} ago`
      : `sparki-${stack}-${of} as it was at ${timeOf(source.at)}, ${age} ago`;
  return [
    `This restores ${what}, into the temporary instance ${name}: ${placeText(intent)}.`,
    `It is deleted afterwards in every case; the restore may take ${limitMinutes} min. ${costText(intent)}`,
  ].join("\n");
}

function placeText({ of, size, source, isRehearsal }: Intent): string {
  if (isRehearsal) return `a ${of === "cache" ? "Redis" : "PostgreSQL"} of this rehearsal`;
  return of === "cache"
    ? `one node of ${size}, in the cache's own subnets, which only the check's pod can reach`
    : `${size} in one zone with ${source.storageGib} GiB, in the database's own subnets, which only the check's pod can reach`;
}

function costText({ of, source: { storageGib }, size, limitMinutes, isRehearsal }: Intent): string {
  if (isRehearsal) return "It costs nothing in a rehearsal.";
  const copy =
    of === "cache"
      ? {
          type: "aws:elasticache/replicationGroup:ReplicationGroup",
          inputs: { nodeType: size, numCacheClusters: 1 },
        }
      : {
          type: "aws:rds/instance:Instance",
          inputs: { instanceClass: size, allocatedStorage: storageGib, multiAz: false },
        };
  const { monthly, lines, asOf } = estimateCost([{ name: "drill", ...copy }]);
  if (!lines.some(({ item }) => item.endsWith(size)))
    return `No price of ${size} is known: see AWS's price list for its hourly price.`;
  const hourly = monthly / HOURS_OF_MONTH;
  const most = hourly * (limitMinutes / 60 + REMOVAL_HOURS);
  return `It costs about ${hourly.toFixed(2)} USD an hour, ${most.toFixed(2)} USD at most (list prices as of ${asOf}).`;
}

/** What a drill came to, for a person. */
export function drillText(drill: RestoreDrill, record: DrillRecord | null, paint: Paint): string {
  const { stack, of, outcome, exitCode, failure, checks, recoverySeconds, dataAgeSeconds, removed, instance } = drill;
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
      `${paint.strong(`restore drill ${stack}${of === "cache" ? ", cache" : ""}`)}: ${colour(outcome)} (exit ${exitCode})`,
      ...(failure === null ? [] : [`${failure.reason}: ${failure.message}`]),
      ...lines,
      [measured, left].filter(Boolean).join("; "),
      ...(record === null ? [] : [`Recorded: sparki:preflight.${RECORD_KEYS[of]} in Pulumi.${stack}.yaml; commit it.`]),
      ...(failure === null ? [] : [`Next: ${failure.next}`]),
    ].join("\n"),
  )}\n`;
}

/** What who is responsible for the database, or the cache, is told of a drill that did not pass. */
export function drillMessage(
  { contacts }: Pick<StackConfig, "contacts">,
  { stack, of, outcome, failure, source, instance, removed }: RestoreDrill,
): Message | undefined {
  // Who interrupted it knows.
  if (failure === null || failure.reason === "interrupted") return undefined;
  const contact = of === "cache" ? contacts.infrastructure : contacts.database;
  const drill = of === "cache" ? "a restore drill of the cache" : "a restore drill";
  const title =
    outcome === "failed"
      ? slack`🚨 ${titleOf(stack)}: ${drill} failed: ${new Mention(contact)} the backup is not proven to be usable`
      : slack`⚠️ ${titleOf(stack)}: ${drill} was ${outcome}, so it proves nothing`;
  return to(contact, title, [
    ["Reason", `${failure.reason}: ${short(failure.message)}`],
    ["Backup", source === null ? "none was restored" : `${source.snapshot ?? "point in time"}, of ${source.at}`],
    ["Left behind", removed === false ? `${instance}, which costs money` : "nothing"],
    [],
    ["Next", failure.next],
  ]);
}

/** The record that preflight asks for, as it stands in the stack's config. */
export interface DrillRecord {
  /** The day, ISO 8601. */
  readonly on: string;
  readonly by: string;
  readonly snapshot: string;
}

/** As much of it as the config takes. */
const MOST_CHARACTERS = 128;

/** The record of a drill that passed, and of no other one. */
export function recordOf(drill: RestoreDrill, runBy: string, now: number): DrillRecord | undefined {
  const { of, outcome, exitCode, failure, removed, source } = drill;
  const isProven = outcome === "passed" && exitCode === EXIT.done.code && failure === null && removed === true;
  if (!isProven || source === null) return undefined;
  return {
    on: timeOf(now).slice(0, 10),
    by: oneLine(`sparki drill restore${of === "cache" ? " cache" : ""}, run by ${runBy}`)
      .slice(0, MOST_CHARACTERS)
      .toWellFormed()
      .trim(),
    snapshot: source.snapshot ?? `point in time ${source.at}`,
  };
}

/** The key below `sparki:preflight` that holds the newest record. */
const RECORD_KEYS = { database: "restoreTest", cache: "cacheRestoreTest" } as const satisfies Readonly<
  Record<RestoreDrill["of"], string>
>;

/** Sets the record in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeRecord(file: string, record: DrillRecord, of: RestoreDrill["of"]): void {
  writeSetting(file, { section: "sparki:preflight", key: RECORD_KEYS[of], value: { ...record } });
}
