import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Value } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { cacheInputs, databaseInputs, type Landscape, landscape } from "./landscape.ts";

let account: Account;
let land: Landscape;
beforeEach(async () => {
  account = new Account();
  land = await landscape(account);
});
afterEach(() => account.close());

describe("an upgrade of the simulated cache", () => {
  const cache = async (rest = {}) => ({
    type: TYPES.replicationGroup,
    name: "cache",
    inputs: { ...(await cacheInputs(account, land)), engineVersion: "7.0", ...rest },
  });
  const failOvers = () => account.services.calls.filter((call) => call.startsWith("cache.failOver"));

  it("fails over once to a node with the new version, to which the cache's name then leads", async () => {
    const before = await cache();
    const { id, properties } = await account.create(before);
    const host = String(properties.primaryEndpointAddress);
    expect({ name: host, leadsTo: account.services.addresses.get(host) }).toMatchObject({ leadsTo: "127.99.2.1" });
    const inputs = { ...before.inputs, engineVersion: "7.1", applyImmediately: true };
    const after = await account.update({ ...before, inputs }, id, properties);
    expect(after).toMatchObject({ engineVersion: "7.1", engineVersionActual: "7.1.0", primaryEndpointAddress: host });
    expect(failOvers()).toEqual(["cache.failOver sparki-test-cache"]);
    expect(account.services.addresses.get(host)).toBe("127.99.2.2");
  });

  it("waits for the maintenance window where it is not asked for at once, and no connection is lost before", async () => {
    const before = await cache();
    const { id, properties } = await account.create(before);
    const inputs = { ...before.inputs, engineVersion: "7.1" };
    expect(await account.update({ ...before, inputs }, id, properties)).toMatchObject({ engineVersionActual: "7.0.0" });
    expect(account.world.get(TYPES.replicationGroup, id)?.waiting?.inputs).toEqual({ engineVersion: "7.1" });
    expect(failOvers()).toEqual([]);
  });

  it("is not what a new token or more days of snapshots are", async () => {
    const before = await cache({ applyImmediately: true });
    const { id, properties } = await account.create(before);
    const inputs = { ...before.inputs, authToken: "recognisable-token-9876543210", snapshotRetentionLimit: 3 };
    await account.update({ ...before, inputs }, id, properties);
    expect(failOvers()).toEqual([]);
  });

  it("refuses an older version, and leaves what there is", async () => {
    const before = await cache({ engineVersion: "7.1", applyImmediately: true });
    const { id, properties } = await account.create(before);
    const older = account.update({ ...before, inputs: { ...before.inputs, engineVersion: "7.0" } }, id, properties);
    await expect(older).rejects.toThrow('engineVersion is "7.0"; AWS takes no older version than it is');
    expect(failOvers()).toEqual([]);
    expect(account.read(TYPES.replicationGroup, id)?.inputs).toMatchObject({ engineVersion: "7.1" });
  });

  it("refuses a parameter group of another family, in AWS's words", async () => {
    const group = { name: "own6", family: "redis6.x" };
    await account.create({ type: TYPES.cacheParameterGroup, name: "own6", inputs: group });
    const before = await cache({ engineVersion: "6.2", parameterGroupName: "own6", applyImmediately: true });
    const { id, properties } = await account.create(before);
    const newer = account.update({ ...before, inputs: { ...before.inputs, engineVersion: "7.1" } }, id, properties);
    await expect(newer).rejects.toThrow(
      "InvalidParameterCombination: Expected a parameter group of family redis7 but found one of family redis6.x",
    );
  });
});

describe("another authority of the simulated database", () => {
  const NEXT = "rds-ca-rsa4096-g1";
  const database = async () => {
    const inputs = { ...(await databaseInputs(account, land)), caCertIdentifier: "rds-ca-rsa2048-g1" };
    return { type: TYPES.database, name: "database", inputs };
  };
  const changes = () => account.services.calls.filter((call) => call.startsWith("database.setAuthority"));

  it("waits for the maintenance window, and is then served without a restart", async () => {
    const before = await database();
    const { id, properties } = await account.create(before);
    const inputs = { ...before.inputs, caCertIdentifier: NEXT };
    await account.update({ ...before, inputs }, id, properties);
    expect(account.world.get(TYPES.database, id)?.waiting?.inputs).toEqual({ caCertIdentifier: NEXT });
    expect(changes()).toEqual([]);
    const calls = account.services.calls.length;
    await account.operations.openWindows();
    expect(account.services.calls.slice(calls)).toEqual([`database.setAuthority sparki-test-database ${NEXT}`]);
    const found = account.world.get(TYPES.database, id);
    expect(found).toMatchObject({ status: "available", inputs: { caCertIdentifier: NEXT } });
    expect(found?.waiting).toBeUndefined();
    await account.operations.openWindows();
    expect(changes()).toHaveLength(1);
  });
});

describe("an upgrade of the simulated database's major version", () => {
  const group = (major: string) => ({ name: `own${major}`, family: `postgres${major}` });
  const database = async () => {
    for (const major of ["16", "17"])
      await account.create({ type: TYPES.databaseParameterGroup, name: `own${major}`, inputs: group(major) });
    const own = { engineVersion: "16.10", parameterGroupName: "own16" };
    const inputs: Record<string, Value> = { ...(await databaseInputs(account, land)), ...own };
    return { type: TYPES.database, name: "database", inputs };
  };
  const TO_17 = { engineVersion: "17.6", parameterGroupName: "own17" };

  it("stops the server and starts it with the same data, under the same name and id", async () => {
    const before = await database();
    const { id, properties } = await account.create(before);
    const calls = account.services.calls.length;
    const inputs = { ...before.inputs, ...TO_17, allowMajorVersionUpgrade: true, applyImmediately: true };
    const after = await account.update({ ...before, inputs }, id, properties);
    expect(after).toMatchObject({ engineVersionActual: "17.6", resourceId: id, address: properties.address });
    const name = String(before.inputs.identifier);
    expect(account.services.calls.slice(calls)).toEqual([
      `database.stop ${name} keep`,
      expect.stringMatching(`^database.start ${name} `),
    ]);
    expect(new Set(account.services.passwords).size).toBe(1);
  });

  it.each([
    ["without permission", TO_17, "allowMajorVersionUpgrade: true beside a new major version"],
    [
      "with the parameters of the version before",
      { engineVersion: "17.6", allowMajorVersionUpgrade: true },
      "The parameter group own16 with DBParameterGroupFamily postgres16 can't be used for this instance",
    ],
    [
      "back to an older version",
      { engineVersion: "15.14", parameterGroupName: "default.postgres15", allowMajorVersionUpgrade: true },
      "AWS takes no older version than it is",
    ],
  ])("refuses it %s, and stops nothing", async (_, change, words) => {
    const before = await database();
    const { id, properties } = await account.create(before);
    const calls = account.services.calls.length;
    const inputs = { ...before.inputs, ...change, applyImmediately: true };
    await expect(account.update({ ...before, inputs }, id, properties)).rejects.toThrow(words);
    expect(account.services.calls).toHaveLength(calls);
  });

  it("is offered by what the provider asks, and its snapshot is found by the name that somebody gave it", async () => {
    const { inputs } = await database();
    await account.create({ type: TYPES.database, name: "database", inputs });
    const invoke = (token: string, args: Record<string, string>) =>
      account.provider.invoke({ token, args, session: account.session });
    expect(invoke("aws:rds/getCertificate:getCertificate", { id: "rds-ca-rsa2048-g1" })).toMatchObject({
      validTill: expect.stringMatching(/^2061-/),
    });
    expect(() => invoke("aws:rds/getCertificate:getCertificate", { id: "rds-ca-2019" })).toThrow("no results");
    expect(invoke("aws:rds/getEngineVersion:getEngineVersion", { engine: "postgres", version: "16.10" })).toMatchObject(
      {
        validMajorTargets: expect.arrayContaining(["17.6", "18.1"]),
      },
    );
    const wanted = { dbInstanceIdentifier: String(inputs.identifier), dbSnapshotIdentifier: "before-17" };
    const snapshot = () => invoke("aws:rds/getSnapshot:getSnapshot", { ...wanted, snapshotType: "manual" });
    expect(snapshot).toThrow("no results");
    account.world.profile = { ...account.world.profile, snapshots: ["before-17"] };
    expect(snapshot()).toMatchObject({ id: "before-17", status: "available", engineVersion: "16.10" });
  });
});
