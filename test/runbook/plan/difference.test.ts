import fc from "fast-check";
import { inputChanges, withoutSensitive } from "../../../runbook/plan/planned.ts";

describe("inputChanges", () => {
  it("finds nothing between equal values, whatever they are", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(inputChanges(value, structuredClone(value))).toEqual([])));
  });

  it("names each change by its path", () => {
    const before = { tags: { owner: "a", "a.b": 1 }, ports: [1, 2], list: [1], gone: true };
    const after = { tags: { owner: "b", "a.b": 2 }, ports: [1, 3], list: [1, 2], more: null };
    expect(inputChanges(before, after).map(({ path }) => path)).toEqual([
      "gone",
      "list",
      "more",
      "ports[1]",
      'tags["a.b"]',
      "tags.owner",
    ]);
  });

  it.each([
    [{ password: "hunter2" }],
    [{ nested: { secretString: "hunter2" } }],
    [{ list: [{ authToken: "hunter2" }, { apiKey: { value: "hunter2" } }] }],
    [{ url: "https://user:hunter2@example.org/" }],
    [{ webhook: "https://hooks.slack.com/services/hunter2/hunter2" }],
    [{ env: [{ name: "DATABASE_PASSWORD", value: "hunter2" }] }],
    [{ it: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: "hunter2" } }],
  ])("never shows a secret's value: %j", (secret) => {
    expect(JSON.stringify(inputChanges({}, secret))).not.toContain("hunter2");
    expect(JSON.stringify(inputChanges(secret, {}))).not.toContain("hunter2");
  });

  it("shows whether a password is managed", () => {
    const [change] = inputChanges({ manageMasterUserPassword: true }, { manageMasterUserPassword: false });
    expect(change).toMatchObject({ from: "true", to: "false" });
  });
});

describe("withoutSensitive", () => {
  it("keeps references to secrets, which are none", () => {
    const reference = { secretKeyRef: { name: "slack", key: "webhook" }, secretName: "slack" };
    expect(withoutSensitive(reference)).toEqual(reference);
  });
});
