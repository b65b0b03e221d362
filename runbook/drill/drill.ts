import type { Answer, CacheQuestion, Copies, Copy, Question, RestoreSource } from "../../io/restored-copies.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ExitCodeOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { Release } from "../../stacks/schema.ts";
import {
  type CacheChecks,
  type CheckReason,
  type CheckResult,
  type Judged,
  judge,
  judgeCount,
  judgeTimes,
  LASTING_KEYS,
  liveQuestionsOf,
  onlyAnswer,
  questionsOf,
  type RestoreChecks,
} from "./restore-checks.ts";

/** Why a drill did not pass; each is a failure of its own. */
export type DrillReason =
  | CheckReason
  | "no-backup"
  | "old-backup"
  | "not-restored"
  | "not-removed"
  | "upgrade-refused"
  | "upgrade-obstacle"
  | "not-upgraded"
  | "outside"
  | "interrupted";

export interface DrillFailure {
  readonly reason: DrillReason;
  readonly message: string;
  /** The next command, or what to do. */
  readonly next: string;
}

/** What a drill came to. Only `passed` proves the backup. */
export interface RestoreDrill {
  readonly stack: string;
  /** What was restored. */
  readonly of: "database" | "cache";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held" | "outside">;
  readonly outcome: "passed" | "failed" | "inconclusive" | "broken-off";
  readonly failure: DrillFailure | null;
  /** What was restored; `at` is the moment whose data it holds, ISO 8601. */
  readonly source: {
    readonly kind: RestoreSource["kind"];
    readonly snapshot: string | null;
    readonly at: string;
  } | null;
  /** The temporary instance; null where none was asked for. */
  readonly instance: string | null;
  readonly startedAt: string;
  readonly seconds: number;
  /** From the request until the restored instance could be asked. */
  readonly recoverySeconds: number | null;
  /**
   * How old the data was when the drill began, which is what would have been lost: of the declared rows or keys the newest,
   * and of a cache without such keys the snapshot itself.
   */
  readonly dataAgeSeconds: number | null;
  readonly checks: readonly CheckResult[];
  /** What became of the copy's upgrade; null where none was tried. */
  readonly upgrade: TriedUpgrade | null;
  /** Whether nothing of it is left; null where nothing was made. */
  readonly removed: boolean | null;
}

export interface DrillPorts<Q> {
  readonly copies: Copies<Q>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shows what it waits for. */
  say(text: string): void;
  /** How long it is waited between two looks. */
  readonly pollSeconds: number;
}

export interface DrillPlan<Q> {
  readonly subject: Subject<Q>;
  readonly copy: Copy;
  /** What the data's age is held against: the drill's begin, or the moment that was asked for. */
  readonly freshAt: number;
  /** The upgrade that is tried on the copy, once it has passed its checks. @default none */
  readonly upgrade?: UpgradePlan<Q>;
}

/** An upgrade to be tried, and what is asked around it. */
export interface UpgradePlan<Q> {
  readonly from: string;
  readonly to: string;
  /** Asked of the copy before it. */
  readonly before: readonly Q[];
  /** Asked of the one that serves. */
  readonly live: readonly Q[];
  /** Asked of the copy after it. */
  readonly after: readonly Q[];
  obstacles(answers: { readonly answers: readonly Answer[]; readonly live: readonly Answer[] }): Obstacle[];
  oldExtensions(answers: readonly Answer[]): readonly OldExtension[] | undefined;
}

/** What keeps a PostgreSQL from being upgraded, as an answer of its own catalog shows it. */
export interface Obstacle {
  readonly kind: string;
  /** Of the copy, or of the live database where a copy does not have it. */
  readonly of: "copy" | "live";
  readonly title: string;
  /** How many there are; null where the question was not answered, `problem` says why. */
  readonly count: number | null;
  readonly names: readonly string[];
  readonly problem: string | null;
  /** What to do about it. */
  readonly fix: string;
}

/** An extension that the new server has in a later version than the database. */
export interface OldExtension {
  readonly name: string;
  readonly installed: string;
  readonly offered: string;
}

/** What became of an upgrade that was tried on a copy. */
export interface TriedUpgrade {
  readonly from: string;
  readonly to: string;
  readonly outcome: "upgraded" | "refused" | "unfinished";
  /** When AWS was asked for it, ISO 8601. */
  readonly at: string;
  /** From the request until the copy had the new version and was available; null where it never was. */
  readonly seconds: number | null;
  /** How long in all nobody reached the copy; null where that was not measured, `unmeasured` says why. */
  readonly outageSeconds: number | null;
  readonly unmeasured: string | null;
  /** What the catalog shows that keeps a database from being upgraded. */
  readonly obstacles: readonly Obstacle[];
  /** What AWS told of it, oldest first, in its own words. */
  readonly said: readonly string[];
  /** The end of what pg_upgrade wrote, read before the copy was deleted; empty where it was upgraded. */
  readonly log: readonly string[];
  /** The declared checks once more, of the upgraded copy. */
  readonly checks: readonly CheckResult[];
  /** What ALTER EXTENSION … UPDATE is then to be run for; null where the copy did not say. */
  readonly oldExtensions: readonly OldExtension[] | null;
}

/** A question; its answers bear its id. */
export interface Identified {
  readonly id: string;
}

export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** As much of others' words as a message holds. */
export function short(text: string): string {
  return bounded(oneLine(text), 400);
}

interface Answers {
  readonly answers: readonly Answer[];
  readonly live: readonly Answer[];
  /** What the data's age is counted from. */
  readonly at: number;
}

/** What a drill restores: how it is asked and judged, in AWS's words for it and by AWS's commands. */
export interface Subject<Q> {
  readonly of: "database" | "cache";
  readonly stack: string;
  /** Asked of the copy. */
  readonly questions: readonly Q[];
  /** Asked of the one that serves, to compare. */
  readonly liveQuestions: readonly Q[];
  judge(answers: Answers): Judged;
  /** AWS's words for an instance that its backup keeps from being available. */
  readonly unreadable: ReadonlySet<string>;
  /** AWS's words for one that no waiting makes available, for another reason. */
  readonly ended: ReadonlySet<string>;
  /** The same drill again. */
  readonly again: string;
  readonly listSnapshots: string;
  deletion(name: string): string;
  events(name: string): string;
  readonly next: Readonly<Record<CheckReason, string>>;
}

/** The stack's database, by the checks that are declared for it. */
export function databaseSubject(
  stack: string,
  checks: RestoreChecks,
  schema: Release["schema"],
): Subject<Question> & { readonly of: "database" } {
  const again = `npx sparki drill restore --stack ${stack}`;
  return {
    of: "database",
    stack,
    questions: questionsOf(checks),
    liveQuestions: liveQuestionsOf(checks),
    judge: (answers) => judge(checks, { ...answers, schema }),
    unreadable: new Set([
      "incompatible-restore",
      "restore-error",
      "inaccessible-encryption-credentials",
      "inaccessible-encryption-credentials-recoverable",
      "failed",
    ]),
    ended: new Set([
      "incompatible-network",
      "incompatible-option-group",
      "incompatible-parameters",
      "incompatible-create",
      "insufficient-capacity",
      "storage-full",
      "deleting",
      "stopped",
    ]),
    again,
    listSnapshots: `aws rds describe-db-snapshots --db-instance-identifier sparki-${stack}-database`,
    deletion: (name) =>
      `aws rds delete-db-instance --db-instance-identifier ${name} --skip-final-snapshot --delete-automated-backups`,
    events: (name) => `aws rds describe-events --source-type db-instance --source-identifier ${name}`,
    next: {
      unreadable: `${again} --snapshot ID, with an older snapshot; then docs/recovery.md`,
      "missing-data": `find the newest backup that has it: ${again} --snapshot ID; npx sparki diagnose database`,
      schema: "check that sparki:release.schema matches the migrations: npx sparki status",
      "stale-data":
        "check whether anything writes to the database: npx sparki diagnose database; otherwise raise maxAgeHours in drill.yaml",
      unanswered: again,
    },
  };
}

/** The stack's Redis, by the checks that are declared for it. */
export function cacheSubject(stack: string, checks: CacheChecks): Subject<CacheQuestion> & { readonly of: "cache" } {
  const again = `npx sparki drill restore cache --stack ${stack}`;
  return {
    of: "cache",
    stack,
    questions: cacheQuestionsOf(checks),
    liveQuestions: liveCacheQuestionsOf(checks),
    judge: (answers) => judgeCache(checks, answers),
    // https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html
    unreadable: new Set(["restore-failed"]),
    ended: new Set(["create-failed", "incompatible-network", "deleting", "deleted"]),
    again,
    listSnapshots: `aws elasticache describe-snapshots --replication-group-id sparki-${stack}-cache --snapshot-source system`,
    deletion: (name) => `aws elasticache delete-replication-group --replication-group-id ${name}`,
    events: (name) => `aws elasticache describe-events --source-type replication-group --source-identifier ${name}`,
    next: {
      unreadable: `${again} --snapshot ID, with an older snapshot; then docs/recovery.md`,
      "missing-data": `find the newest snapshot that has it: ${again} --snapshot ID`,
      schema: again,
      "stale-data":
        "check whether anything writes to the cache: npx sparki diagnose errors; otherwise raise maxAgeHours in drill.yaml",
      unanswered: again,
    },
  };
}

/** Answers `db0:keys=5,expires=2,avg_ttl=0` for each database that has keys. */
const KEYSPACE = "INFO keyspace";

/** What the copy is asked. */
export function cacheQuestionsOf({ counts, newest }: CacheChecks): CacheQuestion[] {
  return [
    { id: LASTING_KEYS, command: KEYSPACE },
    ...[...counts, ...newest].map(({ name: id, command }) => ({ id, command })),
  ];
}

/** What the live cache is asked, to compare; nothing where nothing is compared. */
export function liveCacheQuestionsOf({ lastingKeys, counts }: CacheChecks): CacheQuestion[] {
  return [
    ...(lastingKeys.ofLive === undefined ? [] : [{ id: LASTING_KEYS, command: KEYSPACE }]),
    ...counts.filter(({ ofLive }) => ofLive !== undefined).map(({ name: id, command }) => ({ id, command })),
  ];
}

interface Asked {
  readonly answers: readonly Answer[];
  readonly live: readonly Answer[];
  readonly at: number;
}

/** Holds every declared check against the answers; what is missing, odd or said twice passes nothing. */
export function judgeCache(checks: CacheChecks, { answers, live, at }: Asked): Judged {
  const [answerTo, liveTo] = [onlyAnswer(answers.map(plain)), onlyAnswer(live.map(plain))];
  const counted = [{ name: LASTING_KEYS, ...checks.lastingKeys }, ...checks.counts];
  const keys = counted.map((each) => {
    const { name } = each;
    return misfit(judgeCount(each, { answer: answerTo(name), live: liveTo(name), kind: "keys", whole: "cache" }));
  });
  const newest = judgeTimes(checks.newest, answerTo, at);
  return { results: [...keys, ...newest.results.map(misfit)], newestAt: newest.newestAt };
}

/** A key of another type is not the one that was declared: it is missing. */
function misfit(result: CheckResult): CheckResult {
  return result.reason === "unanswered" && result.found.startsWith("WRONGTYPE")
    ? { ...result, reason: "missing-data" }
    : result;
}

/** The keyspace as its number of keys that do not expire, and a time as seconds since 1970. */
function plain(answer: Answer): Answer {
  if ("problem" in answer || answer.value === null) return answer;
  const { id, value } = answer;
  if (id === LASTING_KEYS) return { id, value: lastingKeys(value) };
  const milliseconds = /^\d{13}$/.test(value)
    ? Number(value)
    : /^\d{4}-\d\d-\d\dT/.test(value)
      ? Date.parse(value)
      : NaN;
  return Number.isNaN(milliseconds) ? answer : { id, value: String(milliseconds / 1000) };
}

/** An empty cache says the headline alone; what is not the keyspace is no count. */
function lastingKeys(info: string): string {
  if (!/^# Keyspace\b/.test(info)) return info;
  const databases = [...info.matchAll(/\bdb\d+:keys=(\d{1,15}),expires=(\d{1,15})\b/g)];
  return String(databases.reduce((sum, [, keys, expires]) => sum + Number(keys) - Number(expires), 0));
}
