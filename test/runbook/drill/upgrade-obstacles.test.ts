import {
  EXTENSION_QUESTION,
  extensionsIn,
  OBSTACLES,
  obstacleQuestions,
  obstaclesIn,
} from "../../../runbook/drill/upgrade-trial.ts";
import { sqlReader } from "../../../runbook/preflight/sql.ts";

const VERSIONS = { from: "17.6", to: "18.1" };
const idsOf = (from: string, to: string, of: "copy" | "live" = "copy") =>
  obstacleQuestions({ from, to }, of).map(({ id }) => id.replace("upgrade: ", ""));
const answer = (kind: string, value: unknown) => ({ id: `upgrade: ${kind}`, value: JSON.stringify(value) });
const none = obstacleQuestions(VERSIONS, "copy").map(({ id }) => ({ id, value: '{"count": 0, "names": []}' }));
const noSlots = [answer("logical-slots", { count: 0, names: [] })];

describe("obstacleQuestions", () => {
  it.each([
    ["14.20", "18.3"],
    ["17.6", "18.1"],
  ])("asks each as one plain SELECT, from %s to %s", async (from, to) => {
    const read = await sqlReader();
    const all = (["copy", "live"] as const).flatMap((of) => obstacleQuestions({ from, to }, of));
    expect(all.length).toBeGreaterThan(7);
    for (const { sql } of [...all, EXTENSION_QUESTION]) {
      const { statements, problem } = read(sql);
      expect({ sql, problem, kinds: statements.map(({ node }) => Object.keys(node)) }).toEqual({
        ...{ sql, problem: undefined, kinds: [["SelectStmt"]] },
      });
    }
  });

  it("asks what applies to the versions, and nothing before a minor one", () => {
    expect(idsOf("17.6", "17.10")).toEqual([]);
    expect(idsOf("17.6", "17.10", "live")).toEqual([]);
    expect(idsOf("15.10", "16.4")).toContain("aclitem-columns");
    expect(idsOf("16.4", "17.6")).not.toContain("aclitem-columns");
    expect(idsOf("16.4", "17.6")).not.toContain("not-null-inheritance");
    expect(idsOf("16.4", "18.1")).toContain("not-null-inheritance");
    expect(idsOf("16.4", "17.6")).not.toContain("gone-extensions");
    expect(idsOf("17.6", "18.1", "live")).toEqual(["logical-slots"]);
  });

  it("knows which extensions RDS lacks in which version", () => {
    const sqlOf = (to: string) =>
      obstacleQuestions({ from: "17.6", to }, "copy").find(({ id }) => id.endsWith("gone-extensions"))?.sql ?? "";
    expect(sqlOf("18.1")).toContain("'plrust', 'postgis_topology'");
    expect(sqlOf("18.3")).toContain("IN ('plrust')");
  });

  it("takes every logical slot for an obstacle before PostgreSQL 17, and a lost one from there on", () => {
    const sqlOf = (from: string) => obstacleQuestions({ from, to: "18.1" }, "live")[0]?.sql ?? "";
    expect(sqlOf("16.4")).not.toContain("wal_status");
    expect(sqlOf("17.6")).toContain("wal_status = 'lost'");
  });

  it("names each obstacle once, and what to do about it", () => {
    expect(new Set(OBSTACLES.map(({ kind }) => kind)).size).toBe(OBSTACLES.length);
    for (const { title, fix } of OBSTACLES) expect([title, fix].every((text) => text.length > 10)).toBe(true);
  });
});

describe("obstaclesIn", () => {
  it("finds nothing where nothing is", () => {
    expect(obstaclesIn(VERSIONS, { answers: none, live: noSlots })).toEqual([]);
  });

  it("names what there is, of the copy and of the live database", () => {
    const answers = none.map((each) =>
      each.id.endsWith("reg-columns") ? answer("reg-columns", { count: 21, names: ["public.calls.handler"] }) : each,
    );
    const live = [answer("logical-slots", { count: 1, names: ["dms\u001b[31m_slot"] })];
    expect(obstaclesIn(VERSIONS, { answers, live })).toMatchObject([
      { kind: "logical-slots", of: "live", count: 1, names: [expect.not.stringContaining("\u001b")] },
      { kind: "reg-columns", of: "copy", count: 21, names: ["public.calls.handler"], problem: null },
    ]);
  });

  it.each([
    ["no answer", none.filter(({ id }) => !id.endsWith("reg-columns")), "no answer"],
    ["something else", none.map((each) => ({ ...each, value: "many" })), "answered many"],
    ["a refusal", none.map(({ id }) => ({ id, problem: "permission denied", sqlState: "42501" })), "permission denied"],
  ])("says of %s that it is not known", (_, answers, problem) => {
    const found = obstaclesIn(VERSIONS, { answers, live: noSlots });
    expect(found.find(({ kind }) => kind === "reg-columns")).toMatchObject({ count: null, names: [], problem });
  });
});

describe("extensionsIn", () => {
  const asked = (value: string | null) => extensionsIn([{ id: EXTENSION_QUESTION.id, value }]);

  it("lists those that the new server has in a later version", () => {
    expect(asked('[["pg_trgm", "1.5", "1.6"]]')).toEqual([{ name: "pg_trgm", installed: "1.5", offered: "1.6" }]);
    expect(asked("[]")).toEqual([]);
  });

  it("is undefined where the copy does not say", () => {
    expect(extensionsIn([])).toBeUndefined();
    expect(asked("plenty")).toBeUndefined();
    expect(asked(null)).toBeUndefined();
  });
});
