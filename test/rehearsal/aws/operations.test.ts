import { setTimeout as delay } from "node:timers/promises";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { PartialFailure } from "../../../rehearsal/provider/model.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { cacheInputs, clusterInputs, databaseInputs, type Landscape, landscape, roleFor } from "./landscape.ts";

describe("Operations", () => {
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
    inputs: { ...(await databaseInputs(account, land)), ...rest },
  });

  it("says which resource holds another until it is gone", async () => {
    const [subnet = ""] = land.subnets;
    const address = await account.create({ type: TYPES.eip, name: "a", inputs: {} });
    const nat = await account.create({
      type: TYPES.natGateway,
      name: "n",
      inputs: { subnetId: subnet, allocationId: address.id },
    });
    const blocked = [
      [TYPES.subnet, subnet, `DependencyViolation: The subnet '${subnet}' has dependencies and cannot be deleted.`],
      [TYPES.vpc, land.vpc, `DependencyViolation: The vpc '${land.vpc}' has dependencies and cannot be deleted.`],
      [TYPES.eip, address.id, "InvalidIPAddress.InUse"],
      [TYPES.internetGateway, land.gateway, "has some mapped public address(es)"],
    ] as const;
    for (const [type, id, words] of blocked) await expect(account.delete(type, id)).rejects.toThrow(words);
    await account.delete(TYPES.natGateway, nat.id);
    await account.delete(TYPES.eip, address.id);
    await account.delete(TYPES.internetGateway, land.gateway);
    await account.delete(TYPES.subnet, subnet);
    expect(account.world.get(TYPES.subnet, subnet)).toBeUndefined();
  });

  it("leaves an empty world once everything is deleted", async () => {
    await account.delete(TYPES.securityGroup, land.securityGroup);
    for (const subnet of land.subnets) await account.delete(TYPES.subnet, subnet);
    await account.delete(TYPES.internetGateway, land.gateway);
    await account.delete(TYPES.kmsKey, land.key);
    await account.delete(TYPES.vpc, land.vpc);
    expect(account.world.all()).toEqual([]);
  });

  it("takes a deletion of what is gone for done", async () => {
    await expect(account.delete(TYPES.vpc, "vpc-0123")).resolves.toBeUndefined();
  });

  it("keeps a role until its policies are detached", async () => {
    await roleFor(account, "ec2.amazonaws.com");
    const inputs = { role: "role-ec2", policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" };
    const attachment = await account.create({ type: TYPES.rolePolicyAttachment, name: "a", inputs });
    await expect(account.delete(TYPES.role, "role-ec2")).rejects.toThrow("DeleteConflict: Cannot delete entity");
    await account.delete(TYPES.rolePolicyAttachment, attachment.id);
    await account.delete(TYPES.role, "role-ec2");
  });

  it("refuses to delete what is protected, until the protection is lifted", async () => {
    const wanted = await database({ deletionProtection: true });
    const { id, properties } = await account.create(wanted);
    await expect(account.delete(TYPES.database, id)).rejects.toThrow(
      "InvalidParameterCombination: Cannot delete protected DB Instance, please disable deletion protection and try again.",
    );
    await account.update({ ...wanted, inputs: { ...wanted.inputs, deletionProtection: false } }, id, properties);
    await account.delete(TYPES.database, id);
    expect(account.services.calls).toContain("database.stop sparki-test-database drop");
  });

  it("lets a snapshot's and a secret's name be used again only when AWS would", async () => {
    const wanted = await database({ skipFinalSnapshot: false, finalSnapshotIdentifier: "final" });
    const first = await account.create(wanted);
    await account.delete(TYPES.database, first.id);
    const second = await account.create(wanted);
    await expect(account.delete(TYPES.database, second.id)).rejects.toThrow("DBSnapshotAlreadyExists");
    const secret = (days: number) => ({
      type: TYPES.secret,
      name: "s",
      inputs: { name: `s${days}`, recoveryWindowInDays: days },
    });
    for (const days of [0, 30]) await account.delete(TYPES.secret, (await account.create(secret(days))).id);
    await account.create(secret(0));
    await expect(account.create(secret(30))).rejects.toThrow("already scheduled for deletion");
  });

  it("starts what stands behind a resource, and names where it is", async () => {
    const { properties } = await account.create(await database());
    expect(properties.address).toMatch(/^sparki-test-database\.c[0-9a-f]{11}\.us-east-1\.rds\.amazonaws\.com$/);
    expect(account.services.calls).toContain("database.start sparki-test-database sparki sparki_admin");
    expect(account.services.addresses.get(String(properties.address))).toBe("127.99.1.1");
  });

  it("starts a server for every name that it is reached by, so that its certificate covers them from the start", async () => {
    await account.create(await database());
    const inputs = await cacheInputs(account, land);
    await account.create({ type: TYPES.replicationGroup, name: "cache", inputs });
    const { addresses, hostnames } = account.services;
    for (const server of ["127.99.1.1", "127.99.2.1"]) {
      const names = [...addresses].flatMap(([name, address]) => (address === server ? [name] : []));
      expect(names.length).toBeGreaterThan(0);
      expect(hostnames.get(server)).toEqual(names);
    }
  });

  it("keeps a resource whose process does not start as failed, until it is deleted", async () => {
    account.services.failures.set("database.start", new Error("no space left"));
    const wanted = await database();
    const failure = await account.create(wanted).catch((error: unknown) => error);
    if (!(failure instanceof PartialFailure)) throw failure;
    expect(failure.message).toMatch(/^creating RDS DB Instance \(database\): waiting for .*: no space left$/);
    await expect(account.update(wanted, failure.id, failure.properties)).rejects.toThrow("its creation has failed");
    await account.delete(TYPES.database, failure.id);
    await account.create(wanted);
  });

  it("keeps the token before beside a rotated one until it is set alone, and never stops the cache for it", async () => {
    const inputs: Properties = { ...(await cacheInputs(account, land)), authTokenUpdateStrategy: "ROTATE" };
    const [first, second, third] = [inputs.authToken, "another-token-0123456789", "one-more-token-0123456789"];
    const wanted = { type: TYPES.replicationGroup, name: "cache", inputs };
    let { id, properties } = await account.create(wanted);
    const update = async (changes: Properties) => {
      const { inputs: before } = wanted;
      wanted.inputs = { ...before, ...changes };
      properties = await account.update(wanted, id, properties);
      return account.services.tokens.at(-1);
    };
    expect(await update({ authToken: second })).toEqual([second, first]);
    expect(await update({ snapshotRetentionLimit: 9 })).toEqual([second, first]);
    expect(await update({ authToken: third })).toEqual([third, second]);
    expect(await update({ authTokenUpdateStrategy: "SET" })).toEqual([third]);
    // Alone at once: what has the one before is refused.
    expect(await update({ authToken: second })).toEqual([second]);
    expect(await update({ authTokenUpdateStrategy: "ROTATE" })).toEqual([second]);
    expect(account.services.calls.filter((call) => call === "cache.stop sparki-test-cache")).toEqual([]);
  });
});

describe("Operations that AWS disturbs", () => {
  let account: Account;
  let land: Landscape;
  beforeEach(async () => {
    account = new Account({ timeScale: 0.000_01 });
    land = await landscape(account);
  });
  afterEach(() => account.close());

  const cluster = async () => {
    return {
      type: TYPES.cluster,
      name: "cluster",
      inputs: { ...(await clusterInputs(account, land)), deletionProtection: true },
    };
  };
  const failureOf = async (creating: Promise<unknown>): Promise<PartialFailure> => {
    const failure = await creating.catch((error: unknown) => error);
    if (failure instanceof PartialFailure) return failure;
    throw failure;
  };

  it("keeps the id of what is not ready in time, and the next update has it finished", async () => {
    account.faults.set({ refused: [], creations: [{ type: TYPES.cluster, ends: "late", text: "timeout" }] });
    const wanted = await cluster();
    // A machine that stood still between the beginning and the waiting for its end hears of the end first.
    const refused = account.faults.refused.bind(account.faults);
    jest.spyOn(account.faults, "refused").mockImplementation((...asked) => {
      for (const end = performance.now() + 20; performance.now() < end; );
      return refused(...asked);
    });
    const { id, message, properties } = await failureOf(account.create(wanted));
    jest.restoreAllMocks();
    expect(message).toBe(`creating EKS Cluster (cluster): waiting for EKS Cluster (${id}): timeout`);
    expect(account.world.get(TYPES.cluster, id)).toBeDefined();
    expect(await account.update(wanted, id, properties)).toMatchObject({ endpoint: "https://127.99.0.10:6443" });
    expect(account.world.ofType(TYPES.cluster)).toHaveLength(1);
  });

  it("keeps what failed at AWS, starts nothing behind it, and lets it be deleted though it is protected", async () => {
    account.faults.set({
      refused: [],
      creations: [{ type: TYPES.cluster, ends: "failed", text: "no addresses" }],
    });
    const { id, message } = await failureOf(account.create(await cluster()));
    expect(message).toContain("no addresses");
    expect(account.world.get(TYPES.cluster, id)?.status).toBe("failed");
    expect(account.services.calls).not.toContain(expect.stringContaining("cluster.start"));
    await account.delete(TYPES.cluster, id);
    expect(account.world.get(TYPES.cluster, id)).toBeUndefined();
  });

  it("keeps what AWS goes on with when it no longer says how far it is", async () => {
    const wanted = await cluster();
    account.faults.set({ refused: [{ act: "describe", code: "ExpiredToken", text: "expired" }], creations: [] });
    const { id, message, properties } = await failureOf(account.create(wanted));
    expect(message).toContain("api error ExpiredToken: expired");
    account.faults.set({ refused: [], creations: [] });
    expect(await account.update(wanted, id, properties)).toHaveProperty("endpoint");
  });
});

describe("Operations over time", () => {
  let account: Account;
  const vpc = { type: TYPES.vpc, name: "vpc", inputs: { cidrBlock: "10.0.0.0/16" } };

  afterEach(() => account.close());

  it("goes on at AWS when the caller is canceled, and the next update waits for it", async () => {
    account = new Account({ timeScale: 0.05 });
    const creating = account.create(vpc).catch((error: unknown) => error);
    await delay(20);
    account.cancel.abort();
    const failure = await creating;
    if (!(failure instanceof PartialFailure)) throw failure;
    expect(failure.message).toContain("context canceled while AWS is still working on it");
    expect(account.world.get(TYPES.vpc, failure.id)?.status).toBe("creating");
    const next = new Account({ directory: account.directory });
    await account.operations.close();
    await next.operations.resume();
    expect(await next.update(vpc, failure.id, failure.properties)).toMatchObject({
      arn: expect.stringContaining(failure.id),
    });
    await next.close();
  });

  it("waits for the modelled time", async () => {
    account = new Account({ timeScale: 0.02 });
    const start = performance.now();
    await account.create(vpc);
    // A VPC takes at least one second.
    expect(performance.now() - start).toBeGreaterThan(18);
  });

  it("deletes as soon as the last holder is gone", async () => {
    account = new Account({ timeScale: 0.001 });
    const { id } = await account.create(vpc);
    const subnet = await account.create({
      type: TYPES.subnet,
      name: "s",
      inputs: { vpcId: id, cidrBlock: "10.0.0.0/24" },
    });
    const deleting = account.delete(TYPES.vpc, id);
    await account.delete(TYPES.subnet, subnet.id);
    await deleting;
    expect(account.world.all()).toEqual([]);
  });
});

describe("resume", () => {
  it("starts again what stands behind the resources, with the same secrets, and drops what was being deleted", async () => {
    const first = new Account();
    const land = await landscape(first);
    await first.create({ type: TYPES.database, name: "d", inputs: await databaseInputs(first, land) });
    await first.create({ type: TYPES.replicationGroup, name: "c", inputs: await cacheInputs(first, land) });
    const cluster = await first.create({ type: TYPES.cluster, name: "k", inputs: await clusterInputs(first, land) });
    const group = first.world.get(TYPES.securityGroup, land.securityGroup);
    if (group !== undefined) first.world.put({ ...group, status: "deleting" });
    await first.operations.close();
    await first.world.saved();

    const second = new Account({ directory: first.directory });
    await second.operations.resume();
    const started = second.services.calls.map((call) => call.split(" ").slice(0, 2).join(" ")).sort();
    expect(started).toEqual([
      "cache.start sparki-test-cache",
      "cluster.start sparki-test",
      "database.start sparki-test-database",
    ]);
    expect(second.services.passwords).toEqual(first.services.passwords);
    expect(second.world.get(TYPES.securityGroup, land.securityGroup)).toBeUndefined();
    expect(second.read(TYPES.cluster, cluster.id)?.properties).toMatchObject({ endpoint: "https://127.99.0.10:6443" });
    await second.close();
  });
});
