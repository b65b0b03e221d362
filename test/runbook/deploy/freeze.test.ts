import { freeze, frozenReason, rollbackProblem, thaw, unprovenRelease } from "../../../runbook/deploy/freeze.ts";
import { taggedStack } from "../../support/tagged-stack.ts";

describe("freeze", () => {
  it("keeps the reason with the stack until it is thawed", async () => {
    const stack = taggedStack();
    expect(await frozenReason(stack)).toBeUndefined();
    await freeze(stack, "the rollback to 1.0 failed:\n  no image");
    expect(await frozenReason(stack)).toBe("the rollback to 1.0 failed: no image");
    await thaw(stack);
    expect(Object.keys(await stack.tags())).toEqual([]);
  });

  it("keeps no more than a backend takes", async () => {
    const stack = taggedStack();
    await freeze(stack, "x".repeat(1000));
    expect((await frozenReason(stack))?.length).toBeLessThanOrEqual(256);
  });
});

describe("unprovenRelease", () => {
  it("finds the release in the reason that a stack keeps, however long what went wrong", async () => {
    const stack = taggedStack();
    await freeze(stack, rollbackProblem("2026.11.1", `failed: ${"x".repeat(1000)}`));
    expect(unprovenRelease(await frozenReason(stack))).toBe("2026.11.1");
  });

  it("finds none where nothing is frozen, or for something else", () => {
    expect([undefined, "", "somebody said so"].map(unprovenRelease)).toEqual([undefined, undefined, undefined]);
  });
});

describe("thaw", () => {
  it("changes nothing where nothing is frozen", async () => {
    await expect(thaw(taggedStack())).resolves.toBeUndefined();
  });
});
