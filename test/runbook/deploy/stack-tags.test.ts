import fc from "fast-check";
import {
  begunReleases,
  forgetBegun,
  freeze,
  frozenFor,
  MOST_BEGUN,
  rememberBegun,
  rollbackProblem,
  tagDocument,
  thaw,
} from "../../../runbook/deploy/stack-tags.ts";
import { taggedStack } from "../../support/tagged-stack.ts";
import { releaseNamed } from "../../support/updates.ts";

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

const [a, b] = [releaseNamed("a", { level: 3, oldest: 2 }), releaseNamed("b")];

describe("the releases whose deployments were begun", () => {
  it("are kept with what they may have made of the database, newest first, each once", async () => {
    const stack = taggedStack();
    for (const [index, release] of [a, b, a].entries()) await rememberBegun(stack, release, 100.5 + index);
    const digest = a.images.engine.split("@")[1];
    expect(begunReleases(await stack.tags())).toMatchObject([
      { id: "a", digest, schema: a.schema, at: 102 },
      { id: "b", at: 101 },
    ]);
  });

  it("are forgotten once one is promoted, and nothing else is", async () => {
    const stack = taggedStack();
    await stack.setTag("owner", "ada");
    for (const [index, release] of [a, b].entries()) await rememberBegun(stack, release, 100 + index);
    await forgetBegun(stack);
    expect(await stack.tags()).toEqual({ owner: "ada" });
  });

  it("are bounded in number and length, whatever their names are", async () => {
    const stack = taggedStack();
    const long = (index: number) => ({
      ...releaseNamed(`${index}`, { level: 9999, oldest: 9999 }),
      id: `${index}`.repeat(40).slice(0, 40),
      images: {
        ...a.images,
        engine: `registry.example.com/${"x".repeat(300)}@sha256:${`${index}`.repeat(64).slice(0, 64)}`,
      },
    });
    for (let index = 1; index <= MOST_BEGUN + 3; index++)
      await rememberBegun(stack, long(index), 1_795_433_000 + index);
    const kept = begunReleases(await stack.tags());
    expect({ most: kept.length, newest: kept[0]?.id }).toEqual({ most: MOST_BEGUN, newest: long(MOST_BEGUN + 3).id });
    for (const [name, value] of Object.entries(await stack.tags())) {
      expect(name.length).toBeLessThanOrEqual(40);
      expect(value.length).toBeLessThanOrEqual(250);
    }
  });

  it("are none that a later version wrote in another way", () => {
    expect(begunReleases({ "sparki:begun-1": "a", "sparki:begun-2": "{}", "sparki:frozen": "{}" })).toEqual([]);
  });
});
