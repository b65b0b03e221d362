import { join } from "node:path";
import { commandRunner } from "../../../../runbook/io/child-command.ts";
import { secrets } from "../../../../runbook/preflight/checks/secrets.ts";
import { type AwsAnswers, fakeContext, fakeState, look, realFiles, resource } from "../../../support/preflight.ts";
import { toolPath } from "../../../support/tool.ts";

const DATABASE = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!db-1-AbCdEf";
const CACHE = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/cache-AbCdEf";
const VALUE = "recognisable-secret-value";
const helm = commandRunner(toolPath("helm"), process.env);
const deployed = [
  resource("aws:rds/instance:Instance", "database-instance"),
  resource("aws:secretsmanager/secretVersion:SecretVersion", "secrets-cache-value"),
];
const holding = (keys: Readonly<Record<string, readonly string[]>>): AwsAnswers => ({
  "rds/getInstance": { masterUserSecrets: [{ secretArn: DATABASE }] },
  "secretsmanager/getSecret": { arn: CACHE },
  "secretsmanager/getSecretVersion": ({ secretId }: { secretId: string }) => {
    const value = keys[secretId]?.map((key) => [key, VALUE]);
    return value && { secretString: JSON.stringify(Object.fromEntries(value)) };
  },
});
const context = (parts: Parameters<typeof fakeContext>[0]) =>
  fakeContext({
    projectDirectory: join(import.meta.dirname, "..", "..", "..", ".."),
    files: realFiles,
    commands: { helm, git: helm },
    state: fakeState(deployed),
    ...parts,
  });
const complete = { [DATABASE]: ["username", "password"], [CACHE]: ["authToken"] };

describe("secrets", () => {
  it("passes when each secret has the keys that the rendered chart mounts, and tells no value", async () => {
    const finding = await look(secrets, context({ looks: holding(complete) }));
    expect(finding).toEqual({ status: "pass", reason: "2 secrets with username, password, authToken" });
  });

  it.each([
    ["lacks a key", { ...complete, [DATABASE]: ["username", "passwort"] }, "rds!db-1-AbCdEf lacks password"],
    ["has no value", { [DATABASE]: complete[DATABASE] ?? [] }, "sparki/prod/cache-AbCdEf has no value"],
  ])("fails for a secret that %s, and tells no value", async (_, keys, reason) => {
    const finding = await look(secrets, context({ looks: holding(keys) }));
    expect(finding).toMatchObject({
      status: "fail",
      reason,
      fix: expect.stringContaining("pulumi refresh --stack prod"),
    });
    expect(JSON.stringify(finding)).not.toContain(VALUE);
  });

  it.each([
    ["the database has none", {}, "the database has no secret of its master user"],
    [
      "the cache's is gone",
      { "rds/getInstance": { masterUserSecrets: [{ secretArn: DATABASE }] } },
      "sparki/prod/cache does not exist",
    ],
  ])("fails when %s", async (_, looks, reason) => {
    expect(await look(secrets, context({ looks }))).toMatchObject({ status: "fail", reason });
  });

  it("counts a value that is no JSON object as one without keys", async () => {
    const looks = {
      "rds/getInstance": { masterUserSecrets: [{ secretArn: DATABASE }] },
      "secretsmanager/getSecret": { arn: CACHE },
      "secretsmanager/getSecretVersion": { secretString: VALUE },
    };
    expect(await look(secrets, context({ looks }))).toMatchObject({
      status: "fail",
      reason: "rds!db-1-AbCdEf lacks username and password, sparki/prod/cache-AbCdEf lacks authToken",
    });
  });

  it("is skipped before the first deployment", async () => {
    expect(await look(secrets, context({ state: fakeState([]) }))).toMatchObject({ status: "skipped" });
  });
});
