import { Models } from "../../../rehearsal/aws/models.ts";
import { disturbedProvider } from "../../../rehearsal/aws/provider.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { ProviderModel } from "../../../rehearsal/provider/model.ts";
import { Account } from "./account.ts";

const EXPIRED = { code: "ExpiredToken", text: "expired" };

describe("disturbedProvider", () => {
  let account: Account;
  let provider: ProviderModel;
  beforeEach(() => {
    account = new Account();
    provider = disturbedProvider(account.provider, new Models(), account.faults);
    account.faults.set({ refused: [EXPIRED], creations: [] });
  });
  afterEach(() => account.close());

  const about = () => {
    const { session } = account;
    return { type: TYPES.vpc, name: "v", urn: "urn:v", session, signal: session.signal, log: () => {} };
  };
  const vpc = (preview: boolean) => {
    const { inputs } = account.check({ type: TYPES.vpc, name: "v", inputs: { cidrBlock: "10.0.0.0/16" } });
    return provider.create({ ...about(), inputs, preview, timeoutSeconds: 0, secrets: [] });
  };

  it("asks AWS for nothing in a preview", async () => {
    await expect(vpc(true)).resolves.toHaveProperty("properties");
  });

  it("makes nothing that AWS refuses, and says what it was about", async () => {
    await expect(vpc(false)).rejects.toThrow(/^creating EC2 VPC \(v\): api error ExpiredToken: expired$/);
    expect(account.world.all()).toEqual([]);
  });

  it("asks for nothing with credentials that have expired", async () => {
    const call = { ...about(), id: "vpc-1", properties: {}, oldInputs: {}, timeoutSeconds: 0 };
    await expect(provider.configure?.(account.session)).rejects.toThrow(/^validating provider credentials: .*Expired/);
    await expect(provider.read({ ...call, inputs: {} })).rejects.toThrow("reading EC2 VPC (vpc-1): ");
    await expect(provider.delete(call)).rejects.toThrow("deleting EC2 VPC (vpc-1): ");
    const token = "aws:index/getRegion:getRegion";
    await expect(provider.invoke?.({ token, args: {}, session: account.session })).rejects.toThrow(token);
  });

  it("tries as often as the program says", async () => {
    account.faults.set({ refused: [{ code: "ThrottlingException", text: "Rate exceeded" }], creations: [] });
    const session = { ...account.session, config: { ...account.session.config, maxRetries: "3" } };
    await expect(provider.configure?.(session)).rejects.toThrow("exceeded maximum number of attempts, 3, ");
  });
});
