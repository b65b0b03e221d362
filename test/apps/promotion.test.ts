import { earlierThan } from "../../apps/promotion.ts";
import { recordOf, releaseNamed } from "../support/updates.ts";

const [a, b, c] = ["a", "b", "c"].map((id) => recordOf(releaseNamed(id))) as [
  ReturnType<typeof recordOf>,
  ReturnType<typeof recordOf>,
  ReturnType<typeof recordOf>,
];
const helm = (chart: string, values = "v") => ({
  "engine-fleet": { revision: 1, chart, content: `content of ${chart}`, values },
});

describe("earlierThan", () => {
  it("keeps what was promoted before, newest first, whoever ran the updates (W110)", () => {
    expect(earlierThan(b, { ...a, earlier: [] })).toEqual([a]);
    expect(earlierThan(c, { ...b, earlier: [a] })).toEqual([b, a]);
  });

  it("stays as it is when the same is promoted again, under other revisions of Helm", () => {
    const again = { ...b, revisions: { engine: 9, web: 9 } };
    expect(earlierThan(again, { ...b, earlier: [a] })).toEqual([a]);
  });

  it("takes another chart, or another value, of the same release for another promotion (W31)", () => {
    const before = { ...b, helm: helm("one") };
    expect(earlierThan({ ...b, helm: helm("two") }, { ...before, earlier: [a] })).toEqual([before, a]);
    expect(earlierThan({ ...b, helm: helm("one", "other") }, { ...before, earlier: [a] })).toEqual([before, a]);
  });

  it("puts what a rollback left last, and takes the mark off when it is deployed again", () => {
    const left = { ...b, left: true } as const;
    expect(earlierThan(a, { ...b, earlier: [a] }, true)).toEqual([left]);
    expect(earlierThan(a, { ...c, earlier: [b, a] }, true)).toEqual([{ ...c, left: true }, left]);
    expect(earlierThan(b, { ...c, earlier: [b, a] }, true)).toEqual([a, { ...c, left: true }]);
    expect(earlierThan(b, { ...a, earlier: [left] }, false)).toEqual([a]);
    expect(earlierThan(c, { ...a, earlier: [left] }, false)).toEqual([a, left]);
    expect(earlierThan(a, { ...b, earlier: [a] }, false)).toEqual([b]);
  });

  it("leaves all that it knows when a rollback goes to a release from before that", () => {
    expect(earlierThan(c, { ...b, earlier: [a] }, true)).toEqual([
      { ...b, left: true },
      { ...a, left: true },
    ]);
  });

  it("is empty where nothing was promoted, or what was cannot be read", () => {
    expect(earlierThan(a, undefined)).toEqual([]);
    expect(earlierThan(a, { release: "a" })).toEqual([]);
  });

  it("keeps ten at most", () => {
    const many = Array.from({ length: 15 }, (_, index) => recordOf(releaseNamed(`r${index}`)));
    expect(earlierThan(a, { ...b, earlier: many })).toHaveLength(10);
  });
});
