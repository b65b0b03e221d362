import { z } from "zod";
import { compareVersions } from "../../aws/rules/shared.ts";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import {
  type CopyUpgrades,
  type Outage,
  type Question,
  type ReachWatch,
  UpgradeRefused,
  type UpgradeState,
} from "../../io/restored-copies.ts";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import {
  type DrillFailure,
  type DrillPlan,
  type DrillPorts,
  short,
  type TriedUpgrade,
  timeOf,
  type UpgradePlan,
} from "./drill.ts";
import {
  EXTENSION_QUESTION,
  extensionsIn,
  type Obstacle,
  obstacleQuestions,
  obstaclesIn,
} from "./upgrade-obstacles.ts";

/** The upgrade of a copy of the stack's database, with what PostgreSQL's catalog is asked before and after it. */
export function databaseUpgrade(versions: { readonly from: string; readonly to: string }): UpgradePlan<Question> {
  return {
    ...versions,
    before: obstacleQuestions(versions, "copy"),
    live: obstacleQuestions(versions, "live"),
    after: [EXTENSION_QUESTION],
    obstacles: (answers) => obstaclesIn(versions, answers),
    oldExtensions: extensionsIn,
  };
}

const engineSchema = z.object({
  validMajorTargets: z.array(z.string()).default([]),
  validMinorTargets: z.array(z.string()).default([]),
});

/**
 * The upgrade of a copy from the version that the live database has; throws SPARKI_USAGE for one that RDS does not do,
 * before anything is made.
 */
export async function chooseUpgrade(
  { upgrades }: { readonly upgrades?: Pick<CopyUpgrades, "liveVersion"> },
  { aws, stack, to }: { readonly aws: Pick<AwsLookups, "find">; readonly stack: string; readonly to: string },
): Promise<UpgradePlan<Question>> {
  if (upgrades === undefined) throw new Error("these copies are never upgraded");
  const from = await upgrades.liveVersion();
  const found = await aws.find("rds/getEngineVersion", { engine: "postgres", version: from }, engineSchema);
  const targets = [...(found?.validMinorTargets ?? []), ...(found?.validMajorTargets ?? [])];
  if (targets.includes(to)) return databaseUpgrade({ from, to });
  const listed = targets.length === 0 ? "none" : [...new Set(targets)].sort(compareVersions).join(", ");
  throw new DeployError(
    "SPARKI_USAGE",
    `--upgrade-to is ${to}, and the database has PostgreSQL ${from}; expected one of ${listed}`,
    { hint: `npx sparki drill restore --stack ${stack} --upgrade-to VERSION, with one of these` },
  );
}

interface Tried {
  readonly document: TriedUpgrade;
  readonly failure: DrillFailure | null;
}

type Plan<Q> = DrillPlan<Q> & { readonly upgrade: UpgradePlan<Q> };

/**
 * Has AWS upgrade the copy, waits until it has the version or keeps the old one for good, and measures how long nobody
 * reached it. AWS is asked although obstacles were found: what it says of them counts. Rejects when AWS cannot be asked,
 * or at an interruption; nothing is watched any more then.
 */
export async function tryUpgrade<Q>(
  ports: DrillPorts<Q>,
  plan: Plan<Q>,
  obstacles: readonly Obstacle[],
): Promise<Tried> {
  const { clock, copies, signal } = ports;
  const { copy, upgrade, subject } = plan;
  const { upgrades } = copies;
  if (upgrades === undefined) throw new Error(`a copy of the ${subject.of} is never upgraded`);
  ports.say(`beginning to watch ${copy.name}`);
  const watch = await upgrades.watch(copy.name, copy.until, signal);
  const measured = new Measured(watch);
  try {
    const began = clock.now();
    ports.say(`asking AWS to upgrade ${copy.name} to ${upgrade.to}`);
    const ended = await beginAndWait(upgrades, ports, plan, began);
    const seconds = clock.now() - began;
    const outage = await measured.end();
    const log = ended.outcome === "refused" ? await logOf(upgrades, ports, copy.name) : [];
    const document: TriedUpgrade = {
      ...{ from: upgrade.from, to: upgrade.to, outcome: ended.outcome, at: timeOf(began) },
      ...{ seconds: ended.outcome === "upgraded" ? seconds : null, ...outage, obstacles },
      ...{ said: ended.said.map(short), log },
      ...{ checks: [], oldExtensions: null },
    };
    return { document, failure: failureIn(document, ended.why, plan) };
  } finally {
    await measured.end();
  }
}

/** It only explains what is known already. */
async function logOf<Q>(upgrades: CopyUpgrades, { say }: DrillPorts<Q>, name: string): Promise<string[]> {
  say(`reading what pg_upgrade wrote on ${name}`);
  try {
    return (await upgrades.refusalLog(name)).map(short);
  } catch (error) {
    return [`it could not be read: ${short(messageOf(error))}`];
  }
}

/** A watch that is ended once, whoever asks first; what cannot be measured is said, and ends no drill. */
class Measured {
  readonly #watch: ReachWatch;
  #ended: Promise<Pick<TriedUpgrade, "outageSeconds" | "unmeasured">> | undefined;

  constructor(watch: ReachWatch) {
    this.#watch = watch;
  }

  end(): Promise<Pick<TriedUpgrade, "outageSeconds" | "unmeasured">> {
    this.#ended ??= this.#watch.end().then(
      (outages) => ({ outageSeconds: secondsOf(outages), unmeasured: null }),
      (error: unknown) => ({ outageSeconds: null, unmeasured: short(messageOf(error)) }),
    );
    return this.#ended;
  }
}

function secondsOf(outages: readonly Outage[]): number {
  return outages.reduce((sum, { from, until }) => sum + until - from, 0);
}

interface Ended extends Pick<TriedUpgrade, "outcome" | "said"> {
  /** Why it has not the version. */
  readonly why: string;
}

/** RDS's words for an upgrade that it does not do: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html. */
const REFUSING =
  /can(?:no|')t be upgraded|cannot upgrade|unable to upgrade|pre-?upgrade checks? failed|upgrade (?:was )?(?:failed|cancel)/i;
/** Until then the status may still be what it was before the request, and an event still to come. */
const SETTLE_SECONDS = 300;

async function beginAndWait<Q>(
  upgrades: CopyUpgrades,
  ports: DrillPorts<Q>,
  { copy, upgrade, subject }: Plan<Q>,
  began: number,
): Promise<Ended> {
  const { clock, signal } = ports;
  try {
    await upgrades.begin(copy.name, upgrade.to);
  } catch (error) {
    if (!(error instanceof UpgradeRefused)) throw error;
    return { outcome: "refused", said: [error.message], why: error.message };
  }
  for (;;) {
    signal.throwIfAborted();
    const state = await upgrades.state(copy.name, began);
    const ended = endIn(state, upgrade.to, clock.now() - began);
    if (ended !== undefined) return ended;
    const { status, version, events } = state;
    if (subject.ended.has(status) || subject.unreadable.has(status) || clock.now() >= copy.until)
      return { outcome: "unfinished", said: events, why: `by ${timeOf(clock.now())} the copy was ${status}` };
    ports.say(`${copy.name} is ${status}, with PostgreSQL ${version}`);
    await clock.sleep(Math.min(ports.pollSeconds, Math.max(0.01, copy.until - clock.now())), signal);
  }
}

/** How an upgrade has ended by what AWS says now; undefined while it has not. */
function endIn({ status, version, isPending, events }: UpgradeState, to: string, seconds: number): Ended | undefined {
  if (status !== "available" || isPending) return undefined;
  if (version === to) return { outcome: "upgraded", said: events, why: "" };
  const refusal = events.findLast((each) => REFUSING.test(each));
  if (refusal !== undefined) return { outcome: "refused", said: events, why: refusal };
  if (seconds < SETTLE_SECONDS) return undefined;
  const why = `RDS left it at PostgreSQL ${version}, and none of its events says why`;
  return { outcome: "refused", said: events, why };
}

function failureIn<Q>(
  { outcome, obstacles, to, log }: TriedUpgrade,
  why: string,
  { subject }: Plan<Q>,
): DrillFailure | null {
  const again = `${subject.again} --upgrade-to ${to}`;
  if (outcome === "unfinished")
    return {
      reason: "not-upgraded",
      message: `the upgrade to ${to} did not end: ${short(why)}`,
      next: `${again} --limit MINUTES, with more of them`,
    };
  const known = obstacles.filter(({ count }) => count !== null);
  if (outcome === "refused")
    return {
      reason: "upgrade-refused",
      message: [`RDS does not upgrade the copy to ${to}: ${short(why)}`, ...known.map(obstacleText)].join(". "),
      next: `${fixesOf(known, log)}; then ${again}`,
    };
  // What RDS upgraded in spite of it is no obstacle of the copy; of the one that serves RDS was not asked.
  const ofLive = obstacles.filter(({ of }) => of === "live");
  const [unknown] = ofLive.filter(({ count }) => count === null);
  const found = ofLive.filter(({ count }) => count !== null);
  if (found.length > 0)
    return {
      reason: "upgrade-obstacle",
      message: `RDS upgraded the copy to ${to}, but not the database: ${found.map(obstacleText).join(". ")}`,
      next: `${fixesOf(found, log)}; then ${again}`,
    };
  return unknown === undefined ? null : { reason: "unanswered", message: obstacleText(unknown), next: again };
}

function fixesOf(obstacles: readonly Obstacle[], log: readonly string[]): string {
  if (obstacles.length > 0) return obstacles.map(({ fix }) => fix).join("; ");
  return log.length > 0
    ? "fix what its log names (the drill printed its end)"
    : "find the reason as docs/upgrades.md says";
}

/** One obstacle as a reader acts on it. */
export function obstacleText({ of, title, count, names, problem }: Obstacle): string {
  const where = of === "live" ? "of the live database, " : "";
  if (count === null) return `${where}${title}: not known, ${problem}`;
  const more = count > names.length ? ` and ${count - names.length} more` : "";
  return `${where}${title}: ${names.join(", ")}${more}`;
}
