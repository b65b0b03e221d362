import { TYPES } from "../../../rehearsal/aws/types.ts";
import { Account } from "./account.ts";
import { cacheInputs, type Landscape, landscape } from "./landscape.ts";

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
