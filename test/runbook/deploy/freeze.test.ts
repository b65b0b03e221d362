import fc from "fast-check";
import { freeze, frozenFor, rollbackProblem, tagDocument, thaw } from "../../../runbook/deploy/freeze.ts";
import { taggedStack } from "../../support/tagged-stack.ts";

describe("freeze", () => {
  it("keeps the reason with the stack until it is thawed", async () => {
    const stack = taggedStack();
    expect(await frozenFor(stack)).toBeUndefined();
    await freeze(stack, { reason: "no image:\n  gone" });
    expect(await frozenFor(stack)).toEqual({ reason: "no image: gone" });
    await thaw(stack);
    expect(Object.keys(await stack.tags())).toEqual([]);
  });

  it("keeps the release whose rollback is not proven, however long what went wrong", async () => {
    const stack = taggedStack();
    await freeze(stack, rollbackProblem("2026.11.1", `failed: ${"x".repeat(1000)}`));
    expect(await frozenFor(stack)).toEqual({
      reason: expect.stringMatching(/^the rollback to 2026\.11\.1 failed: x+$/),
      release: "2026.11.1",
    });
  });

  it.each([
    ["the rollback to 1.0 failed: no image", "1.0"],
    ["somebody said so", undefined],
    ["{", undefined],
    ['{"why": "not of ours"}', undefined],
  ])("reads %j, as an earlier version or a person wrote it", async (text, release) => {
    const stack = taggedStack();
    await stack.setTag("sparki:frozen", text);
    expect(await frozenFor(stack)).toEqual({ reason: text, ...(release && { release }) });
  });
});

describe("tagDocument", () => {
  it("is a document of at most 250 characters, whatever the reason", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (reason) => {
        const text = tagDocument({ release: "2026.11.1", outcome: "stopped", reason });
        expect(text.length).toBeLessThanOrEqual(250);
        expect(JSON.parse(text)).toMatchObject({ release: "2026.11.1", outcome: "stopped" });
      }),
    );
  });
});

describe("thaw", () => {
  it("changes nothing where nothing is frozen", async () => {
    await expect(thaw(taggedStack())).resolves.toBeUndefined();
  });
});
