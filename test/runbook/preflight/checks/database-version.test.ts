import { databaseVersion } from "../../../../runbook/preflight/checks/backups.ts";
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
