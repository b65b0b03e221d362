import { begunReleases, forgetBegun, MOST_BEGUN, rememberBegun } from "../../../runbook/deploy/begun-releases.ts";
import { taggedStack } from "../../support/tagged-stack.ts";
import { releaseNamed } from "../../support/updates.ts";

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
