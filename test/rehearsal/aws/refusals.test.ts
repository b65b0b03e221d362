import { TYPES } from "../../../rehearsal/aws/types.ts";
import { Account } from "./account.ts";
import { type Landscape, landscape } from "./landscape.ts";
import type { Making } from "./refusal.ts";
import { EDGE } from "./refusals-edge.ts";
import { FOUNDATIONS } from "./refusals-foundations.ts";
import { NETWORK } from "./refusals-network.ts";
import { STATEFUL } from "./refusals-stateful.ts";

describe("the simulated AWS", () => {
  let account: Account;
  let land: Landscape;

  beforeEach(async () => {
    account = new Account();
    land = await landscape(account);
  });

  afterEach(() => account.close());

  const made = (making: Making) => (typeof making === "function" ? making(account, land) : making);

  it.each([...NETWORK, ...FOUNDATIONS, ...STATEFUL, ...EDGE])(
    "refuses $what: $code",
    async ({ type, first, inputs, code, words }) => {
      if (first !== undefined) await account.create({ type, name: "first", inputs: await made(first) });
      const wanted = { type, name: "second", inputs: await made(inputs) };
      const before = account.world.all().length;
      const refusal = account.create(wanted);
      await expect(refusal).rejects.toThrow(`api error ${code}: `);
      await expect(refusal).rejects.toThrow(words);
      await expect(refusal).rejects.toThrow(/^creating [A-Z].* \(second\): /);
      expect(account.world.all()).toHaveLength(before);
    },
  );

  it("refuses a sixth VPC", async () => {
    const vpc = (index: number) => ({ type: TYPES.vpc, name: `${index}`, inputs: { cidrBlock: `10.${index}.0.0/16` } });
    for (const index of [1, 2, 3, 4]) await account.create(vpc(index));
    await expect(account.create(vpc(5))).rejects.toThrow(
      "VpcLimitExceeded: The maximum number of VPCs has been reached.",
    );
  });

  it("refuses a NAT gateway while its network has no internet gateway", async () => {
    await account.delete(TYPES.internetGateway, land.gateway);
    const address = await account.create({ type: TYPES.eip, name: "address", inputs: {} });
    const inputs = { subnetId: land.subnets[0] ?? "", allocationId: address.id };
    const refusal = account.create({ type: TYPES.natGateway, name: "nat", inputs });
    await expect(refusal).rejects.toThrow(`Gateway.NotAttached: Network ${land.vpc} has no Internet gateway attached`);
  });
});
