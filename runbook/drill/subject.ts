import type { Answer, CacheQuestion, Question } from "../../io/restored-copies.ts";
import type { Release } from "../../stacks/schema.ts";
import { cacheQuestionsOf, judgeCache, liveCacheQuestionsOf } from "./cache-checks.ts";
import {
  type CacheChecks,
  type CheckReason,
  type Judged,
  judge,
  liveQuestionsOf,
  questionsOf,
  type RestoreChecks,
} from "./restore-checks.ts";

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
