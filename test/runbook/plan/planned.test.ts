import fc from "fast-check";
import { inputChanges, PlannedResources, planEntries, withoutSensitive } from "../../../runbook/plan/planned.ts";
import { type Planned, stepEvent } from "../../support/planning.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const database = { type: "aws:rds/instance:Instance", name: "database-instance" };

function planned(...steps: readonly Planned[]) {
  const resources = new PlannedResources();
  for (const step of steps) resources.add(stepEvent(step));
  return resources.all;
}

describe("PlannedResources", () => {
  it("makes one replacement of its several steps, with what it is for", () => {
    const [before, after] = [
      { engine: "postgres", zone: "a" },
      { engine: "postgres", zone: "b" },
    ];
    const keys = ["zone"];
    const steps: Planned[] = [
      { ...database, op: "create-replacement", before, after, keys },
      { ...database, op: "replace", before, after, keys },
      { ...database, op: "delete-replaced", before },
    ];
    expect(planned(...steps)).toMatchObject([
      { action: "replace", replacedFor: ["zone"], changes: [{ path: "zone", from: "a", to: "b" }] },
    ]);
  });

  it("says of an unknown value that the deployment will tell", () => {
    const [resource] = planned({ ...database, op: "update", before: { host: "a" }, after: { host: UNKNOWN } });
    expect(resource?.changes).toEqual([{ path: "host", from: "a", to: "(known after deploy)" }]);
  });

  it("names what differs where both values of a secret look the same", () => {
    const same = { password: "[secret]" };
    const [resource] = planned({ ...database, op: "update", before: same, after: same, diffs: ["password"] });
    expect(resource?.changes).toEqual([{ path: "password", from: "(not shown)", to: "(not shown)" }]);
  });

  it("leaves out reads and providers", () => {
    expect(planned({ ...database, op: "read" }, { type: "pulumi:providers:aws", name: "aws", op: "create" })).toEqual(
      [],
    );
  });
});

describe("planEntries", () => {
  const role = { type: "aws:iam/role:Role", name: "node-role" };

  it("holds no name that each preview makes up again", () => {
    const entries = (name: string) => planEntries(planned({ ...role, op: "create", after: { name, path: "/" } }));
    expect(entries("node-role-1234abc")).toEqual(entries("node-role-7654cba"));
    expect(entries("node-role-1234abc")).not.toEqual(entries("other-role"));
  });

  it("holds nothing of what stays the same", () => {
    expect(planEntries(planned({ ...role, op: "same", before: {}, after: {} }))).toEqual({});
  });
});

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
