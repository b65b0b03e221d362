import type { FoundInstance } from "../../../io/rds-copies.ts";
import { BackupUnreadable } from "../../../io/restored-copies.ts";
import {
  assertRestorable,
  assertUnlocked,
  DATABASE,
  exchangeInState,
  restoreDatabase,
  restoreIntent,
  restoreText,
  type Stage,
  stageOf,
} from "../../../runbook/recovery/restore-database.ts";
import { withExchanged } from "../../../runbook/recovery/state-edit.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { exitCodeOf } from "../../../shared/deploy-error.ts";
import {
  type FakeReplacement,
  fakeReplacement,
  MOMENT,
  NAMES,
  NEW,
  OLD,
  restorePlan,
  restorePorts,
} from "../../support/database-replacement.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { fakeEngine, interruptedState } from "../../support/recovery.ts";
import { DRILL_NOW, goodAnswers } from "../../support/restored-copies.ts";

const { paint } = plainScreen(process.stderr);
const { live, restored, before } = NAMES;
const QUESTIONS = "schema level, projects, detections";

async function run(database: FakeReplacement, stage: Stage = "nothing", ports = restorePorts(database)) {
  return { document: await restoreDatabase(ports, await restorePlan(), stage), ports };
}

describe("restoreDatabase", () => {
  it("checks what it restored beside the live one, exchanges their names, and makes it the state's", async () => {
    const database = fakeReplacement();
    const { document, ports } = await run(database);
    expect(database.calls).toEqual([
      `restore ${restored} 2026-11-28T11:50:00.000Z`,
      `query ${restored}: ${QUESTIONS}, newest project`,
      `rename ${live} ${before}, protected`,
      `rename ${restored} ${live}, protected`,
      `query ${live}: ${QUESTIONS}`,
    ]);
    expect(Object.fromEntries(database.instances)).toEqual({ [live]: NEW, [before]: OLD });
    expect(ports.adopted).toEqual(["db-NEW"]);
    expect(document).toMatchObject({
      ...{ outcome: "restored", exitCode: 0, failure: null, at: "2026-11-28T11:50:00.000Z", resumed: false },
      ...{ recoverySeconds: 0, outageSeconds: 0, lostSeconds: 600, requests: { requests: 1000, bad: 20 } },
      next: "npx sparki deploy --stack prod",
    });
    expect(document.checks.map(({ name, passed }) => [name, passed])).toEqual([
      ["schema level", true],
      ["projects", true],
      ["detections", true],
      ["newest project", true],
    ]);
  });

  it("measures by the clock: the restore with users served, then the time without a database", async () => {
    const clock = fakeClock(DRILL_NOW);
    const until = { creating: DRILL_NOW + 900, renaming: Number.POSITIVE_INFINITY };
    const isReady = () => clock.now() >= until.creating && clock.now() >= (until.renaming < 1e12 ? until.renaming : 0);
    const status = (found: FoundInstance | undefined) =>
      found && { ...found, status: isReady() ? "available" : "creating" };
    const database = fakeReplacement(undefined, {
      instance: async (name) => status(database.instances.get(name)),
      rename: async (from, to) => {
        until.renaming = clock.now() + 60;
        database.instances.set(to, database.instances.get(from) ?? OLD);
        return database.instances.delete(from);
      },
    });
    const { document } = await run(database, "nothing", restorePorts(database, { clock }));
    expect(document).toMatchObject({ recoverySeconds: 960, outageSeconds: 60, lostSeconds: 1500 });
  });

  it("goes on with an instance that answers while RDS still optimizes its storage", async () => {
    const database = fakeReplacement(undefined, {
      instance: async (name) => {
        const found = database.instances.get(name);
        return found && { ...found, status: "storage-optimization" };
      },
    });
    expect((await run(database, "nothing")).document).toMatchObject({ outcome: "restored", exitCode: 0 });
  });

  it.each<[string, Record<string, string | null>, string]>([
    ["a table is missing", { projects: null }, `${restored}: projects: nothing; expected 3 or more`],
    ["the schema is none of the release's", { "schema level": "7" }, `${restored}: schema level: 7; expected 1 to 3`],
    ["nothing was written for days", { "newest project": "1700000000" }, `${restored}: newest project:`],
  ])("leaves the live one as it is where %s", async (_, answers, message) => {
    const all = { "newest project": `${MOMENT - 60}`, ...answers };
    const database = fakeReplacement(undefined, { query: async () => goodAnswers(all) });
    const { document, ports } = await run(database);
    expect(document).toMatchObject({ outcome: "refused", exitCode: 1, outageSeconds: null, requests: null });
    expect(document.failure).toMatchObject({ reason: "not-as-declared", message: expect.stringContaining(message) });
    expect(document.failure?.next).toContain(`delete-db-instance --db-instance-identifier ${restored} `);
    expect(database.instances.get(live)).toBe(OLD);
    expect([ports.adopted, database.calls.filter((call) => call.startsWith("rename"))]).toEqual([[], []]);
  });

  it.each([
    [
      "AWS refuses the backup",
      { restoreBeside: async () => Promise.reject(new BackupUnreadable("KMSKeyNotAccessible")) },
    ],
    [
      "AWS cannot read it",
      { restoreBeside: async () => {}, instance: async () => ({ ...NEW, status: "incompatible-restore" }) },
    ],
  ])("refuses where %s", async (_, parts) => {
    const { document, ports } = await run(fakeReplacement(undefined, parts));
    expect(document).toMatchObject({ outcome: "refused", exitCode: 1, failure: { reason: "unreadable" } });
    expect(ports.adopted).toEqual([]);
  });

  it("ends after its limit without having touched the live one, and says that the same command continues", async () => {
    const database = fakeReplacement(undefined, { instance: async () => ({ ...NEW, status: "creating" }) });
    const { document } = await run(database);
    expect(document).toMatchObject({ outcome: "not-in-time", exitCode: 3 });
    expect(document.next).toBe(
      "npx sparki recover database --stack prod --point-in-time 2026-11-28T11:50:00.000Z, which continues",
    );
    expect(database.calls).toHaveLength(1);
  });

  it("asks again while a name is not free", async () => {
    let refusals = 3;
    const database = fakeReplacement(undefined, {
      rename: async (from, to) => {
        if (to === live && refusals-- > 0) return false;
        database.instances.set(to, database.instances.get(from) ?? OLD);
        return database.instances.delete(from);
      },
    });
    const { document, ports } = await run(database);
    expect(document.outcome).toBe("restored");
    expect(ports.said.filter((text) => text === `${restored} is being renamed to ${live}`)).toHaveLength(3);
  });

  it("is ended by an interruption before the names are exchanged, and not between them", async () => {
    const early = new AbortController();
    const database = fakeReplacement(undefined, {
      instance: async (name) => {
        early.abort();
        return name === live ? OLD : { ...NEW, status: "creating" };
      },
    });
    const ended = await run(database, "nothing", restorePorts(database, { signal: early.signal }));
    expect(ended.document).toMatchObject({ outcome: "broken-off", exitCode: 4, failure: { reason: "interrupted" } });
    expect(database.calls).toHaveLength(1);

    const late = new AbortController();
    const renamed = fakeReplacement(undefined, {
      rename: async (from, to) => {
        late.abort();
        renamed.instances.set(to, renamed.instances.get(from) ?? OLD);
        return renamed.instances.delete(from);
      },
    });
    await run(renamed, "nothing", restorePorts(renamed, { signal: late.signal }));
    expect(Object.fromEntries(renamed.instances)).toEqual({ [live]: NEW, [before]: OLD });
  });

  it.each<[Stage, Record<string, FoundInstance>, string[]]>([
    [
      "restored",
      { [live]: OLD, [restored]: NEW },
      [`query ${restored}`, `rename ${live}`, `rename ${restored}`, `query ${live}`],
    ],
    ["between-names", { [before]: OLD, [restored]: NEW }, [`rename ${restored}`, `query ${live}`]],
    ["exchanged", { [live]: NEW, [before]: OLD }, [`query ${live}`]],
  ])("goes on from %s", async (stage, there, calls) => {
    const database = fakeReplacement(there);
    expect(await stageOf(database, "prod", MOMENT)).toBe(stage);
    const { document, ports } = await run(database, stage);
    expect(document).toMatchObject({ outcome: "restored", resumed: true, recoverySeconds: null });
    expect(document.checks.length).toBeGreaterThan(0);
    expect(database.calls.map((call) => call.split(/[ :]/).slice(0, 2).join(" "))).toEqual(calls);
    expect(ports.adopted).toEqual(["db-NEW"]);
  });

  it("finds what of an interrupted restore is no stage of it", async () => {
    await expect(stageOf(fakeReplacement({ [before]: OLD }), "prod", MOMENT)).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringContaining(`${live} does not exist`),
    });
    expect(await stageOf(fakeReplacement(), "prod", MOMENT)).toBe("nothing");
  });

  it("says that the state is not adopted where it could not be, and that the same command continues", async () => {
    const database = fakeReplacement();
    const adopt = async () => Promise.reject(new Error("the state is locked"));
    const { document } = await run(database, "nothing", restorePorts(database, { adopt }));
    expect(document).toMatchObject({ outcome: "broken-off", failure: { reason: "outside" }, outageSeconds: 0 });
    expect(document.next).toContain("--point-in-time 2026-11-28T11:50:00.000Z, which continues");
  });
});

describe("assertRestorable", () => {
  const config = (passwordsSince: string) =>
    ({ database: { passwordsSince } }) as Parameters<typeof assertRestorable>[1]["config"];
  const wanted = (at: number, since = "2026-08-01") => ({ stack: "prod", at, now: DRILL_NOW, config: config(since) });

  it.each<[string, number, string]>([
    ["one before the backups", DRILL_NOW - 15 * 86_400, "expected a moment from 2026-11-14"],
    ["one that the log has not reached", DRILL_NOW - 10, "to 2026-11-28T11:55:00.000Z"],
    ["one to come", DRILL_NOW + 60, "to 2026-11-28T11:55:00.000Z"],
  ])("refuses %s", async (_, at, message) => {
    await expect(assertRestorable(fakeReplacement(), wanted(at))).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringContaining(message),
    });
  });

  it("refuses one that the present users are not in, and a database without backups", async () => {
    await expect(assertRestorable(fakeReplacement(), wanted(MOMENT, "2026-11-29"))).rejects.toThrow(
      "no pod could log in",
    );
    const bare = fakeReplacement(undefined, { restorable: async () => undefined });
    await expect(assertRestorable(bare, wanted(MOMENT))).rejects.toThrow("it has no backups");
    await expect(assertRestorable(fakeReplacement(), wanted(MOMENT))).resolves.toBeUndefined();
  });

  it.each([
    ["whose log has not reached its first backup", DRILL_NOW - 60, DRILL_NOW - 300],
    ["whose first backup is not over by this clock", DRILL_NOW + 30, DRILL_NOW + 90],
  ])("says of a database %s that no moment can be restored yet, and from when on", async (_, earliest, latest) => {
    const young = fakeReplacement(undefined, { restorable: async () => ({ earliest, latest }) });
    for (const at of [earliest, latest, MOMENT]) {
      const refusal = await assertRestorable(young, wanted(at)).catch((error: unknown) => error);
      const first = new Date(earliest * 1000).toISOString();
      expect(refusal).toMatchObject({
        code: "SPARKI_GATE",
        message: expect.stringContaining(
          `${live} cannot be restored to any moment yet: its first backup is of ${first}`,
        ),
        hint: `run the same command again about five minutes after ${first}, with that moment or a later one`,
      });
      expect(exitCodeOf(refusal)).toBe(1);
    }
  });

  it("offers the one moment of a range that has no other", async () => {
    const only = fakeReplacement(undefined, { restorable: async () => ({ earliest: MOMENT, latest: MOMENT }) });
    await expect(assertRestorable(only, wanted(MOMENT))).resolves.toBeUndefined();
  });

  it("refuses a stack that an update holds", async () => {
    const lock = async () => ({ holder: "ann@desk", since: undefined });
    await expect(assertUnlocked({ lock }, "prod")).rejects.toThrow("prod is locked by ann@desk");
    await expect(assertUnlocked({ lock: async () => undefined }, "prod")).resolves.toBeUndefined();
  });
});

describe("what a person reads of a restore", () => {
  it("says before it what is lost, what fails meanwhile and what is kept", () => {
    const text = restoreIntent({ stack: "prod", at: MOMENT, now: DRILL_NOW, stage: "nothing" });
    expect(text).toContain("back to 2026-11-28T11:50:00.000Z, 10 min");
    expect(text).toContain(`${live} is renamed to ${before}`);
    expect(text).toContain("Nothing is deleted.");
    expect(restoreIntent({ stack: "prod", at: MOMENT, now: DRILL_NOW, stage: "between-names" })).toContain(
      "half exchanged",
    );
  });

  it("tells the figures after it, and the reason where it failed", async () => {
    const { document } = await run(fakeReplacement());
    expect(restoreText(document, paint)).toContain("requests 20 of 1000 failed");
    const bad = fakeReplacement(undefined, { query: async () => goodAnswers({ projects: "0" }) });
    const refused = restoreText((await run(bad)).document, paint);
    expect(refused).toContain("✗ projects: 0; expected 3 or more");
    expect(refused).not.toContain("requests");
  });
});

const INSTANCE = {
  type: DATABASE,
  name: "database-instance",
  id: "db-OLD",
  inputs: { finalSnapshotIdentifier: "final" },
};
const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs", id: "logs" };
const URN = `urn:pulumi:prod::sparki::${DATABASE}::database-instance`;

describe("exchangeInState", () => {
  it("makes the state name the other instance, reads it alone, and keeps what AWS does not tell", async () => {
    const engine = fakeEngine(interruptedState([], [INSTANCE, BUCKET]), { "db-NEW": [{ id: "db-NEW", address: "a" }] });
    await exchangeInState(engine, DATABASE, "db-NEW");
    expect(engine.refreshes).toEqual([[URN]]);
    expect(await engine.exportEncrypted()).toMatchObject({
      deployment: {
        resources: [
          { id: "db-NEW", inputs: { finalSnapshotIdentifier: "final" }, outputs: { id: "db-NEW", address: "a" } },
          { id: "logs" },
        ],
      },
    });
  });

  it("changes nothing more when it is done again", async () => {
    const engine = fakeEngine(interruptedState([], [INSTANCE]), { "db-NEW": [{ id: "db-NEW" }] });
    await exchangeInState(engine, DATABASE, "db-NEW");
    const once = await engine.exportEncrypted();
    await exchangeInState(engine, DATABASE, "db-NEW");
    expect(await engine.exportEncrypted()).toEqual(once);
  });

  it("leaves the state as it was where the engine does not find the instance: the next update would make an empty one", async () => {
    const state = interruptedState([], [INSTANCE]);
    const engine = fakeEngine(state, {});
    await expect(exchangeInState(engine, DATABASE, "db-GONE")).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("could not take over db-GONE"),
    });
    expect(await engine.exportEncrypted()).toMatchObject({ deployment: { resources: [{ id: "db-OLD" }] } });
  });

  it.each([
    ["none", [BUCKET]],
    ["two", [INSTANCE, { ...INSTANCE, name: "second" }]],
  ])("refuses a state with %s of the type", (_, resources) => {
    expect(() => withExchanged(interruptedState([], resources), DATABASE, "db-NEW")).toThrow(/expected one/);
  });
});
