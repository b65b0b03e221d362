import { backup, cacheRestoreTest, restoreTest } from "../../../../runbook/preflight/checks/databases.ts";
import { configWith, fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

const state = fakeState([resource("aws:rds/instance:Instance", "database-instance")]);
const snapshot = { id: "rds:sparki-prod-database-1", snapshotCreateTime: "2026-11-23T03:00:00Z", status: "available" };
const withSnapshot = (change: object | undefined) =>
  fakeContext({ state, looks: { "rds/getSnapshot": change && { ...snapshot, ...change } } });

describe("backup", () => {
  it("passes with the snapshot's name and age", async () => {
    expect(await look(backup, withSnapshot({}))).toEqual({
      status: "pass",
      reason: "snapshot rds:sparki-prod-database-1 is 9.0 hours old",
    });
  });

  it("is skipped, not passed, while there is no database", async () => {
    expect(await look(backup, fakeContext())).toEqual({ status: "skipped", reason: "there is no database yet" });
  });

  it.each([
    ["there is no snapshot", undefined, "sparki-prod-database has no automated snapshot"],
    ["the snapshot is not complete", { status: "creating" }, "snapshot rds:sparki-prod-database-1 is creating"],
    [
      "the snapshot has no time",
      { snapshotCreateTime: "" },
      "snapshot rds:sparki-prod-database-1 does not say when it was made",
    ],
    [
      "the snapshot is of the future",
      { snapshotCreateTime: "2027-01-01T00:00:00Z" },
      "snapshot rds:sparki-prod-database-1 is of 2027-01-01T00:00:00Z, which is in the future",
    ],
    [
      "the snapshot is old",
      { snapshotCreateTime: "2026-11-22T03:00:00Z" },
      "snapshot rds:sparki-prod-database-1 is 33.0 hours old; expected at most 26",
    ],
  ])("fails when %s, and says where to look", async (_, change, reason) => {
    const finding = await look(backup, withSnapshot(change));
    expect(finding).toMatchObject({ status: "fail", reason });
    expect(finding.fix).toContain("aws rds describe-db-instances --db-instance-identifier sparki-prod-database");
  });
});

describe("restoreTest", () => {
  const recorded = (on: string) => {
    const config = configWith({ preflight: { restoreTest: { on, by: "@dba-team", snapshot: "rds:x" } } });
    return fakeContext({ state, config });
  };

  it("passes with who restored what and when", async () => {
    expect(await look(restoreTest, recorded("2026-10-01"))).toEqual({
      status: "pass",
      reason: "@dba-team restored rds:x on 2026-10-01",
    });
  });

  it("fails for a restore that is still to come, which nobody has made", async () => {
    expect(await look(restoreTest, recorded("2027-03-01"))).toMatchObject({
      status: "fail",
      reason: "the recorded restore test is of 2027-03-01, which is in the future",
    });
  });

  it("warns of one that is more than a quarter old", async () => {
    const finding = await look(restoreTest, recorded("2026-07-01"));
    expect(finding).toMatchObject({ status: "warn", reason: "@dba-team restored rds:x on 2026-07-01, 145 days ago" });
  });

  it("fails when none is recorded, and says where it belongs", async () => {
    const finding = await look(restoreTest, fakeContext({ state }));
    expect(finding).toMatchObject({ status: "fail" });
    expect(finding.fix).toContain("sparki:preflight.restoreTest {on, by, snapshot} in Pulumi.prod.yaml");
  });

  it("is skipped while there is no database", async () => {
    expect(await look(restoreTest, fakeContext())).toMatchObject({ status: "skipped" });
  });
});

describe("cacheRestoreTest", () => {
  const cached = fakeState([resource("aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis")]);
  const recorded = (on?: string) => {
    const test = on === undefined ? {} : { cacheRestoreTest: { on, by: "ada", snapshot: "automatic.x" } };
    return fakeContext({ state: cached, config: configWith({ preflight: test }) });
  };

  it.each([
    ["2026-10-01", "pass", "ada restored automatic.x on 2026-10-01"],
    ["2026-07-01", "warn", "ada restored automatic.x on 2026-07-01, 145 days ago"],
    ["2027-03-01", "fail", "the recorded restore test is of 2027-03-01, which is in the future"],
    [undefined, "warn", "no restore test of the cache is recorded in sparki:preflight.cacheRestoreTest"],
  ])("of %s: %s", async (on, status, reason) => {
    const finding = await look(cacheRestoreTest, recorded(on));
    expect(finding).toMatchObject({ status, reason });
    if (status !== "pass") expect(finding.fix).toContain("npx sparki drill restore cache --stack prod");
  });

  it("is skipped while there is no cache", async () => {
    expect(await look(cacheRestoreTest, fakeContext())).toMatchObject({ status: "skipped" });
  });
});
