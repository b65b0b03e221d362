import { connectionLimit } from "../../stacks/schema.ts";

describe("connectionLimit", () => {
  // RDS's own figures of LEAST(memory / 9531392, 5000) are up to a tenth higher: it keeps some of the memory.
  it.each([
    ["db.t4g.micro", 101],
    ["db.t4g.large", 811],
    ["db.m7g.large", 811],
    ["db.r7g.large", 1622],
    ["db.r7g.xlarge", 3244],
    ["db.r6gd.2xlarge", 5000],
    ["db.x2g.large", undefined],
    ["db.r5.large.tpc1.mem2x", undefined],
    ["db.r7g.2large", undefined],
    ["large", undefined],
  ])("is of %s %s", (instanceClass, limit) => expect(connectionLimit(instanceClass)).toBe(limit));
});
