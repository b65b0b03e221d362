import type { Objective } from "../../../gates/objective.ts";
import type { PrometheusCounts } from "../../../io/prometheus-counts.ts";
import { judgeLook, lookAtTraffic, type WatchLook } from "../../../runbook/watch/look.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../support/stack-config.ts";

const PROMOTED_AT = 1_800_000_000;
const config = parseConfig(rawConfig("prod"), "prod");

/** A look so many seconds after the promotion, where users' only requests all failed at these times. */
async function lookAfter(elapsedSeconds: number, failedAt: readonly number[]): Promise<WatchLook> {
  const at = PROMOTED_AT + elapsedSeconds;
  const countsSince = async (objectives: readonly Objective[], since: number) => {
    const requests = failedAt.filter((second) => PROMOTED_AT + second > since && second <= elapsedSeconds).length;
    const bad = ({ kind }: Objective) => (kind.type === "errors" ? requests : 0);
    const value = Object.fromEntries(objectives.map((each) => [each.name, { requests, bad: bad(each) }]));
    return { kind: "value", value } as const;
  };
  const source: PrometheusCounts = {
    countsSince,
    countsOver: (objectives, seconds) => countsSince(objectives, at - seconds),
    missingBuckets: async () => ({ kind: "no-data" }),
    reachOver: async (seconds) => ({ kind: "value", value: seconds }),
  };
  const counts = { users: source, synthetic: source, service: source, now: () => at };
  const seen = await lookAtTraffic({ counts, config, baseline: [], elapsedSeconds, timeScale: 1 });
  return judgeLook({ ...seen, checks: [] }, { at, elapsedSeconds, canRollBack: true, rollbackTried: false });
}

describe("a watch of a stack that hardly anybody uses", () => {
  it.each([30, 60, 120, 180, 240, 290, 3_000])(
    "does not roll back %d s after the only request, which failed",
    async (seconds) => {
      const { verdict, decision } = await lookAfter(1_000 + seconds, [1_000]);
      expect({ verdict, action: decision.action }).toEqual({ verdict: "inconclusive", action: "wait" });
    },
  );

  it("rolls back when a request in every minute of five failed", async () => {
    const { verdict, decision } = await lookAfter(1_290, [1_000, 1_060, 1_120, 1_180, 1_240]);
    expect({ verdict, action: decision.action }).toEqual({ verdict: "fail", action: "rollback" });
  });
});
