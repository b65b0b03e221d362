import { PassThrough } from "node:stream";
import { diagnose, diagnosisText, EXAMINATIONS } from "../../../runbook/diagnosis/diagnose.ts";
import { type Examination, TOPICS, type Topic } from "../../../runbook/diagnosis/examination.ts";
import { type Finding, fail, pass, warn } from "../../../runbook/preflight/check.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { clusterOf, diagnosisContext, podNamed } from "../../support/diagnosis.ts";

const screen = plainScreen(new PassThrough());
const { signal } = new AbortController();
const finding = (id: string, found: Finding | Error, topics: readonly Topic[] = TOPICS): Examination => ({
  id,
  topics,
  title: id,
  timeLimitSeconds: 10,
  run: async () => {
    if (found instanceof Error) throw found;
    return found;
  },
});
const run = (examinations: readonly Examination[], topics: readonly Topic[] = TOPICS) =>
  diagnose(diagnosisContext(), { topics, examinations }, screen, signal);

describe("diagnose", () => {
  it("exits 0 when nothing failed, and names a warning as what is not as it should be", async () => {
    expect(await run([finding("a", pass("fine"))])).toMatchObject({ exitCode: 0, likelyCause: null });
    expect(await run([finding("a", pass("fine")), finding("b", warn("odd", "look"))])).toMatchObject({
      exitCode: 0,
      likelyCause: { id: "b" },
    });
  });

  it("names the first failure as the likely cause, before warnings that come earlier", async () => {
    const found = await run([
      finding("a", warn("odd", "look")),
      finding("b", fail("away", "ask")),
      finding("c", fail("x", "y")),
    ]);
    expect(found).toMatchObject({ exitCode: 1, likelyCause: { id: "b", reason: "away", fix: "ask" } });
  });

  it("never takes what it could not look at for a cause when something else failed, and exits 4 for it alone", async () => {
    const blind = finding("a", new Error("AWS does not answer"));
    expect(await run([blind, finding("b", fail("away", "ask"))])).toMatchObject({ likelyCause: { id: "b" } });
    expect(await run([blind])).toMatchObject({
      exitCode: 4,
      likelyCause: { id: "a", isBlind: true, reason: "could not check: AWS does not answer" },
    });
  });

  it("runs only the examinations of the topics", async () => {
    const found = await run([finding("a", pass(""), ["database"]), finding("b", pass(""), ["latency"])], ["latency"]);
    expect(found.symptoms.map(({ id }) => id)).toEqual(["b"]);
  });

  it("names the database and not the pods that wait for it", async () => {
    const said = JSON.stringify({
      ts: "2026-11-23T11:59:30Z",
      msg: "not ready",
      reason: "refused",
      dependency: "database",
    });
    const pods = [podNamed("engine-a", { ready: false })];
    const context = diagnosisContext({ cluster: clusterOf(pods, { "engine-a": [said] }) });
    const own = EXAMINATIONS.filter(({ id }) => ["database-words", "pods", "database-answer"].includes(id));
    const found = await diagnose(context, { topics: ["database"], examinations: own }, screen, signal);
    expect(found.likelyCause?.id).toBe("database-words");
    expect(found.symptoms.map(({ status }) => status)).toEqual(["fail", "fail", "fail"]);
  });
});

describe("EXAMINATIONS", () => {
  it("have ids of their own, and some for every topic", () => {
    expect(new Set(EXAMINATIONS.map(({ id }) => id)).size).toBe(EXAMINATIONS.length);
    for (const topic of TOPICS)
      expect(EXAMINATIONS.filter(({ topics }) => topics.includes(topic)).length).toBeGreaterThan(4);
  });
});

describe("diagnosisText", () => {
  it("begins with the likely cause, its evidence and the next command, in 80 columns", async () => {
    const cause = {
      ...fail("2 of 4 pods cannot reach the database", "aws rds describe-events"),
      evidence: ["engine-a: refused"],
    };
    const found = await run([
      finding("fine", pass("fine")),
      finding("pods", fail("not ready", "kubectl")),
      finding("db", cause),
    ]);
    const text = diagnosisText({ ...found, likelyCause: found.symptoms[2] ?? null }, screen.paint);
    expect(text.split("\n").filter(Boolean)).toEqual([
      "Likely cause",
      "  ✗ FAIL  db: 2 of 4 pods cannot reach the database",
      "          - engine-a: refused",
      "          fix: aws rds describe-events",
      "Also wrong, possibly as a consequence",
      "  ✗ FAIL  pods: not ready",
      "          fix: kubectl",
      "Checked",
      "  ✓ pass  fine: fine",
      expect.stringMatching(/^Something is wrong on prod \(database, errors, latency\), in /),
    ]);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("never calls a cause what could not be checked", async () => {
    const text = diagnosisText(await run([finding("aws", new Error("no answer"))]), screen.paint);
    expect(text).toContain("Could not be checked\n  ✗ FAIL  aws: could not check: no answer");
    expect(text).toMatch(/No problem was found, but not everything could be checked, on prod/);
  });
});
