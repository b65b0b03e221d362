import { credentials } from "../../../../runbook/preflight/checks/account.ts";
import { DeployError } from "../../../../shared/deploy-error.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const identity = { accountId: "111122223333", arn: "arn:aws:sts::111122223333:assumed-role/platform-engineering/me" };
const looks = { "index/getCallerIdentity": identity, "index/getRegion": { region: "us-east-1" } };

describe("credentials", () => {
  it("passes with who we are, where account and region are the stack's", async () => {
    expect(await look(credentials, fakeContext({ looks }))).toEqual({
      status: "pass",
      reason: "arn:aws:sts::111122223333:assumed-role/platform-engineering/me in us-east-1",
    });
  });

  it("warns of who may not enter the cluster, whatever the path of the role", async () => {
    const [path, other] = [
      "arn:aws:iam::111122223333:role/teams/platform-engineering",
      "arn:aws:iam::111122223333:role/x",
    ];
    const asked = async (administrator: string) => {
      const context = fakeContext({ looks });
      const cluster = { ...context.config.cluster, administrators: [administrator] };
      return look(credentials, { ...context, config: { ...context.config, cluster } });
    };
    expect(await asked(path)).toMatchObject({ status: "pass" });
    expect(await asked(other)).toMatchObject({
      status: "warn",
      reason: expect.stringContaining("is not one of sparki:cluster.administrators"),
    });
  });

  it.each([
    [
      "credentials of another account",
      { "index/getCallerIdentity": { ...identity, accountId: "999999999999" } },
      "the credentials are of account 999999999999; expected 111122223333",
    ],
    [
      "another region",
      { "index/getRegion": { region: "eu-west-1" } },
      "the look-ups went to eu-west-1; expected us-east-1",
    ],
    [
      "credentials that AWS refuses",
      { "index/getCallerIdentity": new DeployError("SPARKI_OUTSIDE", "AWS did not answer: ExpiredToken") },
      "AWS did not answer: ExpiredToken",
    ],
  ])("fails for %s, and says how to log in", async (_, change, reason) => {
    const finding = await look(credentials, fakeContext({ looks: { ...looks, ...change } }));
    expect(finding).toMatchObject({ status: "fail", reason });
    expect(finding.fix).toMatch(/log in to account 111122223333: aws sso login/);
  });
});
