import { isTransient, retry } from "../../../rehearsal/app/database.ts";

const coded = (code: string) => Object.assign(new Error(code), { code });

describe("retry", () => {
  it("goes on until it succeeds, and tells of each failure before", async () => {
    const told: number[] = [];
    let calls = 0;
    const act = async () => {
      calls += 1;
      if (calls < 3) throw coded("ECONNREFUSED");
      return "there";
    };
    const onRetry = (_error: unknown, attempt: number) => told.push(attempt);
    expect(await retry({ seconds: 5, isTransient, onRetry }, act)).toBe("there");
    expect(told).toEqual([1, 2]);
  });

  it("throws at once what trying again cannot fix", async () => {
    let calls = 0;
    const act = async () => {
      calls += 1;
      throw coded("42P01");
    };
    await expect(retry({ seconds: 5, isTransient }, act)).rejects.toThrow("42P01");
    expect(calls).toBe(1);
  });

  it("throws the last failure once the time is over", async () => {
    const start = performance.now();
    const act = () => Promise.reject(coded("ECONNREFUSED"));
    await expect(retry({ seconds: 0.2, isTransient }, act)).rejects.toThrow("ECONNREFUSED");
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("isTransient", () => {
  it.each([
    [coded("28P01"), true],
    [coded("57P01"), true],
    [coded("ENOTFOUND"), true],
    [new Error("Connection terminated unexpectedly"), true],
    [coded("23505"), false],
    [new Error("relation does not exist"), false],
    ["not an error", false],
  ])("says of %s: %s", (error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});
