import type { Answer } from "../../../io/restored-copies.ts";
import { cacheQuestionsOf, judgeCache, liveCacheQuestionsOf } from "../../../runbook/drill/drill.ts";
import { cacheChecksIn, readCacheChecks } from "../../../runbook/drill/restore-checks.ts";
import { DRILL_NOW } from "../../support/restored-copies.ts";

const DATABASE =
  "database: { schemaLevel: SELECT 1, rows: [{ name: a, query: SELECT 1, atLeast: 0 }], newest: [{ name: b, query: SELECT 1, maxAgeHours: 1 }] }\n";
const checksOf = (cache: string) => cacheChecksIn(`${DATABASE}cache: ${cache}\n`);
const CHECKS = checksOf(`
  lastingKeys: { atLeast: 2, ofLive: 0.5 }
  counts: [{ name: queue, command: LLEN jobs, atLeast: 1, ofLive: 0.9 }, { name: all, command: DBSIZE, atLeast: 0 }]
  newest: [{ name: newest, command: HGET sessions newest, maxAgeHours: 24 }]`);

const keyspace = (keys: number, expires: number) => `# Keyspace db0:keys=${keys},expires=${expires},avg_ttl=0`;
const answers = (values: Readonly<Record<string, string | null>>): Answer[] =>
  Object.entries(values).map(([id, value]) => ({ id, value }));
const GOOD = { "lasting keys": keyspace(9, 4), queue: "9", all: "9", newest: String(DRILL_NOW - 3_600) };
const LIVE = { "lasting keys": keyspace(12, 2), queue: "10" };
const judged = (own: Readonly<Record<string, string | null>> = {}, live: Readonly<Record<string, string>> = LIVE) =>
  judgeCache(CHECKS, { answers: answers({ ...GOOD, ...own }), live: answers(live), at: DRILL_NOW });
const failed = (own: Parameters<typeof judged>[0], live?: Parameters<typeof judged>[1]) =>
  judged(own, live)
    .results.filter(({ passed }) => !passed)
    .map(({ name, reason, found }) => `${name}: ${reason}: ${found}`);

describe("cacheChecksIn", () => {
  it("takes this project's own checks", () => {
    expect(readCacheChecks(`${import.meta.dirname}/../../..`)).toEqual({
      lastingKeys: { atLeast: 0, ofLive: 0.9 },
      counts: [],
      newest: [],
    });
  });

  it("says that there are none for the cache", () => {
    expect(() => cacheChecksIn(DATABASE)).toThrow(
      expect.objectContaining({ code: "SPARKI_CONFIG", message: expect.stringContaining("nothing for the cache") }),
    );
  });

  it.each([
    "{}",
    "{ lastingKeys: { atLeast: -1 } }",
    "{ lastingKeys: { atLeast: 0, ofLive: 2 } }",
    "{ lastingKeys: { atLeast: 0 }, more: 1 }",
    ...[
      ...["FLUSHALL", "KEYS *", "DBSIZE now", "LLEN", "LLEN a b", 'LLEN "a b"', "EVAL x 0", "SET a b", "llen a"],
      ...["LLEN $(reboot)", "LLEN a;b", "LLEN -h"],
    ].map(
      (command) =>
        `{ lastingKeys: { atLeast: 0 }, counts: [{ name: a, command: ${JSON.stringify(command)}, atLeast: 0 }] }`,
    ),
    ...["LLEN a", "GET", "GETDEL a", "HGET a", "LINDEX a first"].map(
      (command) => `{ lastingKeys: { atLeast: 0 }, newest: [{ name: a, command: ${command}, maxAgeHours: 1 }] }`,
    ),
    "{ lastingKeys: { atLeast: 0 }, counts: [{ name: lasting keys, command: DBSIZE, atLeast: 0 }] }",
    "{ lastingKeys: { atLeast: 0 }, counts: [{ name: a, command: DBSIZE, atLeast: 0 }, { name: a, command: DBSIZE, atLeast: 0 }] }",
  ])("refuses %s", (cache) => {
    expect(() => checksOf(cache)).toThrow(expect.objectContaining({ code: "SPARKI_CONFIG" }));
  });
});

describe("cacheQuestionsOf", () => {
  it("asks the copy all, and the live cache what is compared", () => {
    expect(cacheQuestionsOf(CHECKS).map(({ command }) => command)).toEqual([
      "INFO keyspace",
      "LLEN jobs",
      "DBSIZE",
      "HGET sessions newest",
    ]);
    expect(liveCacheQuestionsOf(CHECKS).map(({ id }) => id)).toEqual(["lasting keys", "queue"]);
    expect(liveCacheQuestionsOf(checksOf("{ lastingKeys: { atLeast: 0 } }"))).toEqual([]);
  });
});

describe("judgeCache", () => {
  it("passes a good copy, and tells the newest time", () => {
    expect(failed({})).toEqual([]);
    expect(judged().newestAt).toBe(DRILL_NOW - 3_600);
    expect(judged().results[0]).toMatchObject({
      kind: "keys",
      found: "5",
      expected: "5 or more: the live cache has 10",
    });
  });

  it("counts keys that do not expire, in all databases", () => {
    const both = "# Keyspace db0:keys=9,expires=8,avg_ttl=1 db1:keys=7,expires=3,avg_ttl=1";
    expect(judged({ "lasting keys": both }).results[0]?.found).toBe("5");
    const none = judgeCache(checksOf("{ lastingKeys: { atLeast: 0, ofLive: 0.9 } }"), {
      ...{ answers: answers({ "lasting keys": "# Keyspace" }), live: answers({ "lasting keys": "# Keyspace" }) },
      at: DRILL_NOW,
    });
    expect(none).toMatchObject({ results: [{ passed: true, found: "0" }], newestAt: undefined });
  });

  it("finds what is missing, and what is not known", () => {
    expect(failed({ "lasting keys": keyspace(4, 4) })).toEqual(["lasting keys: missing-data: 0"]);
    expect(failed({ "lasting keys": "redis_version:7.1" })).toEqual(["lasting keys: missing-data: redis_version:7.1"]);
    expect(failed({ queue: "8" })).toEqual(["queue: missing-data: 8"]);
    expect(failed({ newest: null })).toEqual(["newest: stale-data: nothing"]);
    expect(failed({}, { queue: "10" })).toEqual([
      "lasting keys: unanswered: 5; the live cache did not return its number of keys",
    ]);
    const { queue: _, ...others } = GOOD;
    const half = judgeCache(CHECKS, { answers: answers(others), live: answers(LIVE), at: DRILL_NOW });
    expect(half.results[1]).toMatchObject({ passed: false, reason: "unanswered", found: "no answer" });
  });

  it.each([
    [String(DRILL_NOW - 90_000), "newest: stale-data: 25.0 h old"],
    [String((DRILL_NOW - 90_000) * 1000), "newest: stale-data: 25.0 h old"],
    [new Date((DRILL_NOW - 90_000) * 1000).toISOString(), "newest: stale-data: 25.0 h old"],
    ["yesterday", "newest: stale-data: yesterday"],
    [
      String(DRILL_NOW + 3_600),
      `newest: stale-data: of ${new Date((DRILL_NOW + 3_600) * 1000).toISOString()}, still to come`,
    ],
  ])("finds that %s is too old, or no time", (newest, expected) => {
    expect(failed({ newest })).toEqual([expected]);
  });
});
