import { compareWithState } from "../../../rehearsal/aws/comparison.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { Account } from "./account.ts";

describe("compareWithState", () => {
  let account: Account;
  const group = (name: string) => ({ type: TYPES.logGroup, name, inputs: { name } });

  beforeEach(() => {
    account = new Account();
  });

  afterEach(() => account.close());

  /** The state as Pulumi would hold it for everything in the account. */
  const state = () =>
    account.world
      .all()
      .filter(({ owner }) => owner === undefined)
      .map(({ type, id, inputs }) => ({ type, id, inputs, custom: true }));

  it("finds nothing when both agree, and does not count what AWS makes by itself", async () => {
    await account.create({ type: TYPES.vpc, name: "vpc", inputs: { cidrBlock: "10.0.0.0/16" } });
    expect(account.world.all().length).toBeGreaterThan(1);
    expect(compareWithState(account.world, state())).toEqual({ resources: 1, orphans: [], duplicates: [], drift: [] });
  });

  it("names what exists but is in no state", async () => {
    await account.create(group("a"));
    expect(compareWithState(account.world, []).orphans).toEqual([`${TYPES.logGroup} a`]);
  });

  it("names what is in state but gone, and what is different", async () => {
    await account.create(group("a"));
    await account.create(group("b"));
    const before = state().map((it) => (it.id === "a" ? { ...it, inputs: { ...it.inputs, retentionInDays: 7 } } : it));
    await account.delete(TYPES.logGroup, "b");
    expect(compareWithState(account.world, before).drift).toEqual([`${TYPES.logGroup} a`, `${TYPES.logGroup} b`]);
  });

  it("does not take a secret of the state for a difference", async () => {
    const inputs = { name: "token", secretString: "recognisable" };
    const { id } = await account.create({ type: TYPES.secret, name: "s", inputs: { name: "s" } });
    await account.create({ type: TYPES.secretVersion, name: "v", inputs: { ...inputs, secretId: id } });
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
    const hidden = state().map((it) =>
      it.type === TYPES.secretVersion ? { ...it, inputs: { ...it.inputs, secretString: secret } } : it,
    );
    expect(compareWithState(account.world, hidden).drift).toEqual([]);
  });

  it("names the second of two with the same Name tag", async () => {
    for (const name of ["first", "second"]) {
      const inputs = { cidrBlock: "10.0.0.0/16", tags: { Name: "sparki" } };
      await account.create({ type: TYPES.vpc, name, inputs });
    }
    expect(compareWithState(account.world, state()).duplicates).toHaveLength(1);
  });
});
