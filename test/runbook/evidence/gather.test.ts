import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileHistory } from "../../../io/stack-state.ts";
import { RUN_RECORD_KEY } from "../../../stacks/run-record.ts";
import {
  ADA,
  APPROVAL,
  BOB,
  CACHE_RESTORE_TEST,
  gateResult,
  gathered,
  OCTOBER,
  RESTORE_TEST,
  RESTORE_TESTS,
  secondsOf,
  settingsWith,
  wholeUpdate,
} from "../../support/evidence.ts";
import { historyOf, ranFor, recordOf, releaseNamed, resourcesWith } from "../../support/updates.ts";

const [one, two, three] = [releaseNamed("1.0"), releaseNamed("2.0"), releaseNamed("3.0")];
const september = wholeUpdate(one, "2026-09-30T23:00:00Z");
const october = wholeUpdate(two, "2026-10-02T09:00:00Z", {
  outcome: async () => ({ promotion: recordOf(two), gates: [gateResult({ requests: 5000 })] }),
});
const texts = ({ gaps }: { gaps: readonly { text: string }[] }) => gaps.map(({ text }) => text);

describe("gather", () => {
  it("tells of each update of the days who ran and approved it, what became of it and which gates passed", async () => {
    const november = wholeUpdate(three, "2026-11-01T00:00:00Z");
    const found = await gathered([november, october, september]);
    expect(found.gaps).toEqual([]);
    expect(found.before).toEqual({ update: september.id, at: "2026-09-30T23:00:00.000Z", release: "1.0" });
    expect(found.updates).toEqual([
      {
        update: october.id,
        startedAt: "2026-10-02T09:00:00.000Z",
        endedAt: "2026-10-02T09:10:00.000Z",
        result: "succeeded",
        what: "promoted",
        reason: "1 of 1 gates passed",
        release: two,
        by: "sparki deploy",
        who: ADA,
        approval: { ...APPROVAL, isOwnPlan: false },
        live: "2.0",
        gates: [gateResult({ requests: 5000 })],
        gatesRanIn: october.id,
      },
    ]);
  });

  it("gathers the same of the same history, whatever the clock says", async () => {
    const [first, again] = [await gathered([october, september]), await gathered([october, september])];
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
  });

  it("tells of a rollback who made it and why, and asks for no approval of it", async () => {
    const ran = ranFor(one, "sparki rollback to 1.0: errors");
    const back = wholeUpdate(one, "2026-10-03T09:00:00Z", { ranBy: ran && { ...ran, who: BOB, why: "errors rose" } });
    const found = await gathered([back, october, september]);
    expect(found.updates[1]).toMatchObject({
      by: "sparki rollback",
      what: "gone back to",
      reason: "errors rose",
      who: BOB,
    });
    expect(found.gaps).toEqual([]);
  });

  it("tells of deploys that were refused before they changed anything, and of those of other days nothing", async () => {
    const end = (at: string) => ({
      startedAt: secondsOf(at),
      release: "3.0",
      outcome: "stopped",
      reason: "preflight failed",
    });
    const found = await gathered([october, september], { ends: [end("2026-11-02"), end("2026-10-05")] });
    const at = "2026-10-05T00:00:00.000Z";
    expect(found.refused).toEqual([{ at, release: "3.0", what: "stopped", reason: "preflight failed" }]);
  });

  it.each([
    ["no approval", { approval: null }, "no approval is recorded for release 2.0 (update prod-1790931600)"],
    [
      "a plan of nobody known",
      { approval: { ...APPROVAL, plannedBy: null } },
      "who planned release 2.0 (update prod-1790931600) is not recorded",
    ],
    [
      "two names that may be one person's",
      {
        approval: { ...APPROVAL, plannedBy: { name: "bob", through: "here", run: null, knownBy: "machine" as const } },
      },
      "whether ada, who approved release 2.0 (update prod-1790931600), is another person than bob, who planned it, is not known",
    ],
  ])("says of %s that it is missing", async (_, changes, text) => {
    const ranBy = october.ranBy && { ...october.ranBy, ...changes };
    expect(texts(await gathered([{ ...october, ranBy }, september]))).toEqual([text]);
  });

  it("does not hide that who approved a plan made it", async () => {
    const ranBy = october.ranBy && { ...october.ranBy, approval: { ...APPROVAL, plannedBy: ADA } };
    const { updates } = await gathered([{ ...october, ranBy }, september]);
    expect(updates[0]?.approval?.isOwnPlan).toBe(true);
  });

  it.each([
    [
      "no old state",
      undefined,
      ["no state is kept of release 2.0 (update prod-1790931600): neither what was live nor any gate's evidence"],
    ],
    [
      "a state without gates",
      { promotion: recordOf(two), gates: undefined },
      ["no gate evidence is stored of release 2.0 (update prod-1790931600)"],
    ],
    [
      "a state with no gate among them",
      { promotion: recordOf(two), gates: [] },
      ["no gate evidence is stored of release 2.0 (update prod-1790931600)"],
    ],
    [
      "a state without a promotion",
      { promotion: undefined, gates: [gateResult()] },
      ["no promotion is recorded after release 2.0 (update prod-1790931600)"],
    ],
    [
      "another release that is live",
      { promotion: recordOf(one), gates: [gateResult()] },
      ["release 2.0 (update prod-1790931600) succeeded, and the state names 1.0 as live after it"],
    ],
  ])("never calls a promotion proven by %s", async (_, outcome, expected) => {
    expect(texts(await gathered([{ ...october, outcome: async () => outcome }, september]))).toEqual(expected);
  });

  it("tells of an update in which no gate ran where they did, and never counts them twice", async () => {
    const again = { ...october, id: "again", startedAt: october.startedAt + 3600, endedAt: october.endedAt + 3600 };
    const { updates } = await gathered([again, october, september]);
    expect(updates.map(({ update, gatesRanIn }) => [update, gatesRanIn])).toEqual([
      [october.id, october.id],
      ["again", october.id],
    ]);
    const outcome = async () => ({ promotion: recordOf(one), gates: [gateResult()] });
    const inherited = await gathered([{ ...again, outcome }, september]);
    expect(inherited.updates).toMatchObject([{ gatesRanIn: september.id, what: "unknown" }]);
  });

  it("takes what was live before for what the state says, and says where none does", async () => {
    const { outcome: _, ...stateless } = september;
    const found = await gathered([october, stateless]);
    expect(found.before).toMatchObject({ update: september.id, release: null });
    expect(texts(found)).toEqual([
      `what was live when these days began is not known: no state that says it is kept of update ${september.id}`,
    ]);
  });

  it("claims of a failed update no gate that passed before it, and says whether its reason is kept", async () => {
    const failed = { ...october, result: "failed" as const };
    const found = await gathered([failed, september]);
    expect(found.updates[0]).toMatchObject({ what: "failed", gates: null });
    expect(texts(found)).toEqual(["why release 2.0 (update prod-1790931600) failed is not recorded"]);
    const end = {
      startedAt: failed.startedAt - 60,
      release: "2.0",
      outcome: "rolled-back",
      reason: "9 of 900 requests bad",
    };
    const told = await gathered([failed, september], { ends: [end] });
    expect(told.updates[0]).toMatchObject({ what: "rolled-back", reason: "9 of 900 requests bad" });
    expect(told.gaps).toEqual([]);
  });

  it("says that ends may be forgotten where the stack keeps no more of them", async () => {
    const ends = Array.from({ length: 20 }, (_, index) => ({
      startedAt: secondsOf("2026-10-31") - index,
      release: "3.0",
      outcome: "held",
      reason: "too few requests",
    }));
    const [text] = texts(await gathered([october, september], { ends }));
    expect(text).toBe(
      "how deploys ended before 2026-10-30T23:59:41.000Z may be missing: the stack keeps only the newest 20",
    );
  });

  it("finds a promotion that the history does not have any more, by the record of what was promoted earlier", async () => {
    const earlier = [recordOf(one), recordOf(three)];
    const outcome = async () => ({ promotion: { ...recordOf(two), earlier }, gates: [gateResult()] });
    expect(texts(await gathered([{ ...october, outcome }]))).toEqual([
      "release 1.0 was promoted earlier, but no update in the history deployed it",
      "release 3.0 was promoted earlier, but no update in the history deployed it",
    ]);
  });

  it("says of days that are not over, of no history and of updates of no time what is missing", async () => {
    const open = { ...OCTOBER, isOpen: true };
    expect(texts(await gathered([october, september], { range: open }))).toEqual([
      "2026-10-31 is not over yet: its remaining part is missing",
    ]);
    expect(texts(await gathered([]))[0]).toMatch(/^the backend's history has no update/);
    const timeless = [Number.NaN, -1, 1e300].map((startedAt) => ({ ...october, startedAt, id: "odd" }));
    expect(texts(await gathered([...timeless, october, september]))).toEqual(
      timeless.map(() => "when update odd was cannot be read"),
    );
  });
});

describe("gather, of a backend's own files", () => {
  let backend: string;
  beforeEach(() => {
    backend = mkdtempSync(join(tmpdir(), "sparki-backend-"));
    mkdirSync(join(backend, ".pulumi", "history", "sparki", "prod"), { recursive: true });
  });
  afterEach(() => rmSync(backend, { recursive: true }));

  const startTime = secondsOf("2026-10-02T09:00:00Z");
  const write = (name: string, text: string) =>
    writeFileSync(
      join(backend, ".pulumi", "history", "sparki", "prod", `prod-${startTime}000000000.${name}.json`),
      text,
    );
  const record = JSON.stringify({ ...ranFor(two), who: ADA, approval: APPROVAL });
  const config = {
    "sparki:release": two,
    "sparki:database": { passwordsSince: "2026-09-20", engineVersion: "17.6" },
    "sparki:preflight": RESTORE_TESTS,
    "sparki:exemptions": JSON.stringify([]),
    "sparki:slackToken": { secure: "v1:ciphertext" },
    [RUN_RECORD_KEY]: record,
  };
  const history = (changes: object = {}) => historyOf(two, { startTime, endTime: startTime + 60, config, ...changes });
  const checkpoint = (gates: unknown) => {
    const outputs = { gates };
    const stack = {
      urn: "urn:pulumi:prod::sparki::pulumi:pulumi:Stack::sparki-prod",
      type: "pulumi:pulumi:Stack",
      outputs,
    };
    return JSON.stringify({ version: 3, checkpoint: { latest: { resources: [stack, ...resourcesWith(two)] } } });
  };
  const read = () => gathered(readFileHistory(backend, "sparki", "prod"));

  it("reads settings, record, promotion and gates, and keeps no secret of them", async () => {
    write("history", history());
    write("checkpoint", checkpoint([gateResult()]));
    const found = await read();
    expect(found.gaps).toEqual([]);
    expect(found.updates).toMatchObject([{ who: ADA, live: "2.0", gates: [gateResult()] }]);
    expect(found.drills.restoreTests).toEqual([RESTORE_TEST]);
    expect(found.drills.cache.restoreTests).toEqual([CACHE_RESTORE_TEST]);
    expect(JSON.stringify(found)).not.toContain("ciphertext");
  });

  it.each([
    ["gates of another form", checkpoint([{ ...gateResult(), requests: "all" }]), /^no gate evidence is stored/],
    ["gates that are a secret", checkpoint({ ciphertext: "x" }), /^no gate evidence is stored/],
    ["no JSON", "{", /^no state is kept/],
    ["no state at all", "null", /^no state is kept/],
  ])("takes a checkpoint with %s for no evidence", async (_, text, gap) => {
    write("history", history());
    write("checkpoint", text);
    const found = await read();
    expect(found.updates[0]?.gates).toBeNull();
    expect(texts(found)).toEqual(expect.arrayContaining([expect.stringMatching(gap)]));
  });

  it.each([
    [
      "cut short",
      history().slice(0, 90),
      /^what became of update prod-\d+ is not known: its history file cannot be read/,
    ],
    [
      "a record of another release",
      history({ config: { ...config, [RUN_RECORD_KEY]: JSON.stringify(ranFor(one)) } }),
      /^who ran .* is not recorded/,
    ],
    ["no config", history({ config: null }), /^the settings of update prod-\d+ cannot be read/],
    [
      "exemptions of another form",
      history({ config: { ...config, "sparki:exemptions": [{ control: "S24" }] } }),
      /^sparki:exemptions of update prod-\d+ cannot be read/,
    ],
    ["a result that nobody knows", history({ result: "in-progress" }), /^what became of release 2\.0 .* is not known/],
  ])("says of a history file %s what is not known", async (_, text, gap) => {
    write("history", text);
    write("checkpoint", checkpoint([gateResult()]));
    expect(texts(await read())).toEqual(expect.arrayContaining([expect.stringMatching(gap)]));
  });
});

describe("gather, of settings", () => {
  const exemption = {
    control: "S24",
    resource: "database-replica",
    reason: "until the new class is bought",
    by: "@ada",
    until: "2026-12-01",
  };
  const withSettings = (changes: object, update = october) => ({ ...update, settings: settingsWith({ ...changes }) });

  it("tells an exemption that was in force on any of the days, with its end and where it was first and last used", async () => {
    const later = withSettings({}, wholeUpdate(three, "2026-10-20"));
    const granted = { exemptions: [exemption] };
    const found = await gathered([later, withSettings(granted), withSettings(granted, september)]);
    expect(found.exemptions).toEqual([
      { ...exemption, firstUpdate: september.id, lastUpdate: october.id, isInForce: false },
    ]);
    const inherited = await gathered([withSettings(granted, september)]);
    expect(inherited.exemptions).toMatchObject([{ control: "S24", isInForce: true }]);
  });

  it("tells none that ended before the days began, or came after them", async () => {
    const granted = { exemptions: [exemption] };
    const old = withSettings(granted, wholeUpdate(three, "2026-08-01"));
    const next = withSettings(granted, wholeUpdate(three, "2026-11-02"));
    expect((await gathered([next, october, september, old])).exemptions).toEqual([]);
  });

  it("tells relaxations, and approvals to replace or delete", async () => {
    const relaxations = [{ control: "S31", reason: "staging serves nobody" }];
    const approvals = [{ resource: "cache-*", action: "replace" as const, by: "@ada", until: "2026-10-09" }];
    const found = await gathered([withSettings({ relaxations, approvals }), september]);
    expect(found.relaxations).toMatchObject(relaxations);
    expect(found.resourceApprovals).toMatchObject(approvals);
  });

  it("tells a new token of Redis, and not the day that an earlier program's token did not have", async () => {
    const first = withSettings({ cache: { engineVersion: "7.1" } }, wholeUpdate(two, "2026-09-25"));
    const dated = withSettings({ cache: { authTokenSince: "2026-09-20" } }, wholeUpdate(two, "2026-09-26"));
    const between = { authTokenSince: "2026-10-02", onlyAuthTokenSince: "2026-09-20" };
    const found = await gathered([withSettings({ cache: between }), dated, first]);
    expect(found.rotations).toEqual([
      {
        what: "Redis's AUTH token",
        since: "2026-10-02",
        before: "2026-09-20",
        update: october.id,
        at: "2026-10-02T09:00:00.000Z",
      },
    ]);
  });

  it("tells new passwords once they are deployed, and not the first that are known", async () => {
    const database = { passwordsSince: "2026-10-02" };
    const failed = withSettings({ database }, { ...wholeUpdate(two, "2026-10-01"), result: "failed" });
    const found = await gathered([withSettings({ database }), failed, september]);
    expect(found.rotations).toEqual([
      {
        what: "database users' passwords",
        since: "2026-10-02",
        before: "2026-09-20",
        update: october.id,
        at: "2026-10-02T09:00:00.000Z",
      },
    ]);
    expect((await gathered([withSettings({ database })])).rotations).toEqual([]);
  });

  it("tells restore tests of the days, of the present config too, and says where none is recent", async () => {
    const none = { preflight: {} };
    const found = await gathered([withSettings(none), withSettings(none, september)], {
      preflight: RESTORE_TESTS,
    });
    expect(found.drills).toEqual({
      ...{ restoreTests: [RESTORE_TEST], newest: RESTORE_TEST },
      cache: { restoreTests: [CACHE_RESTORE_TEST], newest: CACHE_RESTORE_TEST },
    });
    expect(found.gaps).toEqual([]);
    const lacking = await gathered([withSettings(none), withSettings(none, september)]);
    expect(texts(lacking)).toEqual([
      "no restore test is recorded by 2026-10-31",
      "no restore test of the cache is recorded by 2026-10-31",
    ]);
  });

  it.each([
    ["restoreTest", "restore test"],
    ["cacheRestoreTest", "restore test of the cache"],
  ] as const)("says of %s alone where it is old, or was only made later", async (key, what) => {
    const old = { preflight: { ...RESTORE_TESTS, [key]: { ...RESTORE_TESTS[key], on: "2026-07-30" } } };
    expect(texts(await gathered([withSettings(old), withSettings(old, september)]))).toEqual([
      `the newest ${what} by 2026-10-31 is of 2026-07-30, 93 days before; expected one within 92`,
    ]);
    const { [key]: tested, ...other } = RESTORE_TESTS;
    const without = { preflight: other };
    const future = { [key]: { ...tested, on: "2026-11-05" } };
    expect(
      texts(await gathered([withSettings(without), withSettings(without, september)], { preflight: future })),
    ).toEqual([`no ${what} is recorded by 2026-10-31`]);
  });
});
