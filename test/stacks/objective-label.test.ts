import { alertKey, objectiveLabel } from "../../stacks/schema.ts";

describe("objectiveLabel", () => {
  it.each([
    ["errors", "errors"],
    ["slower than 5 s", "slower-than-5s"],
    ["slower than 100 ms", "slower-than-100ms"],
    ["P99 (api)", "p99-api"],
    ["!?", ""],
  ])("writes %s as %s", (name, label) => {
    expect(objectiveLabel({ name })).toBe(label);
  });
});

describe("alertKey", () => {
  it("is the same for names whose alerts could not be told apart", () => {
    expect(new Set(["errors", "Errors!", "Er-rors"].map((name) => alertKey({ name })))).toEqual(new Set(["errors"]));
  });
});
