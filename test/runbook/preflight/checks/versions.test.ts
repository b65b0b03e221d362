import { cacheVersion, databaseVersion } from "../../../../runbook/preflight/checks/versions.ts";
import { configWith, fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

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
      reason: `the database has PostgreSQL 16, and sparki:database.engineVersion is ${PROD.config.database.engineVersion}`,
      fix: expect.stringContaining("sparki:database.engineVersion back to 16; docs/upgrades.md"),
    });
  });

  it("fails where the state does not say, and is skipped where there is no database", async () => {
    expect(await look(databaseVersion, fakeContext({ ...PROD, state: running({}) }))).toMatchObject({ status: "fail" });
    expect(await look(databaseVersion, fakeContext({ ...PROD, state: fakeState([]) }))).toMatchObject({
      status: "skipped",
    });
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
