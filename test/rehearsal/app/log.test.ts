import { LineBudget, reasonOf } from "../../../rehearsal/app/log.ts";

describe("LineBudget", () => {
  it("lets so many lines through each second", () => {
    const budget = new LineBudget(2);
    const lines = [0, 10, 20, 999, 1000, 1001, 1002];
    expect(lines.map((at) => budget.take(at))).toEqual([true, true, false, false, true, true, false]);
  });
});

describe("reasonOf", () => {
  it("names every cause of a connection that was tried at several addresses", () => {
    expect(reasonOf(new AggregateError([new Error("one"), new Error("two")]))).toBe("one; two");
    expect(reasonOf("text")).toBe("text");
  });
});
