import { conditionsOf, negate } from "../../../tools/mutation/conditions.ts";

const source = `
each("type", ({ props }, demand) => {
  demand("one", () => props.one === true);
  demand(vpc, "two", () => { return props.two; }, "update");
});
const other = [everyContainer("three", (container) => container.three), everyGrant(isLeast)];
`;

describe("conditionsOf", () => {
  it("finds every function that says whether a demand holds", () => {
    const texts = conditionsOf(source).map(({ start, end }) => source.slice(start, end));
    expect(texts).toEqual([
      "() => props.one === true",
      "() => { return props.two; }",
      "(container) => container.three",
      "isLeast",
    ]);
  });

  it("tells their lines", () => expect(conditionsOf(source).map(({ line }) => line)).toEqual([3, 4, 6, 6]));
});

describe("negate", () => {
  it("makes one condition say the opposite and leaves the rest as it is", () => {
    const [condition] = conditionsOf("demand('x', (n) => n > 1);");
    if (condition === undefined) throw new Error("no condition");
    expect(negate("demand('x', (n) => n > 1);", condition)).toBe(
      "demand('x', ((...args) => !((n) => n > 1)(...args)));",
    );
  });
});
