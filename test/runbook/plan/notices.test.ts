import { plannedNotices } from "../../../runbook/plan/notices.ts";
import { noticeLines } from "../../../runbook/plan/plan.ts";
import { PlannedResources } from "../../../runbook/plan/planned.ts";
import { type Planned, stepEvent } from "../../support/planning.ts";
import { configWith } from "../../support/preflight.ts";

const DATABASE = { type: "aws:rds/instance:Instance", name: "database-instance" };
const CACHE = { type: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache-redis" };
const CLUSTER = { type: "aws:eks/cluster:Cluster", name: "cluster-eks-eksCluster" };
const config = configWith({});
const TRIED = { to: "18.1", on: "2026-11-29", outageSeconds: 580 };
const drilled = (upgrade: typeof TRIED | Omit<typeof TRIED, "outageSeconds">) => {
  const { database, preflight } = config;
  const majorUpgrade = { from: "17", snapshot: "before-18", by: "@ada", until: "2026-12-31" };
  const restoreTest = { on: "2026-11-29", by: "ada", snapshot: "s", upgrade };
  return { database: { ...database, majorUpgrade }, preflight: { ...preflight, restoreTest } };
};

function noticesOf(steps: readonly Planned[], own: Parameters<typeof plannedNotices>[1] = config) {
  const planned = new PlannedResources();
  for (const step of steps) planned.add(stepEvent(step));
  return plannedNotices(planned.all, own);
}

type Inputs = Readonly<Record<string, unknown>>;
const update = (what: Pick<Planned, "type" | "name">, before: Inputs, after: Inputs): Planned => {
  return { op: "update", ...what, before, after };
};
const textsOf = (...args: Parameters<typeof noticesOf>) => {
  const plan = { notices: noticesOf(...args) };
  return noticeLines(plan as unknown as Parameters<typeof noticeLines>[0]);
};

describe("plannedNotices", () => {
  const MAJOR = update(
    DATABASE,
    { engineVersion: "17.6", parameterGroupName: "a-17" },
    { engineVersion: "18.1", parameterGroupName: "a-18", allowMajorVersionUpgrade: true, applyImmediately: true },
  );

  it("names the outage of a major upgrade as the drill measured it, and what alone undoes it", () => {
    expect(noticesOf([MAJOR], drilled(TRIED))).toEqual([
      {
        ...{ ...DATABASE, property: "engineVersion", what: "PostgreSQL", from: "17.6", to: "18.1", effect: "outage" },
        ...{ when: "at-once", measured: { seconds: 580, on: "2026-11-29" }, undoneBy: "before-18", note: null },
      },
    ]);
    expect(textsOf([MAJOR], drilled(TRIED))).toEqual([
      "database-instance: PostgreSQL 17.6 → 18.1, nobody reaches it for about 9 min 40 s (measured by the drill of 2026-11-29); only snapshot before-18 undoes it",
    ]);
  });

  it.each([
    ["another version", { ...TRIED, to: "18.0" }],
    ["no outage", { to: "18.1", on: "2026-11-29" }],
  ])("says that it is not known where the drill measured %s", (_, upgrade) => {
    expect(textsOf([MAJOR], drilled(upgrade))).toEqual([
      "database-instance: PostgreSQL 17.6 → 18.1, nobody reaches it, for how long is not known: npx sparki drill restore --upgrade-to 18.1 measures it; only snapshot before-18 undoes it",
    ]);
  });

  it.each<[string, Planned, string[]]>([
    [
      "an instance class, in the maintenance window",
      update(DATABASE, { instanceClass: "db.r7g.large" }, { instanceClass: "db.r7g.xlarge" }),
      [
        "database-instance: instance class db.r7g.large → db.r7g.xlarge, nobody reaches it, for how long is not known, in the maintenance window",
      ],
    ],
    [
      "an authority, which may need a restart",
      update(DATABASE, { caCertIdentifier: "rds-ca-rsa2048-g1" }, { caCertIdentifier: "rds-ca-ecc384-g1" }),
      [
        "database-instance: certificate authority rds-ca-rsa2048-g1 → rds-ca-ecc384-g1, nobody reaches it for a moment, only where this version of PostgreSQL must restart for it (aws rds describe-db-engine-versions, SupportsCertificateRotationWithoutRestart), in the maintenance window",
      ],
    ],
    [
      "what nobody declared",
      update(DATABASE, { characterSetName: "a" }, { characterSetName: "b" }),
      ["database-instance: characterSetName a → b, not known whether users notice"],
    ],
    [
      "a port, at once",
      update(DATABASE, { port: 5432 }, { port: 5433 }),
      ["database-instance: port 5432 → 5433, it restarts, and nobody reaches it meanwhile, for how long is not known"],
    ],
    [
      "a cache's version",
      update(CACHE, { engineVersion: "7.0" }, { engineVersion: "7.1", applyImmediately: true }),
      ["cache-redis: Redis 7.0 → 7.1, every connection to it is lost once, and for some seconds none is made"],
    ],
    [
      "a cluster's version",
      update(CLUSTER, { version: "1.32" }, { version: "1.33" }),
      [
        "cluster-eks-eksCluster: Kubernetes 1.32 → 1.33, its API server stays reachable; then every node is replaced and its pods move, as their budgets allow",
      ],
    ],
    [
      "a database that is deleted",
      { op: "delete", ...DATABASE, before: {} },
      ["database-instance: deleted, nobody reaches it until another one is there, and what it holds is gone"],
    ],
    ["backups that go on", update(DATABASE, { backupRetentionPeriod: 7 }, { backupRetentionPeriod: 14 }), []],
    [
      "backups that begin",
      update(DATABASE, { backupRetentionPeriod: 0 }, { backupRetentionPeriod: 14 }),
      ["database-instance: backups 0 → 14, nobody reaches it, for how long is not known"],
    ],
    [
      "storage and tags",
      update(DATABASE, { allocatedStorage: 20, tags: {} }, { allocatedStorage: 30, tags: { a: "b" } }),
      [],
    ],
    ["a cluster's log types", update(CLUSTER, { enabledClusterLogTypes: ["api"] }, { enabledClusterLogTypes: [] }), []],
    ["a database that is made", { op: "create", ...DATABASE, after: { engineVersion: "17.6" } }, []],
    ["something else", update({ type: "aws:iam/role:Role", name: "r" }, { port: 1 }, { port: 2 }), []],
  ])("tells of %s", (_, step, expected) => expect(textsOf([step])).toEqual(expected));

  it("shows no value of what has more than one, and no secret", () => {
    const step = update(DATABASE, { upgradeStorageConfig: { a: 1 } }, { upgradeStorageConfig: { a: 2 } });
    expect(noticesOf([step])).toMatchObject([
      { property: "upgradeStorageConfig", from: null, to: null, effect: "unknown" },
    ]);
    expect(noticesOf([update(DATABASE, { password: "hunter2" }, { password: "hunter3" })])).toEqual([]);
  });
});
