import { act, type Ending } from "../../../runbook/deploy/after-promotion.ts";
import { findRollbackTarget } from "../../../runbook/rollback/rollback-target.ts";
import { verifyReport } from "../../support/reports.ts";
import { stackToRollBack } from "../../support/rolling-back.ts";
import { releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

const [a, b, c] = [releaseNamed("a"), releaseNamed("b"), releaseNamed("c", { level: 3, oldest: 3 })];

/** A stack on which b is live and bad, and what its settling came to. */
async function badRelease() {
  const found = stackToRollBack({ resources: resourcesWith(b), updates: [updateOf(b, b), updateOf(a, a)] });
  const back = await findRollbackTarget(found.target, { release: b }, b);
  if (!("promoted" in back)) throw new Error(back.obstacle);
  const decision = { phase: "promoted", action: "rollback", reason: "more than 1 % fail", page: false } as const;
  const ending: Ending = { back, report: verifyReport((text) => text), decisions: [decision] };
  return { ...found, ending };
}

describe("act", () => {
  it("rolls back to the release that was promoted before", async () => {
    const { target, ups, ending } = await badRelease();
    const { rollback } = await act(target, b, ending);
    expect(ups).toEqual([expect.stringMatching(/^sparki rollback to a: b: promoted, but /)]);
    expect(rollback?.release).toEqual(a);
  });

  it("leaves alone what was promoted while the bad release had its time to settle", async () => {
    const { target, stack, ups, tags, ending } = await badRelease();
    stack.resources = resourcesWith(c);
    stack.updates = [updateOf(c, c), ...stack.updates];
    const { rollback, problem } = await act(target, b, ending);
    expect(problem).toMatchObject({
      outcome: "failed",
      exitCode: 1,
      reason: expect.stringContaining("not rolled back: since the rollback was decided, c went live in place of b"),
    });
    expect({ rollback, ups, tags: await tags.tags() }).toEqual({ rollback: undefined, ups: [], tags: {} });
  });
});
