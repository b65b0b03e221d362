import { policies } from "../../../policies/all.ts";
import { fingerprint, mutationRecord, testBites } from "../../../policies/controls/mutation.ts";

const [first] = policies;
const name = first?.name ?? "";
const killed = { mutants: 2, killed: 2, sources: fingerprint(name) };

describe("testBites", () => {
  it.each(policies.map((policy) => policy.name))(
    "holds for %s (after a change: node tools/mutate-policies.ts)",
    (policy) => expect(testBites(policy, mutationRecord())).toBe(true),
  );

  it.each([
    ["nothing recorded", {}],
    ["a survivor", { [name]: { ...killed, killed: 1 } }],
    ["no mutants", { [name]: { ...killed, mutants: 0, killed: 0 } }],
    ["other sources", { [name]: { ...killed, sources: "" } }],
  ])("is denied by %s", (_title, record) => {
    expect(testBites(name, { [name]: killed })).toBe(true);
    expect(testBites(name, record)).toBe(false);
  });
});
