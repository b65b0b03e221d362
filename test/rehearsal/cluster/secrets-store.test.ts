import { type SecretProviderClass, secretFilesOf } from "../../../rehearsal/cluster/environment-and-volumes.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds/db-AbCdEf";
const VALUES: Readonly<Record<string, string>> = {
  [ARN]: JSON.stringify({ username: "sparki", password: "p", nested: { port: 5432, name: "n" } }),
  "cache/token": "plain",
  "cache/token before": "older",
};

function files(objects: unknown, provider = "aws") {
  const parameters = { objects: typeof objects === "string" ? objects : JSON.stringify(objects) };
  const providerClass: SecretProviderClass = {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: { name: "x" },
    spec: { provider, parameters },
  };
  return secretFilesOf(providerClass, async (name, stage) => VALUES[stage === "AWSPREVIOUS" ? `${name} before` : name]);
}

describe("secretFilesOf", () => {
  it("writes each JMESPath under its alias, beside the whole secret", async () => {
    const jmesPath = [
      { path: "username", objectAlias: "user" },
      { path: 'nested."name"', objectAlias: "inner" },
    ];
    const found = await files([{ objectName: ARN, jmesPath }]);
    expect(found.get("user")).toBe("sparki");
    expect(found.get("inner")).toBe("n");
    expect([...found.keys()]).toContain("arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds_db-AbCdEf");
  });

  it("writes a plain secret under its alias, else under its name without slashes", async () => {
    const object = { objectName: "cache/token", objectType: "secretsmanager" };
    expect([...(await files([object]))]).toEqual([["cache_token", "plain"]]);
    expect([...(await files([{ ...object, objectAlias: "auth" }]))]).toEqual([["auth", "plain"]]);
  });

  it("writes the value before, where the object asks for that version", async () => {
    const object = { objectName: "cache/token", objectType: "secretsmanager" };
    const before = { ...object, objectVersionLabel: "AWSPREVIOUS", objectAlias: "before" };
    expect([...(await files([{ ...object, objectAlias: "now" }, before]))]).toEqual([
      ["now", "plain"],
      ["before", "older"],
    ]);
    await expect(files([{ ...object, objectVersionLabel: "AWSPENDING" }])).rejects.toThrow("no version has the label");
  });

  it("reads YAML as well as JSON", async () => {
    const text = "- objectName: cache/token\n  objectType: secretsmanager\n  objectAlias: auth\n";
    expect((await files(text)).get("auth")).toBe("plain");
  });

  const path = (name: string) => [{ objectName: ARN, jmesPath: [{ path: name, objectAlias: "x" }] }];
  it.each([
    { objects: [{ objectName: "gone", objectType: "secretsmanager" }], words: "ResourceNotFoundException" },
    { objects: [{ objectName: "cache/token" }], words: "Must use objectType" },
    { objects: [{ objectName: "cache/token", objectType: "vault" }], words: "Invalid objectType: vault" },
    { objects: path("gone"), words: "does not point to a valid object" },
    { objects: path("nested.port"), words: "Only string is allowed" },
    { objects: "{}", words: "must be a list" },
    { objects: [{}], words: "must be a list of objects with objectName" },
  ])("says $words", async ({ objects, words }) => {
    await expect(files(objects)).rejects.toThrow(words);
  });

  it("refuses another provider, and two files of one name", async () => {
    await expect(files([], "gcp")).rejects.toThrow('provider "gcp"');
    const object = { objectName: "cache/token", objectType: "secretsmanager", objectAlias: "a" };
    await expect(files([object, object])).rejects.toThrow("Name already in use");
  });
});
