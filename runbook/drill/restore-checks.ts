import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Answer, Question } from "../../io/database-copies.ts";
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

const checksSchema = z.strictObject({
  database: z.strictObject({
    /** One number: the level that the migrations have reached. */
    schemaLevel: query,
    /** Each one number: how many rows there are. */
    rows: z
      .array(
        z.strictObject({
          name,
          query,
          atLeast: z.int().min(0),
          /** The least share of what the live database has now. */
          ofLive: z.number().gt(0).max(1).exactOptional(),
        }),
      )
      .min(1)
      .max(50),
    /** Each one time: when the newest row was written. */
    newest: z
      .array(z.strictObject({ name, query, maxAgeHours: z.number().gt(0).max(8_760) }))
      .min(1)
      .max(20),
  }),
});

/** What a restored database is asked, and what it must answer. */
export type RestoreChecks = Readonly<z.infer<typeof checksSchema>["database"]>;

/** Why a check was not passed. */
export type CheckReason = "schema" | "missing-data" | "stale-data" | "unreadable" | "unanswered";

export interface CheckResult {
  readonly name: string;
  readonly kind: "schema level" | "rows" | "freshness";
  readonly passed: boolean;
  /** Null where it passed. */
  readonly reason: CheckReason | null;
  readonly found: string;
  readonly expected: string;
}

/** The declared checks; throws SPARKI_CONFIG for anything but single SELECTs with what they must answer. */
export async function readChecks(projectDirectory: string): Promise<RestoreChecks> {
  const file = join(projectDirectory, CHECKS_FILE);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw wrong("it cannot be read", cause);
  }
  return checksIn(text);
}

/** The checks in the text of such a file. */
export async function checksIn(text: string): Promise<RestoreChecks> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw wrong(messageOf(cause).split("\n")[0] ?? "", cause);
  }
  const parsed = checksSchema.safeParse(content);
  if (!parsed.success) throw wrong(z.prettifyError(parsed.error));
  const { database } = parsed.data;
  const named = [{ name: "schema level", query: database.schemaLevel }, ...database.rows, ...database.newest];
  const twice = named.find((each, index) => named.findIndex((other) => other.name === each.name) !== index);
  if (twice !== undefined) throw wrong(`two checks are named ${twice.name}; expected a different name for each`);
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
  const rows = checks.rows.map(({ name, atLeast, ofLive }) => {
    if (ofLive === undefined)
      return judgeOne(answerTo(name), "missing-data", {
        ...{ name, kind: "rows", expected: `${atLeast} or more` },
        pass: (value) => isWhole(value) && Number(value) >= atLeast,
      });
    const there = liveTo(name);
    const count = there !== undefined && "value" in there && isWhole(there.value) ? Number(there.value) : undefined;
    const least = Math.max(atLeast, Math.ceil((count ?? 0) * ofLive));
    const expected = count === undefined ? `${atLeast} or more` : `${least} or more: the live database has ${count}`;
    const result = judgeOne(answerTo(name), "missing-data", {
      ...{ name, kind: "rows", expected },
      pass: (value) => isWhole(value) && Number(value) >= least,
    });
    const compared = {
      passed: false,
      reason: "unanswered",
      expected: `${atLeast} or more, compared with the live database`,
    } as const;
    return result.passed && count === undefined
      ? { ...result, ...compared, found: `${result.found}; the live database did not return its number of rows` }
      : result;
  });
  const times = checks.newest.map(({ name }) => timeIn(answerTo(name)));
  const newest = checks.newest.map(({ name, maxAgeHours }, index) => {
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
  return { results: [level, ...rows, ...newest], newestAt: known.length === 0 ? undefined : Math.max(...known) };
}

/** By how much two machines' clocks may differ. */
const CLOCK_SECONDS = 300;

function onlyAnswer(answers: readonly Answer[]): (id: string) => Answer | undefined {
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
