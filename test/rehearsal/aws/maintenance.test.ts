import { secondsUntilWindow, splitUpdate } from "../../../rehearsal/aws/operations.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { Account } from "./account.ts";
import { clusterInputs, databaseInputs, type Landscape, landscape } from "./landscape.ts";

let account: Account;
let land: Landscape;
beforeEach(async () => {
  account = new Account();
  land = await landscape(account);
});
afterEach(() => account.close());

const database = async (rest = {}) => ({
  type: TYPES.database,
  name: "database",
  inputs: { ...(await databaseInputs(account, land)), maintenanceWindow: "sun:05:00-sun:06:00", ...rest },
});

describe("an update of the simulated database", () => {
  it("waits with a larger class for the maintenance window, and takes what needs none at once", async () => {
    const before = await database();
    const { id, properties } = await account.create(before);
    const inputs = { ...before.inputs, instanceClass: "db.t4g.xlarge", backupRetentionPeriod: 14 };
    const state = await account.update({ ...before, inputs }, id, properties);
    expect(state).toMatchObject({ instanceClass: "db.t4g.large", backupRetentionPeriod: 14 });
    expect(account.world.get(TYPES.database, id)?.waiting?.inputs).toEqual({ instanceClass: "db.t4g.xlarge" });
    expect(account.read(TYPES.database, id)?.inputs).toMatchObject({ instanceClass: "db.t4g.large" });
  });

  it("shows a larger class once the window has opened", async () => {
    const before = await database();
    const { id, properties } = await account.create(before);
    await account.update({ ...before, inputs: { ...before.inputs, instanceClass: "db.t4g.xlarge" } }, id, properties);
    const found = account.world.get(TYPES.database, id);
    if (found?.waiting === undefined) throw new Error("nothing waits");
    account.world.put({ ...found, waiting: { ...found.waiting, dueAtModelSeconds: 0 } });
    expect(account.read(TYPES.database, id)?.inputs).toMatchObject({ instanceClass: "db.t4g.xlarge" });
    expect(account.world.get(TYPES.database, id)?.waiting).toBeUndefined();
  });

  it("changes the class at once where it is asked to", async () => {
    const before = await database();
    const { id, properties } = await account.create(before);
    const inputs = { ...before.inputs, instanceClass: "db.t4g.xlarge", applyImmediately: true };
    expect(await account.update({ ...before, inputs }, id, properties)).toMatchObject({
      instanceClass: "db.t4g.xlarge",
    });
  });
});

describe("splitUpdate", () => {
  it("lets nothing wait but what its type's service makes wait", () => {
    const [before, asked] = [
      { instanceClass: "a", name: "b" },
      { instanceClass: "c", name: "d" },
    ];
    expect(splitUpdate(TYPES.database, before, asked)).toEqual({
      now: { instanceClass: "a", name: "d" },
      later: { instanceClass: "c" },
    });
    expect(splitUpdate(TYPES.vpc, before, asked)).toEqual({ now: asked, later: {} });
  });
});

describe("secondsUntilWindow", () => {
  it.each([
    ["2026-11-28T14:00:00Z", 15 * 3600],
    ["2026-11-29T05:00:00Z", 0],
    ["2026-11-29T05:00:01Z", 7 * 24 * 3600 - 1],
  ])("counts from %s to Sunday at five", (now, seconds) => {
    expect(secondsUntilWindow("sun:05:00-sun:06:00", Date.parse(now))).toBe(seconds);
  });
});

describe("the tagging API of the simulated account", () => {
  it("lists what was made late, and what was deleted a while longer", async () => {
    const token = "aws:resourcegroupstaggingapi/getResources:getResources";
    const args = { tagFilters: [{ key: "project", values: ["sparki"] }] };
    const listed = () => JSON.stringify(account.provider.invoke({ token, args, session: account.session }));
    const { id } = await account.create({ type: TYPES.eip, name: "address", inputs: {} });
    expect(listed()).toContain(id);
    account.world.profile = { ...account.world.profile, tagDelaySeconds: 60 };
    expect(listed()).not.toContain(id);
    await account.delete(TYPES.eip, id);
    expect(listed()).toContain(id);
    account.world.profile = { ...account.world.profile, tagDelaySeconds: 0 };
    expect(listed()).not.toContain(id);
  });
});

describe("a new role in the simulated account", () => {
  it("is known to a service some seconds after it was made, and the creation waits for it", async () => {
    const slow = new Account({ timeScale: 0.001 });
    try {
      const inputs = await clusterInputs(slow, await landscape(slow));
      const role = slow.world.find([TYPES.role], String(inputs.roleArn));
      await slow.create({ type: TYPES.cluster, name: "cluster", inputs });
      const made = slow.world.ofType(TYPES.cluster)[0]?.createdAtModelSeconds ?? 0;
      const age = made - (role?.createdAtModelSeconds ?? 0);
      expect(age).toBeGreaterThanOrEqual(2);
    } finally {
      await slow.close();
    }
  });
});

describe("an access entry's policy in the simulated account", () => {
  const entered = async (accessEntrySeconds: number) => {
    const slow = new Account({ timeScale: 0.001, seed: 7 });
    slow.world.profile = { ...slow.world.profile, accessEntrySeconds };
    try {
      const inputs = await clusterInputs(slow, await landscape(slow));
      await slow.create({ type: TYPES.cluster, name: "cluster", inputs });
      const principalArn = "arn:aws:iam::111122223333:role/ann";
      const entry = { clusterName: String(inputs.name), principalArn };
      await slow.create({ type: TYPES.accessEntry, name: "ann", inputs: entry });
      const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
      const association = { ...entry, policyArn, accessScope: { type: "cluster" } };
      await slow.create({ type: TYPES.accessPolicyAssociation, name: "ann", inputs: association });
      const made = slow.cloud.clock.now();
      const isIn = () => slow.services.calls.some((call) => call.startsWith("cluster.admit"));
      const atOnce = isIn();
      for (let tries = 0; tries < 200 && !isIn(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
      return { atOnce, isIn: isIn(), seconds: slow.cloud.clock.now() - made };
    } finally {
      await slow.close();
    }
  };

  it("lets its principal in only some time after EKS has accepted it, where the account's do", async () => {
    const { atOnce, isIn, seconds } = await entered(600);
    expect({ atOnce, isIn }).toEqual({ atOnce: false, isIn: true });
    expect(seconds).toBeGreaterThanOrEqual(300);
  });

  it("lets its principal in soon otherwise", async () => {
    expect((await entered(0)).isIn).toBe(true);
  });
});
