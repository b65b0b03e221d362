import { join } from "node:path";
import { commandRunner } from "../../../../io/child-command.ts";
import { secrets } from "../../../../runbook/preflight/checks/secrets.ts";
import { type AwsAnswers, fakeContext, fakeState, look, realFiles, resource } from "../../../support/preflight.ts";
import { toolPath } from "../../../support/tool.ts";

const USER = "sparki/prod/database/application-2026-11-01";
const DATABASE = `arn:aws:secretsmanager:us-east-1:111122223333:secret:${USER}-AbCdEf`;
const CACHE = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/cache-AbCdEf";
const VALUE = "recognisable-secret-value";
const helm = commandRunner(toolPath("helm"), process.env);
const SECRET = "aws:secretsmanager/secret:Secret";
const cacheMade = resource(SECRET, "secrets-cache", { inputs: { name: "sparki/prod/cache" } });
const made = [cacheMade, resource(SECRET, "secrets-application", { inputs: { name: USER } })];
const versionOf = (secretId: string) =>
  resource("aws:secretsmanager/secretVersion:SecretVersion", `value-${secretId}`, { inputs: { secretId } });
const deployed = [...made, versionOf(DATABASE), versionOf(CACHE)];
/** The secrets that there are, by name. */
const existing =
  (...arns: readonly string[]) =>
  ({ name }: { name: string }) => {
    const arn = arns.find((each) => each.includes(`:secret:${name}-`));
    return arn && { arn };
  };
const holding = (keys: Readonly<Record<string, readonly string[]>>): AwsAnswers => ({
  "secretsmanager/getSecret": existing(DATABASE, CACHE),
  "secretsmanager/getSecretVersion": ({ secretId }: { secretId: string }) => {
    const value = keys[secretId]?.map((key) => [key, VALUE]);
    return value && { secretString: JSON.stringify(Object.fromEntries(value)) };
  },
});
const context = (parts: Parameters<typeof fakeContext>[0]) =>
  fakeContext({
    projectDirectory: join(import.meta.dirname, "..", "..", "..", ".."),
    files: realFiles,
    commands: { aws: helm, helm, git: helm },
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
    ["lacks a key", { ...complete, [DATABASE]: ["username", "passwort"] }, `${USER}-AbCdEf lacks password`],
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
    ["the application user's", [CACHE], `${USER} does not exist`],
    ["the cache's", [DATABASE], "sparki/prod/cache does not exist"],
    ["both are", [], `${USER} and sparki/prod/cache does not exist`],
  ])("fails when %s is gone", async (_, arns, reason) => {
    const looks = { "secretsmanager/getSecret": existing(...arns) };
    expect(await look(secrets, context({ looks }))).toMatchObject({ status: "fail", reason });
  });

  it("is skipped before a rotation, whose secret the deployment makes", async () => {
    expect(await look(secrets, context({ state: fakeState([cacheMade]) }))).toMatchObject({
      status: "skipped",
      reason: `${USER} belongs to a rotation that the deployment creates`,
    });
  });

  it("counts a value that is not JSON object as one without keys", async () => {
    const looks = {
      "secretsmanager/getSecret": existing(DATABASE, CACHE),
      "secretsmanager/getSecretVersion": { secretString: VALUE },
    };
    expect(await look(secrets, context({ looks }))).toMatchObject({
      status: "fail",
      reason: `${USER}-AbCdEf lacks username and password, sparki/prod/cache-AbCdEf lacks authToken`,
    });
  });

  it("is skipped after a deployment that stopped before it gave a secret its value", async () => {
    const looks = holding({ [DATABASE]: complete[DATABASE] ?? [] });
    expect(await look(secrets, context({ looks, state: fakeState([...made, versionOf(DATABASE)]) }))).toMatchObject({
      status: "skipped",
      reason: "a secret has no value yet: the deployment sets it",
    });
  });

  it("is skipped before the first deployment", async () => {
    expect(await look(secrets, context({ state: fakeState([]) }))).toMatchObject({ status: "skipped" });
  });
});
