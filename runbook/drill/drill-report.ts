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
import { type RestoreDrill, type TriedUpgrade, timeOf } from "./drill.ts";
import { obstacleText } from "./upgrade-trial.ts";

export interface Intent extends Pick<RestoreDrill, "of"> {
  readonly stack: string;
  readonly name: string;
  readonly source: RestoreSource;
  /** The instance class of the database, or the node type of the cache. */
  readonly size: string;
  readonly limitMinutes: number;
  readonly upgradeTo?: string;
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
  const { of, stack, name, source, limitMinutes, now, upgradeTo } = intent;
  const age = duration(Math.max(0, now - source.at));
  const what =
    source.kind === "snapshot"
      ? `snapshot ${source.id} of ${timeOf(source.at)}, ${age} ago`
      : `sparki-${stack}-${of} as it was at ${timeOf(source.at)}, ${age} ago`;
  return [
    `This restores ${what}, into the temporary instance ${name}: ${placeText(intent)}.`,
    ...(upgradeTo === undefined
      ? []
      : [`AWS then upgrades that instance, and nothing else, to PostgreSQL ${upgradeTo}, and it is checked again.`]),
    `It is deleted afterwards in every case; the restore${upgradeTo === undefined ? "" : " and the upgrade"} may take ${limitMinutes} min. ${costText(intent)}`,
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
  const { stack, of, outcome, exitCode, failure, recoverySeconds, dataAgeSeconds, removed, instance, upgrade } = drill;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
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
      ...checkLines(drill.checks, paint),
      ...(upgrade === null ? [] : upgradeLines(upgrade, paint)),
      [measured, left].filter(Boolean).join("; "),
      ...(record === null ? [] : [`Recorded: sparki:preflight.${RECORD_KEYS[of]} in Pulumi.${stack}.yaml; commit it.`]),
      ...(failure === null ? [] : [`Next: ${failure.next}`]),
    ].join("\n"),
  )}\n`;
}

function checkLines(checks: RestoreDrill["checks"], paint: Paint): string[] {
  return checks.map(({ name, passed, found, expected }) => {
    const mark = passed ? paint.good("✓") : paint.bad("✗");
    return `  ${mark} ${name}: ${found}; expected ${expected}`;
  });
}

function upgradeLines(upgrade: TriedUpgrade, paint: Paint): string[] {
  const { from, to, outcome, seconds, checks, obstacles, said, log, oldExtensions } = upgrade;
  const took = seconds === null ? "" : ` in ${duration(seconds)}`;
  return [
    `PostgreSQL ${from} → ${to}: ${outcome}${took}; ${outageText(upgrade)}`,
    ...obstacles.map((each) => `  ${paint.bad("✗")} ${obstacleText(each)}`),
    ...said.map((event) => `  RDS: ${event}`),
    ...log.map((line) => `  log: ${line}`),
    ...checkLines(checks, paint),
    ...(oldExtensions ?? []).map(
      ({ name, installed, offered }) =>
        `  after the upgrade: ALTER EXTENSION ${name} UPDATE (${installed}, the new server has ${offered})`,
    ),
    ...(outcome === "upgraded" && oldExtensions === null ? ["  which extensions to update is not known"] : []),
  ];
}

/** How long nobody reached an upgraded copy. */
function outageText({ outageSeconds, unmeasured }: TriedUpgrade): string {
  if (outageSeconds === null) return `how long nobody reached it was not measured: ${unmeasured}`;
  return outageSeconds === 0 ? "it was reached all the time" : `nobody reached it for ${duration(outageSeconds)}`;
}

const UPGRADE_REASONS: ReadonlySet<string> = new Set(["upgrade-refused", "upgrade-obstacle"]);

/** What who is responsible for the database, or the cache, is told of a drill that did not pass. */
export function drillMessage(
  { contacts }: Pick<StackConfig, "contacts">,
  { stack, of, outcome, failure, source, instance, removed }: RestoreDrill,
): Message | undefined {
  // Who interrupted it knows.
  if (failure === null || failure.reason === "interrupted") return undefined;
  const contact = of === "cache" ? contacts.infrastructure : contacts.database;
  const drill = of === "cache" ? "a restore drill of the cache" : "a restore drill";
  const isUpgrade = UPGRADE_REASONS.has(failure.reason);
  const unproven = isUpgrade ? "the backup is good, the upgrade is refused" : "the backup is not proven to be usable";
  const title =
    outcome === "failed"
      ? slack`🚨 ${titleOf(stack)}: ${drill} failed: ${new Mention(contact)} ${unproven}`
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
export type DrillRecord = NonNullable<StackConfig["preflight"]["restoreTest"]>;

/** As much of it as the config takes. */
const MOST_CHARACTERS = 128;

interface Recording {
  readonly runBy: string;
  readonly now: number;
  /** The database's record until now: an upgrade that it tells of stays told by a drill that tried none. */
  readonly before: DrillRecord | undefined;
}

/** The record of a drill that passed, and of no other one. */
export function recordOf(drill: RestoreDrill, { runBy, now, before }: Recording): DrillRecord | undefined {
  const { of, outcome, exitCode, failure, removed, source } = drill;
  const isProven = outcome === "passed" && exitCode === EXIT.done.code && failure === null && removed === true;
  if (!isProven || source === null) return undefined;
  const on = timeOf(now).slice(0, 10);
  const upgrade =
    drill.upgrade === null ? (of === "database" ? before?.upgrade : undefined) : triedOn(drill.upgrade, on);
  return {
    on,
    by: oneLine(`sparki drill restore${of === "cache" ? " cache" : ""}, run by ${runBy}`)
      .slice(0, MOST_CHARACTERS)
      .toWellFormed()
      .trim(),
    snapshot: source.snapshot ?? `point in time ${source.at}`,
    ...(upgrade && { upgrade }),
  };
}

function triedOn({ to, outageSeconds }: TriedUpgrade, on: string): NonNullable<DrillRecord["upgrade"]> {
  return { to, on, ...(outageSeconds !== null && { outageSeconds: Math.ceil(outageSeconds) }) };
}

/** The key below `sparki:preflight` that holds the newest record. */
const RECORD_KEYS = { database: "restoreTest", cache: "cacheRestoreTest" } as const satisfies Readonly<
  Record<RestoreDrill["of"], string>
>;

/** Sets the record in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeRecord(file: string, record: DrillRecord, of: RestoreDrill["of"]): void {
  writeSetting(file, { section: "sparki:preflight", key: RECORD_KEYS[of], value: { ...record } });
}
