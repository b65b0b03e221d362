import { differenceOf } from "../../../rehearsal/provider/model.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";

interface Case {
  readonly what: string;
  readonly olds: Properties;
  readonly news: Properties;
  readonly immutable?: readonly string[];
  readonly detailed: Record<string, string>;
}

const CASES: readonly Case[] = [
  { what: "nothing", olds: { a: [1, { b: 2 }] }, news: { a: [1, { b: 2 }] }, detailed: {} },
  { what: "an addition", olds: {}, news: { a: 1 }, detailed: { a: "add" } },
  { what: "a removal", olds: { a: 1 }, news: {}, detailed: { a: "delete" } },
  { what: "null as absent", olds: { a: null }, news: {}, detailed: {} },
  {
    what: "a change inside a list",
    olds: { a: [{ b: 1 }] },
    news: { a: [{ b: 2 }] },
    detailed: { "a[0].b": "update" },
  },
  { what: "a longer list", olds: { a: [1] }, news: { a: [1, 2] }, detailed: { "a[1]": "add" } },
  { what: "a key that is no name", olds: {}, news: { a: { "x/y": 1 } }, detailed: { a: "add" } },
  {
    what: "such a key's change",
    olds: { a: { "x/y": 1 } },
    news: { a: { "x/y": 2 } },
    detailed: { 'a["x/y"]': "update" },
  },
  {
    what: "an immutable property",
    olds: { a: 1, b: 1 },
    news: { a: 2, b: 2 },
    immutable: ["a"],
    detailed: { a: "update-replace", b: "update" },
  },
  {
    what: "what is below an immutable path, in a list",
    olds: { a: [{ b: { c: 1 } }], ab: 1 },
    news: { a: [{ b: { c: 2 } }], ab: 2 },
    immutable: ["a.b"],
    detailed: { "a[0].b.c": "update-replace", ab: "update" },
  },
  {
    what: "everything immutable but tags and one exception",
    olds: { a: 1, tags: { x: "1" }, description: "1" },
    news: { a: 2, tags: { x: "2" }, description: "2" },
    immutable: ["*", "!description"],
    detailed: { a: "update-replace", "tags.x": "update", description: "update" },
  },
];

describe("differenceOf", () => {
  it.each(CASES)("tells $what", ({ olds, news, immutable = [], detailed }) => {
    expect(differenceOf(olds, news, immutable).detailed).toEqual(detailed);
  });
});
