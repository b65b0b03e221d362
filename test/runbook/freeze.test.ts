import { freeze, frozenReason, thaw } from "../../runbook/freeze.ts";

function taggedStack() {
  const tags = new Map<string, string>();
  return {
    tags,
    tag: async (name: string) => tags.get(name),
    setTag: async (name: string, value: string | undefined) => {
      if (value === undefined && !tags.delete(name)) throw new Error("no such tag");
      if (value !== undefined) tags.set(name, value);
    },
  };
}

describe("freeze", () => {
  it("keeps the reason with the stack until it is thawed", async () => {
    const stack = taggedStack();
    expect(await frozenReason(stack)).toBeUndefined();
    await freeze(stack, "the rollback to 1.0 failed:\n  no image");
    expect(await frozenReason(stack)).toBe("the rollback to 1.0 failed: no image");
    await thaw(stack);
    expect(stack.tags.size).toBe(0);
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
