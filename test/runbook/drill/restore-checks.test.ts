import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Answer } from "../../../io/restored-copies.ts";
import { checksIn, judge, liveQuestionsOf, questionsOf } from "../../../runbook/drill/restore-checks.ts";
import { CHECKS_TEXT, DRILL_NOW, goodAnswers } from "../../support/restored-copies.ts";

const LIVE: readonly Answer[] = [{ id: "projects", value: "520" }];
const schema = { level: 3, oldest: 2 };

describe("checksIn", () => {
  it("reads what the project declares", async () => {
    const checks = await checksIn(readFileSync(join(import.meta.dirname, "../../../drill.yaml"), "utf8"));
    expect(questionsOf(checks).map(({ id }) => id)).toEqual([
      "schema level",
      "projects",
      "detections",
      "newest project",
    ]);
    expect(liveQuestionsOf(checks).map(({ id }) => id)).toEqual(["projects", "detections"]);
  });

  it.each([
    ["DELETE FROM projects", "not a plain SELECT"],
    ["SELECT 1; SELECT 2", "not a plain SELECT"],
    ["SELECT 1;", "not a plain SELECT"],
    ["SELECT count(*) INTO copied FROM projects", "not a plain SELECT"],
    ["SELECT count(*) FROM projects FOR UPDATE", "not a plain SELECT"],
    ["SELEKT 1", "syntax error"],
    ["SELECT ';'", "not a plain SELECT"],
  ])("refuses the query %s", async (query, problem) => {
    const text = CHECKS_TEXT.replace("SELECT count(*) FROM detections", JSON.stringify(query));
    await expect(checksIn(text)).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining(problem),
    });
  });

  it.each([
    ["nothing", ""],
    ["no YAML", "database: ["],
    ["a key that nothing reads", `${CHECKS_TEXT}  more: 1\n`],
    ["two checks of one name", CHECKS_TEXT.replace("name: detections", "name: projects")],
    ["a check that is called like the level's", CHECKS_TEXT.replace("name: detections", "name: schema level")],
    ["a name that a log's line could not hold", CHECKS_TEXT.replace("name: detections", 'name: "a\\nb"')],
    ["a share above all", CHECKS_TEXT.replace("ofLive: 0.9", "ofLive: 1.1")],
    ["a count below none", CHECKS_TEXT.replace("atLeast: 0", "atLeast: -1")],
    ["no rows", CHECKS_TEXT.replace(/rows:\n.*\n.*\n/, "rows: []\n")],
  ])("refuses %s", async (_, text) => {
    await expect(checksIn(text)).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      hint: expect.stringContaining("docs/recovery.md"),
    });
  });
});

describe("judge", () => {
  const judged = async (own: Readonly<Record<string, string | null>>, live = LIVE) =>
    judge(await checksIn(CHECKS_TEXT), { answers: goodAnswers(own), live, schema, at: DRILL_NOW });
  const wrong = async (own: Readonly<Record<string, string | null>>, live = LIVE) =>
    (await judged(own, live)).results.flatMap(({ name, reason, found }) =>
      reason === null ? [] : [[name, reason, found]],
    );

  it("passes what answers as declared, and says when the newest row was written", async () => {
    const { results, newestAt } = await judged({});
    expect(results.every(({ passed }) => passed)).toBe(true);
    expect(newestAt).toBe(DRILL_NOW - 36_000 + 0.25);
  });

  it.each([
    [{ "schema level": "1" }, ["schema level", "schema", "1"]],
    [{ "schema level": "4" }, ["schema level", "schema", "4"]],
    [{ "schema level": null }, ["schema level", "schema", "nothing"]],
    [{ projects: "467" }, ["projects", "missing-data", "467"]],
    [{ projects: "NaN" }, ["projects", "missing-data", "NaN"]],
    [{ projects: "-1" }, ["projects", "missing-data", "-1"]],
    [{ detections: null }, ["detections", "missing-data", "nothing"]],
    [{ "newest project": `${DRILL_NOW - 86_401}` }, ["newest project", "stale-data", "24.0 h old"]],
    [{ "newest project": null }, ["newest project", "stale-data", "nothing"]],
    [{ "newest project": "yesterday" }, ["newest project", "stale-data", "yesterday"]],
    [
      { "newest project": `${DRILL_NOW + 3_600}` },
      ["newest project", "stale-data", expect.stringContaining("still to come")],
    ],
  ])("does not pass %j", async (own, failure) => {
    expect(await wrong(own)).toEqual([failure]);
  });

  it("passes exactly the least share of the live database's rows", async () => {
    expect(await wrong({ projects: "468" })).toEqual([]);
  });

  it.each([
    ["says nothing", []],
    ["says it twice", [...LIVE, ...LIVE]],
    ["says no number", [{ id: "projects", value: "many" }]],
    ["refuses", [{ id: "projects", problem: "no", sqlState: "57014" }]],
  ] as const)("proves nothing where the live database %s", async (_, live) => {
    expect(await wrong({}, [...live])).toEqual([["projects", "unanswered", expect.stringContaining("did not return")]]);
  });

  it.each([
    ["42P01", 'relation "detections" does not exist', "missing-data"],
    ["42703", "column does not exist", "missing-data"],
    ["3F000", "schema does not exist", "missing-data"],
    ["XX001", "invalid page in block 7 of relation base/1/2", "unreadable"],
    ["58P01", "could not open file", "unreadable"],
    ["57014", "canceling statement due to statement timeout", "unanswered"],
    ["", "connection lost", "unanswered"],
  ])("takes the server's %s for what it is", async (sqlState, problem, reason) => {
    const answers = goodAnswers().map((each) => (each.id === "detections" ? { id: each.id, problem, sqlState } : each));
    const { results } = judge(await checksIn(CHECKS_TEXT), { answers, live: LIVE, schema, at: DRILL_NOW });
    expect(results.find(({ name }) => name === "detections")).toMatchObject({ passed: false, reason, found: problem });
  });

  it("never passes with an answer fewer, whichever it is", async () => {
    const checks = await checksIn(CHECKS_TEXT);
    fc.assert(
      fc.property(fc.shuffledSubarray(goodAnswers(), { maxLength: 3 }), (answers) => {
        const { results } = judge(checks, { answers, live: LIVE, schema, at: DRILL_NOW });
        const missing = results.filter(({ name }) => !answers.some(({ id }) => id === name));
        expect(missing.every(({ passed, reason }) => !passed && reason === "unanswered")).toBe(true);
        expect(missing.length).toBe(4 - answers.length);
      }),
    );
  });

  it("never passes more with fewer rows or older ones", async () => {
    const checks = await checksIn(CHECKS_TEXT);
    const passes = (projects: number, ageSeconds: number) =>
      judge(checks, {
        answers: goodAnswers({ projects: `${projects}`, "newest project": `${DRILL_NOW - ageSeconds}` }),
        ...{ live: LIVE, schema, at: DRILL_NOW },
      }).results.filter(({ passed }) => passed).length;
    const amount = fc.nat(100_000);
    fc.assert(
      fc.property(amount, amount, amount, amount, (rows, fewer, age, older) => {
        expect(passes(Math.max(0, rows - fewer), age + older)).toBeLessThanOrEqual(passes(rows, age));
      }),
    );
  });
});
