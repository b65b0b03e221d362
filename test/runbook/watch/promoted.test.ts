import { gatesIn, promotionTime } from "../../../runbook/watch/watch-run.ts";
import { releaseNamed, updateOf } from "../../support/updates.ts";

const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];

describe("promotionTime", () => {
  it("is the end of the update that promoted it, whatever came after", async () => {
    const updates = [
      updateOf(releaseNamed("3.0"), two, { endedAt: 500, result: "failed" }),
      updateOf(two, two, { endedAt: 400 }),
      updateOf(two, two, { endedAt: 300 }),
      updateOf(one, one, { endedAt: 200 }),
    ];
    expect(await promotionTime(updates, two)).toEqual({ promotedAt: 300, isReturned: false });
  });

  it("is the rollback's end for a release that was rolled back to, not its first promotion's", async () => {
    const updates = [
      updateOf(one, one, { endedAt: 400, message: "sparki rollback to 1.0: errors" }),
      updateOf(two, two, { endedAt: 300 }),
      updateOf(one, one, { endedAt: 200 }),
    ];
    expect(await promotionTime(updates, one)).toEqual({ promotedAt: 400, isReturned: true });
  });

  it("looks past an update of which nothing can be read", async () => {
    const updates = [updateOf(two, undefined, { endedAt: 500 }), updateOf(two, two, { endedAt: 400 })];
    expect(await promotionTime(updates, two)).toMatchObject({ promotedAt: 400 });
  });

  it("is not known where no update says so", async () => {
    expect(await promotionTime([updateOf(one, one)], two)).toBeUndefined();
  });
});

describe("gatesIn", () => {
  it("is empty where there is no evidence, or it cannot be read", () => {
    expect(gatesIn({})).toEqual([]);
    expect(gatesIn({ gates: { value: "other" } })).toEqual([]);
  });
});
