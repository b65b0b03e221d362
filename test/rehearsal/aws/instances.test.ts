import { DatabaseInstances, instanceRoutes } from "../../../rehearsal/aws/instances.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { waitFor } from "../../../rehearsal/waiting.ts";
import { Account } from "./account.ts";
import { databaseInputs, landscape } from "./landscape.ts";

const LIVE = "sparki-test-database";

describe("DatabaseInstances", () => {
  let account: Account;
  let instances: DatabaseInstances;
  beforeEach(async () => {
    account = new Account();
    instances = new DatabaseInstances(account.cloud, account.operations);
    const inputs = { ...(await databaseInputs(account, await landscape(account))), deletionProtection: true };
    await account.create({ type: TYPES.database, name: "database", inputs });
  });
  afterEach(() => account.close());

  const named = (name: string) => account.world.ofType(TYPES.database).find((each) => each.name === name);
  const isAvailable = (name: string) =>
    waitFor(name, async () => instances.describe().some((each) => each.name === name && each.status === "available"), {
      limitSeconds: 60,
    });

  it("makes another instance over the log of the one that serves, with a password of its own", async () => {
    await instances.restore(LIVE, "restored", 1_764_000_000);
    await isAvailable("restored");
    expect(account.services.calls).toContain(`database.startRestored restored ${LIVE} 1764000000`);
    const [live, restored] = [named(LIVE), named("restored")];
    expect(restored?.id).not.toBe(live?.id);
    expect(restored?.inputs).toMatchObject({ deletionProtection: false, instanceClass: live?.inputs.instanceClass });
    // RDS tells nobody of it, so that no program ever differs from it.
    expect(restored?.inputs.restoreToPointInTime).toBeUndefined();
    expect(new Set(account.services.passwords).size).toBe(2);
  });

  it("gives the restored one the other's name and host name, and keeps both ids", async () => {
    await instances.restore(LIVE, "restored", 1_764_000_000);
    await isAvailable("restored");
    const [live, restored] = [named(LIVE), named("restored")];
    expect(() => instances.rename("restored", LIVE, true)).toThrow(/DBInstanceAlreadyExists/);
    instances.rename(LIVE, "before", true);
    expect(instances.describe().find(({ resourceId }) => resourceId === live?.id)?.status).toBe("renaming");
    await isAvailable("before");
    instances.rename("restored", LIVE, true);
    await isAvailable(LIVE);
    expect(named(LIVE)).toMatchObject({ id: restored?.id, arn: live?.arn, inputs: { deletionProtection: true } });
    expect(named(LIVE)?.outputs.address).toBe(live?.outputs.address);
    expect(named("before")?.id).toBe(live?.id);
  });

  it("refuses what AWS refuses, and requests that are none", async () => {
    const routes = instanceRoutes(instances);
    const post = (path: string, body: unknown) => routes[`POST ${path}`]?.(body, path, {});
    await expect(post("/instances/restore", { name: "none", as: "restored", moment: 1 })).rejects.toThrow(
      /DBInstanceNotFound/,
    );
    await expect(post("/instances/rename", { name: LIVE, to: "../x", isProtected: true })).rejects.toThrow(/to/);
    await instances.restore(LIVE, "restored", 1_764_000_000);
    await expect(instances.restore(LIVE, "restored", 1_764_000_000)).rejects.toThrow(/DBInstanceAlreadyExists/);
  });

  it("says why a restore was not possible, as RDS does, and leaves the live one alone", async () => {
    account.services.failures.set("database.startRestored", new Error("no backup is from before that moment"));
    await instances.restore(LIVE, "restored", 1);
    const restored = () => instances.describe().find(({ name }) => name === "restored");
    await waitFor("its end", async () => restored()?.why !== undefined, { limitSeconds: 60 });
    expect(restored()).toMatchObject({ status: "incompatible-restore", why: expect.stringContaining("no backup") });
    expect(instances.describe().find(({ name }) => name === LIVE)?.status).toBe("available");
  });
});
