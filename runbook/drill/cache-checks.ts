import type { Answer, CacheQuestion } from "../../io/restored-copies.ts";
import {
  type CacheChecks,
  type CheckResult,
  type Judged,
  judgeCount,
  judgeTimes,
  LASTING_KEYS,
  onlyAnswer,
} from "./restore-checks.ts";

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
