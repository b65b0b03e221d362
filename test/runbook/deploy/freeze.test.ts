import { freeze, frozenReason, thaw } from "../../../runbook/deploy/freeze.ts";
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

describe("thaw", () => {
  it("changes nothing where nothing is frozen", async () => {
    await expect(thaw(taggedStack())).resolves.toBeUndefined();
  });
});
