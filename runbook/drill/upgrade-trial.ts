import { z } from "zod";
import { compareVersions } from "../../aws/rules/shared.ts";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import {
  type Answer,
  type CopyUpgrades,
  isAnswering,
  type Outage,
  type Question,
  type ReachWatch,
  UpgradeRefused,
  type UpgradeState,
} from "../../io/restored-copies.ts";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import {
  type DrillFailure,
  type DrillPlan,
  type DrillPorts,
  type Obstacle,
  type OldExtension,
  short,
  type TriedUpgrade,
  timeOf,
  type UpgradePlan,
} from "./drill.ts";
import { onlyAnswer } from "./restore-checks.ts";

interface Versions {
  readonly from: string;
  readonly to: string;
}

interface Kind extends Pick<Obstacle, "kind" | "of" | "title" | "fix"> {
  /** A SELECT of the names, as one column. */
  readonly names: (versions: Versions) => string;
  /** Of which upgrades it is an obstacle. @default every one to another major version */
  readonly applies?: (versions: Versions) => boolean;
}

const major = (version: string) => Number(version.split(".")[0]);

/** Columns of stored relations whose type is one of these, or is built of one: an array, a domain, a row or a range. */
function columnsOf(types: string): string {
  return `WITH RECURSIVE kept AS (
    SELECT t.oid FROM pg_catalog.pg_type t WHERE ${types}
    UNION
    SELECT t.oid FROM kept k, pg_catalog.pg_type t
      LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
      LEFT JOIN pg_catalog.pg_attribute a ON t.typtype = 'c' AND a.attrelid = t.typrelid AND NOT a.attisdropped
    WHERE (t.typtype = 'd' AND t.typbasetype = k.oid) OR (t.typtype = 'b' AND t.typelem = k.oid)
      OR a.atttypid = k.oid OR r.rngsubtype = k.oid)
  SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
  FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE a.atttypid IN (SELECT oid FROM kept) AND NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'm', 'i')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;
}

const REG = ["collation", "config", "dictionary", "namespace", "oper", "operator", "proc", "procedure"];
const REG_TYPES = REG.map((name) => `'reg${name}'`).join(", ");

/** What RDS no longer has, from which version on, by AWS's page on upgrades; of some only until a version has it again. */
const GONE_EXTENSIONS: readonly { readonly name: string; readonly from: string; readonly until?: string }[] = [
  { name: "plrust", from: "18" },
  { name: "postgis_topology", from: "18", until: "18.3" },
];

const goneIn = ({ to }: Versions) =>
  GONE_EXTENSIONS.filter(
    ({ from, until }) => major(to) >= major(from) && (until === undefined || compareVersions(to, until) < 0),
  ).map(({ name }) => name);

/**
 * By PostgreSQL's documentation of pg_upgrade and its own checks (src/bin/pg_upgrade/check.c), and AWS's page
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html: what
 * a SELECT of an ordinary user can show, from PostgreSQL 14 on. Columns and extensions are those of the asked database.
 */
export const OBSTACLES: readonly Kind[] = [
  {
    kind: "prepared-transactions",
    of: "copy",
    title: "open prepared transactions",
    fix: "COMMIT PREPARED or ROLLBACK PREPARED each",
    names: () => "SELECT format('%s in %s', gid, database) FROM pg_catalog.pg_prepared_xacts",
  },
  {
    // Whether a restored copy has them is not published: they belong to the server that serves.
    kind: "logical-slots",
    of: "live",
    title: "logical replication slots that an upgrade does not keep",
    fix: "SELECT pg_drop_replication_slot(name) for each that nobody reads any more",
    names: ({ from }) =>
      `SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical'${
        major(from) >= 17 ? " AND NOT temporary AND wal_status = 'lost'" : ""
      }`,
  },
  {
    kind: "reg-columns",
    of: "copy",
    title: "columns of reg* types other than regclass, regrole and regtype",
    fix: "drop each column, or keep its values as text",
    names: () => columnsOf(`t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN (${REG_TYPES})`),
  },
  {
    kind: "system-row-columns",
    of: "copy",
    title: "columns of a system table's row type",
    fix: "drop each column, or give it a type of your own",
    names: () =>
      columnsOf("t.typtype = 'c' AND (t.oid < 16384 OR t.typnamespace = 'information_schema'::regnamespace)"),
  },
  {
    kind: "aclitem-columns",
    of: "copy",
    title: "columns of type aclitem, which is stored otherwise from PostgreSQL 16 on",
    fix: "drop each column, or keep its values as text",
    applies: ({ from, to }) => major(from) < 16 && major(to) >= 16,
    names: () => columnsOf("t.typnamespace = 'pg_catalog'::regnamespace AND t.typname = 'aclitem'"),
  },
  {
    kind: "not-null-inheritance",
    of: "copy",
    title: "columns that are NOT NULL in the parent table and not in this one",
    fix: "ALTER TABLE … ALTER COLUMN … SET NOT NULL for each",
    applies: ({ from, to }) => major(from) < 18 && major(to) >= 18,
    names: () => `SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
  FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.inhrelid
    JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE p.attnum > 0 AND p.attnotnull AND NOT a.attnotnull`,
  },
  {
    kind: "invalid-databases",
    of: "copy",
    title: "databases whose DROP DATABASE was cut off",
    fix: "DROP DATABASE each",
    names: () => "SELECT datname::text FROM pg_catalog.pg_database WHERE datconnlimit = -2",
  },
  {
    kind: "closed-databases",
    of: "copy",
    title: "databases that allow no connections",
    fix: "ALTER DATABASE … ALLOW_CONNECTIONS true, or DROP DATABASE each",
    names: () => "SELECT datname::text FROM pg_catalog.pg_database WHERE NOT datallowconn AND datname <> 'template0'",
  },
  {
    kind: "gone-extensions",
    of: "copy",
    title: "extensions that RDS does not have in the new version",
    fix: "DROP EXTENSION each, before the upgrade",
    applies: (versions) => goneIn(versions).length > 0,
    names: (versions) =>
      `SELECT extname::text FROM pg_catalog.pg_extension WHERE extname IN (${goneIn(versions)
        .map((name) => `'${name}'`)
        .join(", ")})`,
  },
  {
    kind: "unknown-extensions",
    of: "copy",
    title: "extensions in a version that the present server does not have either",
    fix: "ALTER EXTENSION … UPDATE, or DROP EXTENSION each, before the upgrade",
    names: () => `SELECT format('%s %s', e.extname, e.extversion) FROM pg_catalog.pg_extension e
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v
    WHERE v.name = e.extname AND v.version = e.extversion)`,
  },
];

/** As many names are told. */
const MOST_NAMES = 20;
const MARK = "upgrade: ";
const EXTENSIONS = `${MARK}extensions`;

/** One value that says how many there are and what the first are called. */
function counted(names: string): string {
  return `WITH found (named) AS (${names}) SELECT json_build_object('count', (SELECT count(*) FROM found), 'names',
  (SELECT coalesce(json_agg(named), '[]') FROM (SELECT named FROM found ORDER BY named LIMIT ${MOST_NAMES}) AS first))::text`;
}

function kindsOf(versions: Versions): readonly Kind[] {
  if (major(versions.from) === major(versions.to)) return [];
  return OBSTACLES.filter(({ applies = () => true }) => applies(versions));
}

/** What the copy, or the live database, is asked for obstacles of an upgrade; nothing before a minor version. */
export function obstacleQuestions(versions: Versions, of: Obstacle["of"]): Question[] {
  return kindsOf(versions)
    .filter((each) => each.of === of)
    .map(({ kind, names }) => ({ id: `${MARK}${kind}`, sql: counted(names(versions)) }));
}

/** What the upgraded copy is asked: which extensions are to be updated. */
export const EXTENSION_QUESTION: Question = {
  id: EXTENSIONS,
  sql: `SELECT coalesce(json_agg(json_build_array(name, installed_version, default_version) ORDER BY name), '[]')::text
  FROM pg_catalog.pg_available_extensions WHERE installed_version IS NOT NULL AND installed_version <> default_version`,
};

/** What of it is there; what was not answered is told as not known. */
export function obstaclesIn(
  versions: Versions,
  { answers, live }: { readonly answers: readonly Answer[]; readonly live: readonly Answer[] },
): Obstacle[] {
  const [answerTo, liveTo] = [onlyAnswer(answers), onlyAnswer(live)];
  return kindsOf(versions).flatMap(({ kind, of, title, fix }): Obstacle[] => {
    const answer = (of === "live" ? liveTo : answerTo)(`${MARK}${kind}`);
    const found = namesIn(answer);
    if (found?.count === 0) return [];
    const known = { kind, of, title, fix };
    if (found !== undefined) return [{ ...known, ...found, problem: null }];
    return [{ ...known, count: null, names: [], problem: whyUnknown(answer) }];
  });
}

/** The extensions that are to be updated; undefined where the copy did not say. */
export function extensionsIn(answers: readonly Answer[]): readonly OldExtension[] | undefined {
  const all = jsonIn(onlyAnswer(answers)(EXTENSIONS));
  if (!Array.isArray(all)) return undefined;
  return all.map((each) => {
    const [name, installed, offered] = (Array.isArray(each) ? each : []).map(told);
    return { name: name ?? "", installed: installed ?? "", offered: offered ?? "" };
  });
}

function namesIn(answer: Answer | undefined): (Pick<Obstacle, "names"> & { readonly count: number }) | undefined {
  const { count, names } = Object(jsonIn(answer));
  if (!Number.isSafeInteger(count) || !Array.isArray(names)) return undefined;
  return { count, names: names.slice(0, MOST_NAMES).map(told) };
}

function jsonIn(answer: Answer | undefined): unknown {
  if (answer === undefined || "problem" in answer || answer.value === null) return undefined;
  try {
    return JSON.parse(answer.value);
  } catch {
    return undefined;
  }
}

function whyUnknown(answer: Answer | undefined): string {
  if (answer === undefined) return "no answer";
  return "problem" in answer ? told(answer.problem) : `answered ${told(answer.value ?? "nothing")}`;
}

function told(value: unknown): string {
  return bounded(oneLine(String(value)), 200);
}

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
  if (!isAnswering(status) || isPending) return undefined;
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
