import type { Leftover, Leftovers } from "../../../io/aws-leftovers.ts";
import {
  databaseLogGroups,
  type HousekeepingPlan,
  housekeepingText,
  judgeLeftovers,
  keepHouse,
} from "../../../runbook/housekeeping/housekeeping.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";

const NOW = Date.UTC(2026, 10, 28, 12) / 1000;
const daysAgo = (days: number) => NOW - days * 86_400;
const { paint } = plainScreen(process.stderr);

const PLAN: HousekeepingPlan = {
  ...{ stack: "prod", now: NOW, days: 35, drilledSnapshot: "drilled", logGroups: [], costs: "not asked" },
  resources: [
    { urn: "urn:a", type: "aws:rds/instance:Instance", id: "db-LIVE", custom: true, inputs: {}, outputs: {} },
    { urn: "urn:b", type: "aws:ec2/eip:Eip", id: "eipalloc-live", custom: true, inputs: {}, outputs: {} },
  ],
};

function leftover(kind: Leftover["kind"], id: string, more: Partial<Leftover> = {}): Leftover {
  return { kind, id, stateId: id, createdAt: daysAgo(60), gib: 100, ...more };
}
const instance = (name: string, more: Partial<Leftover> = {}) =>
  leftover("database-instance", `sparki-prod-${name}`, { stateId: "db-OLD", status: "available", ...more });

const BEFORE = instance("before-20260901103000000", { instanceClass: "db.r7g.large", multiZone: true });

describe("judgeLeftovers", () => {
  it.each<[string, Leftover, string]>([
    [
      "the instance that served before a recovery",
      BEFORE,
      "it served before a recovery; a final snapshot is taken; 88 days old",
    ],
    [
      "one that was restored and not used",
      instance("restored-20260901103000000"),
      "a recovery restored it and did not use it",
    ],
    ["an old manual snapshot", leftover("database-snapshot", "before-the-migration"), "a manual snapshot"],
    ["a volume that nothing is attached to", leftover("volume", "vol-1"), "nothing is attached to it"],
    ["an address that is associated with nothing", leftover("address", "eipalloc-1"), "associated with nothing"],
  ])("offers %s", (_, found, why) => {
    const { offered, kept } = judgeLeftovers([found], PLAN);
    expect(offered).toMatchObject([{ id: found.id, why: expect.stringContaining(why) }]);
    expect(kept).toEqual([]);
  });

  it.each<[string, Leftover, string]>([
    ["the live database", instance("database", { stateId: "db-LIVE" }), "Pulumi's state names it"],
    [
      "an instance that the state still names, whatever it is called",
      instance("before-20260901103000000", { stateId: "db-LIVE" }),
      "Pulumi's state names it",
    ],
    ["an address of the state", leftover("address", "eipalloc-live"), "Pulumi's state names it"],
    ["an instance of another kind", instance("replica"), "none that a recovery leaves"],
    ["a drill's own", instance("drill-20260901103000"), "a drill deletes its own"],
    [
      "one that was replaced some days ago, however old it is",
      instance("before-20261120103000000", { createdAt: daysAgo(900) }),
      "8 days old; offered after 35",
    ],
    ["one that RDS is changing", instance("before-20260901103000000", { status: "renaming" }), "it is renaming"],
    [
      "a final snapshot",
      leftover("database-snapshot", "sparki-prod-database-final"),
      "all that is left of its database",
    ],
    [
      "the snapshot of the record of the drill",
      leftover("database-snapshot", "drilled"),
      "the record of the restore drill",
    ],
    ["a young snapshot", leftover("database-snapshot", "young", { createdAt: daysAgo(34.9) }), "34 days old"],
    ["what AWS tells no age of", leftover("volume", "vol-2", { createdAt: undefined }), "does not say how old"],
  ])("keeps %s", (_, found, why) => {
    const { offered, kept } = judgeLeftovers([found], PLAN);
    expect(offered).toEqual([]);
    expect(kept).toMatchObject([{ id: found.id, why: expect.stringContaining(why) }]);
  });
});

function fakeLeftovers(found: readonly Leftover[], failing: readonly string[] = []) {
  const removed: string[] = [];
  const leftovers: Leftovers = {
    list: async () => found,
    remove: async ({ id }) => {
      if (failing.includes(id)) throw new Error(`AWS did not delete ${id}: in use`);
      removed.push(id);
    },
  };
  return { leftovers, removed };
}

describe("keepHouse", () => {
  const found = [BEFORE, leftover("volume", "vol-1"), instance("database", { stateId: "db-LIVE" })];
  const say = () => {};

  it("deletes nothing by default, and says what it would cost to keep and how to delete it", async () => {
    const { leftovers, removed } = fakeLeftovers(found);
    const document = await keepHouse(leftovers, PLAN, { isApplied: false, say });
    expect(removed).toEqual([]);
    expect(document).toMatchObject({ exitCode: 0, applied: false, kept: [{ id: "sparki-prod-database" }] });
    // Twice 0.239 an hour for 730 hours, and twice 100 GiB at 0.115.
    expect(document.offered).toMatchObject([
      { removed: null, monthlyUsd: 371.94 },
      { removed: null, monthlyUsd: null },
    ]);
    const text = housekeepingText(document, paint);
    expect(text).toContain("2 may be deleted, 371.94 USD a month, 1 stay");
    expect(text).toContain("Next: npx sparki housekeeping --stack prod --yes");
  });

  it("deletes what is offered and nothing else once it is told to", async () => {
    const { leftovers, removed } = fakeLeftovers(found);
    const document = await keepHouse(leftovers, PLAN, { isApplied: true, say });
    expect(removed).toEqual([BEFORE.id, "vol-1"]);
    expect(document).toMatchObject({ exitCode: 0, next: null, offered: [{ removed: true }, { removed: true }] });
  });

  it("deletes nothing where the state may lack what exists, and still lists it", async () => {
    const { leftovers, removed } = fakeLeftovers(found);
    const plan = { ...PLAN, unsettled: "the stack is locked by ann@desk" };
    await expect(keepHouse(leftovers, plan, { isApplied: true, say })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("locked by ann@desk"),
    });
    expect(removed).toEqual([]);
    expect((await keepHouse(leftovers, plan, { isApplied: false, say })).offered).toHaveLength(2);
  });

  it("tells what AWS refused, deletes the rest, and ends with 4", async () => {
    const { leftovers, removed } = fakeLeftovers(found, [BEFORE.id]);
    const document = await keepHouse(leftovers, PLAN, { isApplied: true, say });
    expect(removed).toEqual(["vol-1"]);
    expect(document).toMatchObject({
      exitCode: 4,
      offered: [{ removed: false, problem: expect.stringContaining("in use") }, { removed: true }],
    });
  });

  it("lists log groups of instances that are gone, and of no other one", async () => {
    const { leftovers } = fakeLeftovers(found);
    const group = (name: string) => `/aws/rds/instance/${name}/postgresql`;
    const gone = "sparki-prod-restored-20260101103000000";
    const logGroups = ["sparki-prod-database", BEFORE.id, gone, `sparki-prod-eu-before-20260101103000000`].map(group);
    const document = await keepHouse(leftovers, { ...PLAN, logGroups }, { isApplied: true, say });
    expect(document.byHand).toEqual([
      {
        id: group(gone),
        why: expect.stringContaining(gone),
        command: `aws logs delete-log-group --log-group-name ${group(gone)}`,
      },
    ]);
    const unknown = await keepHouse(leftovers, { ...PLAN, logGroups: "no aws" }, { isApplied: false, say });
    expect(housekeepingText(unknown, paint)).toContain("log groups are not known: no aws");
  });
});

describe("databaseLogGroups", () => {
  const aws =
    (code: number, stdout: string, stderr = "") =>
    async () => ({ code, stdout, stderr });
  const region = { region: "us-east-1" };

  it("reads the names, and says with AWS's own words why it cannot", async () => {
    const answer = JSON.stringify({ logGroups: [{ logGroupName: "/aws/rds/instance/a/postgresql" }] });
    expect(await databaseLogGroups(aws(0, answer), region)).toEqual(["/aws/rds/instance/a/postgresql"]);
    await expect(databaseLogGroups(aws(255, "", "AccessDenied\nmore"), region)).rejects.toThrow(/: AccessDenied$/);
    await expect(databaseLogGroups(aws(0, "<html>"), region)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
