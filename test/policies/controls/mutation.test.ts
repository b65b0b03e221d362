import { policies } from "../../../policies/all.ts";
import { fingerprint, mutationRecord, testBites } from "../../../policies/controls/report.ts";

const name = "database-backups";
const file = "database";
const killed = { mutants: 2, killed: 2, sources: fingerprint(file) };

describe("testBites", () => {
  it.each(policies.map((policy) => policy.name))(
    "holds for %s (after a change: node tools/mutate-policies.ts)",
    (policy) => expect(testBites(policy, mutationRecord())).toBe(true),
  );

  it.each([
    ["nothing recorded", {}],
    ["a survivor", { [file]: { ...killed, killed: 1 } }],
    ["no mutants", { [file]: { ...killed, mutants: 0, killed: 0 } }],
    ["other sources", { [file]: { ...killed, sources: "" } }],
  ])("is denied by %s", (_title, record) => {
    expect(testBites(name, { [file]: killed })).toBe(true);
    expect(testBites(name, record)).toBe(false);
  });
});
