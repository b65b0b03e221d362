import {
  backup,
  cacheRestoreTest,
  cacheVersion,
  databaseAuthority,
  databaseVersion,
  restoreTest,
} from "../../../../runbook/preflight/checks/databases.ts";
import { configWith, fakeContext, fakeState, look, NOW, resource } from "../../../support/preflight.ts";

const PROD = { config: configWith({}) };
const major = PROD.config.database.engineVersion.split(".")[0] ?? "";
const running = (outputs: Record<string, unknown>) =>
  fakeState([resource("aws:rds/instance:Instance", "database-instance", { outputs })]);

describe("databaseVersion", () => {
  it.each([[{ engineVersion: major, engineVersionActual: `${major}.9` }], [{ engineVersion: `${major}.2` }]])(
    "passes where the database has the config's major version: %j",
    async (outputs) => {
      expect(await look(databaseVersion, fakeContext({ ...PROD, state: running(outputs) }))).toEqual({
        status: "pass",
        reason: `PostgreSQL ${major}`,
      });
    },
  );

  it("fails where the config asks for another, which AWS would refuse in mid-update, and says what to do", async () => {
    const state = running({ engineVersion: "16.4", engineVersionActual: "16.9" });
    expect(await look(databaseVersion, fakeContext({ ...PROD, state }))).toEqual({
      status: "fail",
      reason: `the database has PostgreSQL 16, and sparki:database.engineVersion is ${PROD.config.database.engineVersion}, without sparki:database.majorUpgrade`,
      fix: "set sparki:database.engineVersion back to 16.9, or plan the upgrade as docs/upgrades.md says",
    });
  });

  it("fails where the state does not say, and is skipped where there is no database", async () => {
    expect(await look(databaseVersion, fakeContext({ ...PROD, state: running({}) }))).toMatchObject({ status: "fail" });
    expect(await look(databaseVersion, fakeContext({ ...PROD, state: fakeState([]) }))).toMatchObject({
      status: "skipped",
    });
  });
});

describe("databaseVersion of a planned upgrade", () => {
  const PLANNED = { from: "16", snapshot: "before-17", by: "@ada", until: "2026-11-30" };
  const UPGRADE = { to: "17.6", on: "2026-11-20", outageSeconds: 580 };
  const TEST = { on: "2026-11-22", by: "ada", snapshot: "rds:one", upgrade: UPGRADE };
  const SNAPSHOT = { snapshotCreateTime: "2026-11-23T02:00:00Z", status: "available", engineVersion: "16.10" };
  const ENGINE = { validMajorTargets: ["17.6", "17.7", "18.1"] };

  interface Change {
    readonly version?: string;
    readonly wanted?: string;
    readonly planned?: object;
    /** What the record tells of an upgrade; null for nothing. */
    readonly drilled?: object | null;
    readonly engine?: unknown;
    readonly snapshot?: unknown;
  }

  const recordWith = (drilled: object | null) => {
    const { upgrade, ...plain } = TEST;
    return drilled === null ? plain : { ...plain, upgrade: { ...upgrade, ...drilled } };
  };

  const found = (change: Change = {}) => {
    const { version = "16.10", wanted = "17.6", planned = {}, drilled = {} } = change;
    const { engine = ENGINE, snapshot = SNAPSHOT } = change;
    const { database, preflight } = PROD.config;
    const config = configWith({
      database: { ...database, engineVersion: wanted, majorUpgrade: { ...PLANNED, ...planned } },
      preflight: { ...preflight, restoreTest: recordWith(drilled) },
    });
    const looks = { "rds/getEngineVersion": engine, "rds/getSnapshot": snapshot };
    const state = running({ engineVersion: "16.1", engineVersionActual: version });
    return look(databaseVersion, fakeContext({ config, state, looks }));
  };

  it("warns of the outage and of what alone undoes it, where all is prepared", async () => {
    expect(await found()).toEqual({
      status: "warn",
      reason:
        "this deployment upgrades PostgreSQL 16.10 to 17.6: nobody reaches the database meanwhile (nobody reached the copy for 9 min 40 s in the drill of 2026-11-20), and only snapshot before-17 undoes it",
      fix: "announce the outage; npx sparki plan --stack prod shows what changes",
    });
  });

  it("says that the drill did not measure the outage", async () => {
    expect((await found({ drilled: { outageSeconds: undefined } })).reason).toContain(
      "for how long, the drill of 2026-11-20 did not measure",
    );
  });

  it("asks AWS for the version that the database has by now, and for the snapshot by its name", async () => {
    const asked: unknown[] = [];
    const note = (answer: unknown) => (args: unknown) => {
      asked.push(args);
      return answer;
    };
    await found({ version: "16.10", engine: note(ENGINE), snapshot: note(SNAPSHOT) });
    expect(asked).toEqual([
      { engine: "postgres", version: "16.10" },
      { dbInstanceIdentifier: "sparki-prod-database", dbSnapshotIdentifier: "before-17", snapshotType: "manual" },
    ]);
  });

  it.each<[string, Change, string, string]>([
    [
      "a target that RDS does not take",
      { engine: { validMajorTargets: ["18.1", "17.10", "17.7"] } },
      "RDS does not upgrade PostgreSQL 16.10 to 17.6; expected one of 17.7, 17.10, 18.1",
      "set sparki:database.engineVersion to one of these",
    ],
    [
      "no target at all",
      { engine: () => undefined },
      "RDS does not upgrade PostgreSQL 16.10 to 17.6; expected one of none",
      "set sparki:database.engineVersion",
    ],
    [
      "no such snapshot",
      { snapshot: () => undefined },
      "sparki-prod-database has no snapshot before-17",
      "aws rds create-db-snapshot --db-instance-identifier sparki-prod-database --db-snapshot-identifier before-17",
    ],
    [
      "a snapshot that is not whole yet",
      { snapshot: { ...SNAPSHOT, status: "creating" } },
      "snapshot before-17 is creating",
      "aws rds wait db-snapshot-available --db-snapshot-identifier before-17",
    ],
    [
      "a snapshot of another major version",
      { snapshot: { ...SNAPSHOT, engineVersion: "15.14" } },
      "snapshot before-17 is of PostgreSQL 15.14, not 16",
      "--db-snapshot-identifier ANOTHER-NAME",
    ],
    [
      "an old snapshot",
      { snapshot: { ...SNAPSHOT, snapshotCreateTime: "2026-11-22T11:00:00Z" } },
      "snapshot before-17 is of 2026-11-22T11:00:00Z; expected one of the last 24 hours",
      "--db-snapshot-identifier ANOTHER-NAME",
    ],
    [
      "a snapshot that does not say when it was taken",
      { snapshot: { ...SNAPSHOT, snapshotCreateTime: "" } },
      "snapshot before-17 is of ; expected one of the last 24 hours",
      "--db-snapshot-identifier ANOTHER-NAME",
    ],
    [
      "no drill of the upgrade of late",
      { drilled: { on: "2026-10-01" } },
      "the last drill tried 17.6 on 2026-10-01; expected 17.6, in the last 31 days before the upgrade",
      "npx sparki drill restore --stack prod --upgrade-to 17.6",
    ],
    [
      "a drill of the upgrade to another version",
      { drilled: { to: "18.1" } },
      "the last drill tried 18.1 on 2026-11-20; expected 17.6, in the last 31 days before the upgrade",
      "npx sparki drill restore --stack prod --upgrade-to 17.6",
    ],
    [
      "a drill that upgraded nothing",
      { drilled: null },
      "no drill has tried an upgrade; expected 17.6, in the last 31 days before the upgrade",
      "npx sparki drill restore --stack prod --upgrade-to 17.6",
    ],
    [
      "another major version before",
      { version: "15.14" },
      "sparki:database.majorUpgrade is for an upgrade from 16",
      'set its from to "15"',
    ],
    [
      "a permission that has ended",
      { planned: { until: "2026-11-22" } },
      "sparki:database.majorUpgrade has ended on 2026-11-22",
      "have it approved again",
    ],
    ["an older version", { version: "18.1" }, "RDS takes no older version", "engineVersion back to 18.1"],
    [
      "what the finished upgrade would ask for next, once AWS has moved on",
      { version: "17.9" },
      "the database has PostgreSQL 17.9 by now, and the planned upgrade would ask for 17.6",
      "remove sparki:database.majorUpgrade from Pulumi.prod.yaml",
    ],
  ])("fails for %s, and says what to do", async (_, change, reason, fix) => {
    expect(await found(change)).toEqual({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: expect.stringContaining(fix),
    });
  });

  it("tells everything that is not prepared at once", async () => {
    const none = { engine: () => undefined, snapshot: () => undefined, drilled: null };
    const { reason, fix } = await found(none);
    for (const words of ["RDS does not upgrade", "no snapshot", "no drill"]) expect(reason).toContain(words);
    expect(fix?.split("\n")).toHaveLength(3);
  });

  it("warns that the permission can go, once the upgrade is done", async () => {
    expect(await found({ version: "17.6" })).toEqual({
      status: "warn",
      reason: "PostgreSQL 17: the upgrade that sparki:database.majorUpgrade permits is done",
      fix: "remove sparki:database.majorUpgrade from Pulumi.prod.yaml",
    });
  });
});

describe("databaseAuthority", () => {
  const CA = "rds-ca-rsa2048-g1";
  const found = (validTill: string | undefined, outputs: Record<string, unknown> = { caCertIdentifier: CA }) => {
    const looks = { "rds/getCertificate": validTill === undefined ? undefined : { validTill } };
    return look(databaseAuthority, fakeContext({ ...PROD, state: running(outputs), looks }));
  };
  const inDays = (days: number) => new Date((NOW + days * 86_400) * 1000).toISOString();

  it("passes with the day on which it ends", async () => {
    expect(await found("2061-05-25T23:34:57Z")).toEqual({ status: "pass", reason: `${CA}, until 2061-05-25` });
  });

  it.each([
    ["it ends soon", "warn", inDays(30.5), `${CA} ends on ${inDays(30.5).slice(0, 10)}, in 30 days`],
    ["it ends tomorrow", "warn", inDays(1.5), "in 1 day"],
    ["it has ended", "fail", inDays(-1), "no client that checks it can connect"],
    ["RDS does not have it", "fail", undefined, `RDS has no certificate authority ${CA} in this region`],
    ["its end is no date", "fail", "soon", `RDS says that ${CA} ends on "soon"`],
  ])("says so where %s, and where its change is described", async (_, status, validTill, reason) => {
    expect(await found(validTill)).toEqual({
      ...{ status, reason: expect.stringContaining(reason) },
      fix: "change it as docs/upgrades.md says under RDS's certificate authority",
    });
  });

  it("fails where the state does not say, and is skipped where there is no database", async () => {
    expect(await found("2061-05-25T23:34:57Z", {})).toMatchObject({ status: "fail" });
    const none = fakeContext({ ...PROD, state: fakeState([]) });
    expect(await look(databaseAuthority, none)).toMatchObject({ status: "skipped" });
  });
});

describe("cacheVersion", () => {
  const { cache } = PROD.config;
  const wants = (engineVersion: "6.2" | "7.0" | "7.1") => ({
    config: configWith({ cache: { ...cache, engineVersion } }),
  });
  const has = (outputs: Record<string, unknown>) =>
    fakeState([resource("aws:elasticache/replicationGroup:ReplicationGroup", "cache-redis", { outputs })]);
  const found = (wanted: "6.2" | "7.0" | "7.1", outputs: Record<string, unknown>) =>
    look(cacheVersion, fakeContext({ ...wants(wanted), state: has(outputs) }));

  it("passes where the cache has the config's version, whatever its patch", async () => {
    const [actual, asked] = [{ engineVersion: "7.0", engineVersionActual: "7.1.0" }, { engineVersion: "7.1" }];
    for (const outputs of [actual, asked])
      expect(await found("7.1", outputs)).toEqual({ status: "pass", reason: "Redis 7.1" });
  });

  it.each([
    ["6.2", "7.1"],
    ["7.0", "7.1"],
    ["6.2", "7.0"],
  ] as const)("says that the deployment upgrades %s to %s, and what that costs", async (before, wanted) => {
    expect(await found(wanted, { engineVersionActual: `${before}.6` })).toEqual({
      status: "pass",
      reason: `Redis ${before}, which this deployment upgrades to ${wanted}: connections are lost once, for seconds`,
    });
  });

  it("fails for an older version, which ElastiCache refuses and its provider would replace the cache for", async () => {
    expect(await found("7.0", { engineVersion: "7.1", engineVersionActual: "7.1.0" })).toEqual({
      status: "fail",
      reason: "the cache has Redis 7.1, and sparki:cache.engineVersion is 7.0; ElastiCache takes no older version",
      fix: "set sparki:cache.engineVersion back to 7.1; docs/upgrades.md says what undoes an upgrade",
    });
  });

  it("fails where the state does not say, and is skipped where there is no cache", async () => {
    expect(await found("7.1", {})).toMatchObject({ status: "fail", fix: expect.stringContaining("pulumi refresh") });
    expect(await look(cacheVersion, fakeContext({ ...PROD, state: fakeState([]) }))).toMatchObject({
      status: "skipped",
    });
  });
});

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

  it.each([null, undefined, "2026-11-23T11:58:00Z"])(
    "warns, and holds nobody up, while RDS makes the day's snapshot, of which it tells the time %j",
    async (snapshotCreateTime) => {
      expect(await look(backup, withSnapshot({ status: "creating", snapshotCreateTime }))).toMatchObject({
        status: "warn",
        reason: "RDS is making snapshot rds:sparki-prod-database-1 now, and the one before it is not checked",
      });
    },
  );

  it.each([
    ["there is no snapshot", undefined, "sparki-prod-database has no automated snapshot"],
    ["the snapshot is not complete", { status: "failed" }, "snapshot rds:sparki-prod-database-1 is failed"],
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
