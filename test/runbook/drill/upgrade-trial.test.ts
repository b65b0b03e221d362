import { type CopyUpgrades, type DatabaseCopies, type Outage, UpgradeRefused } from "../../../io/restored-copies.ts";
import { drillRestore } from "../../../runbook/drill/restore-drill.ts";
import { chooseUpgrade, databaseUpgrade } from "../../../runbook/drill/upgrade-trial.ts";
import { COPY, DRILL_NOW, drillPlan, drillPorts, fakeCopies, goodAnswers } from "../../support/restored-copies.ts";

const VERSIONS = { from: "17.6", to: "18.1" };
const upgrade = databaseUpgrade(VERSIONS);
const REFUSED =
  "Database instance is in a state that cannot be upgraded: PreUpgrade checks failed: The instance could not be upgraded because one or more databases have prepared transactions.";

/** As a copy answers whose catalog shows nothing; what is given takes the place of its own. */
function answers(found: Readonly<Record<string, unknown>> = {}, own: Readonly<Record<string, string | null>> = {}) {
  const asked = [...upgrade.before, ...upgrade.live].map(({ id }) => ({
    id,
    value: JSON.stringify(found[id.replace("upgrade: ", "")] ?? { count: 0, names: [] }),
  }));
  return [...goodAnswers(own), ...asked, { id: "upgrade: extensions", value: '[["pg_trgm", "1.5", "1.6"]]' }];
}

type State = Awaited<ReturnType<CopyUpgrades["state"]>>;
const UPGRADING: State = { status: "upgrading", version: "17.6", isPending: true, events: [] };
const AS_BEFORE: State = { status: "available", version: "17.6", isPending: false, events: [] };
const DONE: State = { status: "available", version: "18.1", isPending: false, events: ["upgrade completed"] };

interface Parts extends Partial<CopyUpgrades> {
  readonly states?: State[];
  readonly outages?: readonly Outage[];
  readonly end?: () => Promise<readonly Outage[]>;
  readonly query?: DatabaseCopies["query"];
}

async function tried({ states = [UPGRADING, DONE], outages = [], end, query, ...own }: Parts = {}) {
  const calls: string[] = [];
  const left = [...states];
  const upgrades: CopyUpgrades = {
    liveVersion: async () => VERSIONS.from,
    begin: async (name, version) => void calls.push(`upgrade ${name} ${version}`),
    state: async () => (left.length > 1 ? left.shift() : left[0]) ?? AS_BEFORE,
    refusalLog: async () => ["error/pg_upgrade_precheck.log:", "public.calls.handler"],
    watch: async (name) => {
      calls.push(`watch ${name}`);
      return {
        end: async () => {
          calls.push("end");
          return end === undefined ? outages : end();
        },
      };
    },
    ...own,
  };
  const copies = fakeCopies({ query: query ?? (async () => answers()), upgrades });
  const ports = drillPorts(copies);
  const drill = await drillRestore(ports, await drillPlan({ upgrade }));
  return { drill, calls, asked: copies.calls };
}

describe("drillRestore with an upgrade", () => {
  it("passes once the copy has the version and its checks again, and measures the outage", async () => {
    const outages = [
      { from: DRILL_NOW + 60, until: DRILL_NOW + 600 },
      { from: DRILL_NOW + 700, until: DRILL_NOW + 740 },
    ];
    const states = [AS_BEFORE, UPGRADING, UPGRADING, { ...DONE, status: "storage-optimization" }];
    const { drill, calls, asked } = await tried({ states, outages });
    expect(drill).toMatchObject({ outcome: "passed", exitCode: 0, failure: null, removed: true });
    expect(drill.upgrade).toMatchObject({
      ...{ ...VERSIONS, outcome: "upgraded", at: "2026-11-28T12:00:00.000Z", seconds: 45, outageSeconds: 580 },
      ...{ unmeasured: null, obstacles: [], said: ["upgrade completed"], log: [] },
      oldExtensions: [{ name: "pg_trgm", installed: "1.5", offered: "1.6" }],
    });
    expect(drill.upgrade?.checks).toHaveLength(drill.checks.length);
    expect(calls).toEqual([`watch ${COPY.name}`, `upgrade ${COPY.name} 18.1`, "end"]);
    expect(asked.filter((call) => call.startsWith("query"))).toHaveLength(4);
  });

  it("tells RDS's event and its log where it refuses, and which objects the catalog shows", async () => {
    const found = { "prepared-transactions": { count: 1, names: ["left-open in sparki"] } };
    const { drill } = await tried({
      states: [UPGRADING, { ...AS_BEFORE, events: [REFUSED] }],
      query: async () => answers(found),
    });
    expect(drill).toMatchObject({
      outcome: "failed",
      exitCode: 1,
      removed: true,
      failure: { reason: "upgrade-refused" },
    });
    expect(drill.failure?.message).toBe(
      `RDS does not upgrade the copy to 18.1: ${REFUSED}. open prepared transactions: left-open in sparki`,
    );
    expect(drill.failure?.next).toMatch(
      /^COMMIT PREPARED or ROLLBACK PREPARED each; then npx sparki drill restore .*--upgrade-to 18.1$/,
    );
    expect(drill.upgrade?.log).toEqual(["error/pg_upgrade_precheck.log:", "public.calls.handler"]);
  });

  it("points at the log where the catalog shows nothing, and at the page where there is no log", async () => {
    const states = [{ ...AS_BEFORE, events: [REFUSED] }];
    expect((await tried({ states })).drill.failure?.next).toMatch(/^fix what its log names/);
    const { drill } = await tried({ states, refusalLog: async () => [] });
    expect(drill.failure?.next).toMatch(/^find the reason as docs\/upgrades.md says/);
    const unreadable = await tried({ states, refusalLog: async () => Promise.reject(new Error("AccessDenied")) });
    expect(unreadable.drill.upgrade?.log).toEqual(["it could not be read: AccessDenied"]);
  });

  it("takes a request that RDS does not take for a refusal, and any other error for an outside one", async () => {
    const refused = await tried({ begin: async () => Promise.reject(new UpgradeRefused("Cannot upgrade postgres")) });
    expect(refused.drill.failure).toMatchObject({ reason: "upgrade-refused" });
    const denied = await tried({ begin: async () => Promise.reject(new Error("AccessDenied")) });
    expect(denied.drill).toMatchObject({ exitCode: 4, failure: { reason: "outside" }, removed: true });
    expect(denied.calls).toEqual([`watch ${COPY.name}`, "end"]);
  });

  it("waits while RDS has not begun, and calls it refused once it says nothing for five minutes", async () => {
    const { drill } = await tried({ states: [AS_BEFORE] });
    expect(drill.failure?.message).toContain("RDS left it at PostgreSQL 17.6, and none of its events says why");
    expect(drill.seconds).toBeGreaterThanOrEqual(300);
    expect(drill.seconds).toBeLessThan(330);
  });

  it.each([
    ["one that does not end", [UPGRADING], "was upgrading"],
    ["one that breaks the copy", [{ ...UPGRADING, status: "incompatible-parameters" }], "was incompatible-parameters"],
  ])("proves nothing by %s", async (_, states, why) => {
    const { drill } = await tried({ states });
    expect(drill).toMatchObject({
      outcome: "inconclusive",
      exitCode: 3,
      failure: { reason: "not-upgraded" },
      removed: true,
    });
    expect(drill.failure?.message).toContain(why);
  });

  it("fails for what keeps the live database from it, although RDS upgraded the copy", async () => {
    const found = { "logical-slots": { count: 1, names: ["dms_slot"] }, "reg-columns": { count: 1, names: ["a.b.c"] } };
    const { drill } = await tried({ query: async () => answers(found) });
    expect(drill).toMatchObject({ exitCode: 1, failure: { reason: "upgrade-obstacle" } });
    expect(drill.failure?.message).toContain(
      "of the live database, logical replication slots that an upgrade does not keep: dms_slot",
    );
    expect(drill.failure?.message).not.toContain("a.b.c");
    expect(drill.upgrade?.obstacles.map(({ kind }) => kind)).toEqual(["logical-slots", "reg-columns"]);
  });

  it("is not proven where the live database does not say what it has", async () => {
    const { drill } = await tried({
      query: async (asked) => (asked === "live" ? [{ id: "projects", value: "500" }] : answers()),
    });
    expect(drill).toMatchObject({ exitCode: 3, failure: { reason: "unanswered" } });
  });

  it("says that an outage was not measured, and passes", async () => {
    const { drill } = await tried({ end: async () => Promise.reject(new Error("the pod is gone")) });
    expect(drill).toMatchObject({ outcome: "passed", upgrade: { outageSeconds: null, unmeasured: "the pod is gone" } });
  });

  it("fails where the data is not what it was before", async () => {
    let asked = 0;
    const query: DatabaseCopies["query"] = async (who) =>
      who !== "live" && ++asked > 1 ? answers({}, { projects: "2" }) : answers();
    const { drill } = await tried({ query });
    expect(drill).toMatchObject({ exitCode: 1, failure: { reason: "missing-data" }, upgrade: { outcome: "upgraded" } });
    expect(drill.failure?.message).toMatch(/^after the upgrade: projects: 2; expected/);
    expect(drill.checks.every(({ passed }) => passed)).toBe(true);
  });

  it("upgrades nothing that did not pass its checks", async () => {
    const { drill, calls } = await tried({ query: async () => answers({}, { projects: "2" }) });
    expect(drill).toMatchObject({ exitCode: 1, failure: { reason: "missing-data" }, upgrade: null });
    expect(calls).toEqual([]);
  });
});

describe("chooseUpgrade", () => {
  const looks: unknown[] = [];
  const aws = {
    find: async (_name: string, args: unknown) => {
      looks.push(args);
      return { validMajorTargets: ["18.1", "18.0"], validMinorTargets: ["17.10", "17.7"] };
    },
  } as unknown as Parameters<typeof chooseUpgrade>[1]["aws"];
  const copies = { upgrades: { liveVersion: async () => "17.6" } };

  it.each(["18.1", "17.7"])("takes %s, to which RDS upgrades", async (to) => {
    expect(await chooseUpgrade(copies, { aws, stack: "prod", to })).toMatchObject({ from: "17.6", to });
    expect(looks.at(-1)).toEqual({ engine: "postgres", version: "17.6" });
  });

  it("refuses another version before anything is made", async () => {
    await expect(chooseUpgrade(copies, { aws, stack: "prod", to: "16.4" })).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: "--upgrade-to is 16.4, and the database has PostgreSQL 17.6; expected one of 17.7, 17.10, 18.0, 18.1",
    });
  });
});
