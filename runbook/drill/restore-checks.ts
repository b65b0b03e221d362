import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Answer, Question } from "../../io/restored-copies.ts";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { Release } from "../../stacks/schema.ts";
import { sqlReader } from "../preflight/sql.ts";

/** Where the questions to a restored database are declared, in the project. */
const CHECKS_FILE = "drill.yaml";

const name = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9 -]{0,58}[a-z0-9])?$/, "a name of lower-case letters, digits, spaces and dashes");
const query = z.string().trim().min(1).max(4_000);

/** How many there are. */
const count = {
  name,
  atLeast: z.int().min(0),
  /** The least share of what the live one has now. */
  ofLive: z.number().gt(0).max(1).exactOptional(),
};
const maxAgeHours = z.number().gt(0).max(8_760);

/** A word of a command, as redis-cli takes it without quotes. */
const WORD = "[A-Za-z0-9][A-Za-z0-9:_.{}/-]{0,199}";
const command = (pattern: string, expected: string) => z.string().regex(new RegExp(`^(?:${pattern})$`), expected);

const cacheSchema = z.strictObject({
  /** Keys that do not expire, and so are in every snapshot. */
  lastingKeys: z.strictObject({ atLeast: count.atLeast, ofLive: count.ofLive }),
  /** Each one number. */
  counts: z
    .array(
      z.strictObject({
        ...count,
        command: command(
          `DBSIZE|(?:EXISTS|STRLEN|LLEN|HLEN|SCARD|ZCARD|XLEN) ${WORD}`,
          "DBSIZE, or EXISTS, STRLEN, LLEN, HLEN, SCARD, ZCARD or XLEN and one key",
        ),
      }),
    )
    .max(50)
    .default([]),
  /** Each one time: seconds or milliseconds since 1970, or ISO 8601. */
  newest: z
    .array(
      z.strictObject({
        name,
        command: command(
          `GET ${WORD}|HGET ${WORD} ${WORD}|LINDEX ${WORD} -?\\d{1,9}`,
          "GET and a key, HGET, a key and a field, or LINDEX, a key and an index",
        ),
        maxAgeHours,
      }),
    )
    .max(20)
    .default([]),
});

const checksSchema = z.strictObject({
  cache: cacheSchema.exactOptional(),
  database: z.strictObject({
    /** One number: the level that the migrations have reached. */
    schemaLevel: query,
    /** Each one number: how many rows there are. */
    rows: z
      .array(z.strictObject({ ...count, query }))
      .min(1)
      .max(50),
    /** Each one time: when the newest row was written. */
    newest: z.array(z.strictObject({ name, query, maxAgeHours })).min(1).max(20),
  }),
});

/** What a restored database is asked, and what it must answer. */
export type RestoreChecks = Readonly<z.infer<typeof checksSchema>["database"]>;

/** What a restored cache is asked, and what it must answer. */
export type CacheChecks = Readonly<z.infer<typeof cacheSchema>>;

/** Why a check was not passed. */
export type CheckReason = "schema" | "missing-data" | "stale-data" | "unreadable" | "unanswered";

export interface CheckResult {
  readonly name: string;
  readonly kind: "schema level" | "rows" | "keys" | "freshness";
  readonly passed: boolean;
  /** Null where it passed. */
  readonly reason: CheckReason | null;
  readonly found: string;
  readonly expected: string;
}

/** The declared checks; throws SPARKI_CONFIG for anything but single SELECTs with what they must answer. */
export async function readChecks(projectDirectory: string): Promise<RestoreChecks> {
  return checksIn(checksText(projectDirectory));
}

/** The declared checks of the cache; throws SPARKI_CONFIG where there are none, or others than commands that only read. */
export function readCacheChecks(projectDirectory: string): CacheChecks {
  return cacheChecksIn(checksText(projectDirectory));
}

function checksText(projectDirectory: string): string {
  try {
    return readFileSync(join(projectDirectory, CHECKS_FILE), "utf8");
  } catch (cause) {
    throw wrong("it cannot be read", cause);
  }
}

function parsedChecks(text: string): z.infer<typeof checksSchema> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw wrong(messageOf(cause).split("\n")[0] ?? "", cause);
  }
  const parsed = checksSchema.safeParse(content);
  if (!parsed.success) throw wrong(z.prettifyError(parsed.error));
  return parsed.data;
}

function assertNamedApart(named: readonly { readonly name: string }[]): void {
  const twice = named.find((each, index) => named.findIndex((other) => other.name === each.name) !== index);
  if (twice !== undefined) throw wrong(`two checks are named ${twice.name}; expected a different name for each`);
}

/** The cache's checks in the text of such a file. */
export function cacheChecksIn(text: string): CacheChecks {
  const { cache } = parsedChecks(text);
  if (cache === undefined) throw wrong("it declares nothing for the cache; expected a key cache with lastingKeys");
  assertNamedApart([{ name: LASTING_KEYS }, ...cache.counts, ...cache.newest]);
  return cache;
}

/** The checks in the text of such a file. */
export async function checksIn(text: string): Promise<RestoreChecks> {
  const { database } = parsedChecks(text);
  const named = [{ name: "schema level", query: database.schemaLevel }, ...database.rows, ...database.newest];
  assertNamedApart(named);
  const read = await sqlReader();
  for (const each of named) {
    const { statements, problem } = read(each.query);
    const [statement] = statements;
    const select = statement !== undefined && "SelectStmt" in statement.node ? statement.node.SelectStmt : undefined;
    const isPlain = statements.length === 1 && select !== undefined && select.intoClause === undefined;
    if (problem !== undefined || !isPlain || (select.lockingClause?.length ?? 0) > 0 || each.query.includes(";"))
      throw wrong(
        `the query of ${each.name} is ${problem ?? "not a plain SELECT"}; expected one SELECT, without a semicolon`,
      );
  }
  return database;
}

function wrong(what: string, cause?: unknown): DeployError {
  return new DeployError("SPARKI_CONFIG", `${CHECKS_FILE}: ${what}`, {
    hint: `docs/recovery.md says how ${CHECKS_FILE} declares what a restored database is checked for`,
    ...(cause === undefined ? {} : { cause }),
  });
}

const LEVEL = "schema level";
export const LASTING_KEYS = "lasting keys";

/** What the copy is asked. */
export function questionsOf({ schemaLevel, rows, newest }: RestoreChecks): Question[] {
  return [
    { id: LEVEL, sql: schemaLevel },
    ...rows.map(({ name: id, query: sql }) => ({ id, sql })),
    ...newest.map(({ name: id, query: sql }) => ({ id, sql: `SELECT extract(epoch FROM (${sql}))` })),
  ];
}

/** What the live database is asked, to compare; nothing where nothing is compared. */
export function liveQuestionsOf({ rows }: RestoreChecks): Question[] {
  return rows.filter(({ ofLive }) => ofLive !== undefined).map(({ name: id, query: sql }) => ({ id, sql }));
}

export interface Judged {
  readonly results: readonly CheckResult[];
  /** When the newest of the declared rows was written, in seconds since 1970; undefined where no answer says it. */
  readonly newestAt: number | undefined;
}

interface Asked {
  readonly answers: readonly Answer[];
  readonly live: readonly Answer[];
  readonly schema: Release["schema"];
  /** What the data's age is counted from: now, or the moment that was restored to. */
  readonly at: number;
}

const HOUR = 3_600;

/** Holds every declared check against the answers; what is missing, odd or said twice passes nothing. */
export function judge(checks: RestoreChecks, { answers, live, schema, at }: Asked): Judged {
  const answerTo = onlyAnswer(answers);
  const liveTo = onlyAnswer(live);
  const level = judgeOne(answerTo(LEVEL), "schema", {
    ...{ name: LEVEL, kind: "schema level", expected: `${schema.oldest} to ${schema.level}, as sparki:release.schema` },
    pass: (value) => isWhole(value) && schema.oldest <= Number(value) && Number(value) <= schema.level,
  });
  const rows = checks.rows.map((row) =>
    judgeCount(row, { answer: answerTo(row.name), live: liveTo(row.name), kind: "rows", whole: "database" }),
  );
  const newest = judgeTimes(checks.newest, answerTo, at);
  return { results: [level, ...rows, ...newest.results], newestAt: newest.newestAt };
}

interface Counted {
  readonly name: string;
  readonly atLeast: number;
  readonly ofLive?: number;
}

interface CountAnswers extends Pick<CheckResult, "kind"> {
  readonly answer: Answer | undefined;
  readonly live: Answer | undefined;
  /** What has as many. */
  readonly whole: "database" | "cache";
}

/** Holds one count against the least that there may be, and where it is asked for against the live one's. */
export function judgeCount(
  { name, atLeast, ofLive }: Counted,
  { answer, live, kind, whole }: CountAnswers,
): CheckResult {
  if (ofLive === undefined)
    return judgeOne(answer, "missing-data", {
      ...{ name, kind, expected: `${atLeast} or more` },
      pass: (value) => isWhole(value) && Number(value) >= atLeast,
    });
  const present = live !== undefined && "value" in live && isWhole(live.value) ? Number(live.value) : undefined;
  const least = Math.max(atLeast, Math.ceil((present ?? 0) * ofLive));
  const expected = present === undefined ? `${atLeast} or more` : `${least} or more: the live ${whole} has ${present}`;
  const result = judgeOne(answer, "missing-data", {
    ...{ name, kind, expected },
    pass: (value) => isWhole(value) && Number(value) >= least,
  });
  if (!result.passed || present !== undefined) return result;
  return {
    ...result,
    passed: false,
    reason: "unanswered",
    expected: `${atLeast} or more, compared with the live ${whole}`,
    found: `${result.found}; the live ${whole} did not return its number of ${kind}`,
  };
}

interface Timed {
  readonly name: string;
  readonly maxAgeHours: number;
}

/** Holds times, in seconds since 1970, against how old they may be at a moment. */
export function judgeTimes(checks: readonly Timed[], answerTo: (id: string) => Answer | undefined, at: number): Judged {
  const times = checks.map(({ name }) => timeIn(answerTo(name)));
  const results = checks.map(({ name, maxAgeHours }, index) => {
    const time = times[index];
    const result = judgeOne(answerTo(name), "stale-data", {
      ...{ name, kind: "freshness", expected: `at most ${maxAgeHours} h old` },
      pass: () => time !== undefined && time <= at + CLOCK_SECONDS && at - time <= maxAgeHours * HOUR,
    });
    if (time === undefined) return result;
    const age = `${((at - time) / HOUR).toFixed(1)} h old`;
    return {
      ...result,
      found: time > at + CLOCK_SECONDS ? `of ${new Date(time * 1000).toISOString()}, still to come` : age,
    };
  });
  const known = times.filter((time) => time !== undefined);
  return { results, newestAt: known.length === 0 ? undefined : Math.max(...known) };
}

/** By how much two machines' clocks may differ. */
const CLOCK_SECONDS = 300;

/** What answers a question, if it is answered once. */
export function onlyAnswer(answers: readonly Answer[]): (id: string) => Answer | undefined {
  return (id) => {
    const own = answers.filter((answer) => answer.id === id);
    return own.length === 1 ? own[0] : undefined;
  };
}

interface Expectation extends Pick<CheckResult, "name" | "kind" | "expected"> {
  pass(value: string | null): boolean;
}

function judgeOne(answer: Answer | undefined, reason: CheckReason, { pass, ...check }: Expectation): CheckResult {
  if (answer === undefined) return { ...check, passed: false, reason: "unanswered", found: "no answer" };
  if ("problem" in answer)
    return { ...check, passed: false, reason: reasonOf(answer.sqlState), found: told(answer.problem) };
  const passed = pass(answer.value);
  return {
    ...check,
    passed,
    reason: passed ? null : reason,
    found: answer.value === null ? "nothing" : told(answer.value),
  };
}

/** By PostgreSQL's classes of errors: https://www.postgresql.org/docs/17/errcodes-appendix.html. */
function reasonOf(sqlState: string): CheckReason {
  if (/^(?:XX|58)/.test(sqlState)) return "unreadable";
  return /^(?:42|3F)/.test(sqlState) ? "missing-data" : "unanswered";
}

function isWhole(value: string | null): value is string {
  return value !== null && /^\d{1,15}$/.test(value);
}

function timeIn(answer: Answer | undefined): number | undefined {
  if (answer === undefined || "problem" in answer || answer.value === null) return undefined;
  return /^\d{1,12}(?:\.\d+)?$/.test(answer.value) ? Number(answer.value) : undefined;
}

function told(text: string): string {
  return bounded(oneLine(text), 300);
}
