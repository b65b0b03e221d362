import { zoneProblem } from "../../stacks/fields.ts";

const region = { names: ["us-east-1a", "us-east-1b", "us-east-1c"], zoneIds: ["use1-az1", "use1-az3", "use1-az2"] };

describe("zoneProblem", () => {
  it("finds nothing wrong with zones that EKS takes", () => {
    expect(zoneProblem(["us-east-1a", "us-east-1c"], region)).toBeUndefined();
  });

  it.each([
    [
      "us-east-1b",
      "us-east-1b is use1-az3 in this account, where EKS supports no clusters; expected some of us-east-1a, us-east-1c",
    ],
    ["us-east-1f", "us-east-1f is not a zone of this account; expected some of us-east-1a, us-east-1c"],
  ])("tells what is wrong with %s, and which there are", (zone, words) => {
    expect(zoneProblem(["us-east-1a", zone], region)).toBe(words);
  });

  it.each([
    ["us-west-1b", "usw1-az2"],
    ["ca-central-1d", "cac1-az3"],
  ])("goes by the id, in every region that has such a zone: %s", (zone, id) => {
    expect(zoneProblem([zone], { names: [zone], zoneIds: [id] })).toContain(`${zone} is ${id}`);
  });
});
