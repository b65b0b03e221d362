import type { IdentityStatement } from "../../../aws/authorization.ts";
import { type Authority, authorizedProvider } from "../../../rehearsal/aws/iam/authorized-provider.ts";
import { Models } from "../../../rehearsal/aws/models.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { ProviderModel } from "../../../rehearsal/provider/model.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";

const ARN = "arn:aws:sts::111122223333:assumed-role/deploys-sparki-prod/rehearsal";
const PARAMETERS = { name: "pg", family: "postgres17" };

describe("authorizedProvider", () => {
  let account: Account;
  let authority: Authority;
  let provider: ProviderModel;

  beforeEach(() => {
    account = new Account();
    authority = {};
    provider = authorizedProvider(account.provider, { authority, world: account.world, models: new Models() });
  });
  afterEach(() => account.close());

  const about = () => ({ urn: "urn:pg", type: TYPES.databaseParameterGroup, name: "pg", log: () => {} });
  const around = () => ({ ...about(), session: account.session, signal: account.session.signal });
  const create = async (preview = false) => {
    const { inputs } = account.check({ type: TYPES.databaseParameterGroup, name: "pg", inputs: PARAMETERS });
    return provider.create({ ...around(), inputs, preview, timeoutSeconds: 0, secrets: [] });
  };
  const may = (...actions: readonly string[]): IdentityStatement => ({
    Effect: "Allow",
    Action: actions,
    Resource: ["*"],
  });
  const as = (...statements: readonly IdentityStatement[]) => {
    authority.asker = { arn: ARN, statements };
  };

  it("lets everybody do everything until somebody is named", async () => {
    expect((await create()).id).toBe("pg");
  });

  it("refuses before anything is done, in AWS's words, and does it once the policies allow it", async () => {
    as(may("rds:Describe*", "rds:CreateDBParameterGroup"));
    await expect(create()).rejects.toThrow(
      `creating RDS DB Parameter Group (pg): api error AccessDenied: User: ${ARN} is not authorized to perform: ` +
        "rds:AddTagsToResource on resource: arn:aws:rds:us-east-1:111122223333:pg:pg because no identity-based policy " +
        "allows the rds:AddTagsToResource action",
    );
    expect(account.world.all()).toEqual([]);
    as(may("rds:*"));
    expect((await create()).id).toBe("pg");
  });

  it("asks in a preview for nothing that only the update does", async () => {
    as();
    await expect(create(true)).resolves.toBeDefined();
  });

  it("asks for what a change really changes", async () => {
    const { properties } = await create();
    as(may("rds:Describe*", "rds:ListTagsForResource"));
    const update = async (changes: Properties) => {
      const inputs = { ...account.world.get(TYPES.databaseParameterGroup, "pg")?.inputs, ...changes };
      const old = { olds: properties, oldInputs: properties, preview: false, timeoutSeconds: 0, secrets: [] };
      return provider.update({ ...around(), id: "pg", inputs, ...old });
    };
    await expect(update({})).resolves.toBeDefined();
    await expect(update({ parameters: [{ name: "a", value: "1" }] })).rejects.toThrow("rds:ModifyDBParameterGroup");
    await expect(update({ tagsAll: { project: "other" } })).rejects.toThrow("rds:AddTagsToResource");
    await expect(update({ tagsAll: {} })).rejects.toThrow("rds:RemoveTagsFromResource");
  });

  it("refuses reading, deleting and functions too, and says nothing of what is gone", async () => {
    await create();
    as();
    const one = { ...around(), id: "pg", inputs: {}, properties: {}, oldInputs: {}, timeoutSeconds: 0 };
    expect(() => provider.read(one)).toThrow("reading RDS DB Parameter Group (pg): api error AccessDenied");
    expect(() => provider.delete(one)).toThrow("deleting RDS DB Parameter Group (pg): api error AccessDenied");
    expect(account.world.all()).toHaveLength(1);
    const token = "aws:ec2/getVpcs:getVpcs";
    expect(() => provider.invoke?.({ token, args: {}, session: account.session })).toThrow(
      `${token}: api error UnauthorizedOperation: You are not authorized to perform this operation. User: ${ARN}`,
    );
    await expect(Promise.resolve(provider.read({ ...one, id: "gone" }))).resolves.toBeUndefined();
  });

  it("takes an action from who asks where the account denies it, whatever the policies say", async () => {
    as(may("*"));
    account.world.profile = { ...account.world.profile, denied: ["rds:Create*"] };
    await expect(create()).rejects.toThrow("no identity-based policy allows the rds:CreateDBParameterGroup action");
  });
});
