import { EngineRecord } from "../../../records/engine-record.ts";
import { act, type Ending } from "../../../runbook/deploy/after-promotion.ts";
import type { Recovery } from "../../../runbook/recovery/take-over.ts";
import type { RollbackTarget } from "../../../runbook/rollback/rollback-run.ts";
import { findRollbackTarget } from "../../../runbook/rollback/rollback-target.ts";
import { stepEvent } from "../../support/planning.ts";
import { verifyReport } from "../../support/reports.ts";
import { type FakeStack, resultOf, stackToRollBack } from "../../support/rolling-back.ts";
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

  describe("where something was left half-made", () => {
    const type = "kubernetes:helm.sh/v3:Release";
    const resource = { urn: `urn:pulumi:prod::sparki::${type}::engine-one-box`, type, custom: true, inputs: {} };

    /** A take-over that ends what is pending, and may find another release live then. */
    async function dead(meanwhile: (stack: FakeStack) => void = () => undefined) {
      const found = await badRelease();
      const { stack } = found;
      const seen: string[] = [];
      let pending: readonly object[] = [{ type: "updating", resource }];
      const engine: RollbackTarget["engine"] = {
        ...found.target.engine,
        exportState: async () => ({
          version: 3,
          deployment: { resources: stack.resources, pending_operations: pending },
        }),
        preview: async () => {
          seen.push("preview");
          return resultOf("succeeded");
        },
        up: async (watch) => {
          seen.push("up");
          if (seen.includes("adopt web")) return resultOf("succeeded");
          const event = stepEvent({ type: "kubernetes:core/v1:ConfigMap", name: "web", op: "create", after: {} });
          const metadata = event.resourcePreEvent?.metadata;
          if (metadata === undefined) throw new Error("no event");
          const said = { urn: metadata.urn, severity: "error" as const, message: "it already exists", color: "never" };
          watch?.(new EngineRecord(), { ...event, diagnosticEvent: said });
          watch?.(new EngineRecord(), { ...event, resOpFailedEvent: { metadata, status: 1, steps: 1 } });
          return resultOf("failed", "it already exists");
        },
      };
      const recovery: Pick<Recovery, "takeOverAlone" | "adoptTaken" | "adoptUnanswered"> = {
        takeOverAlone: async () => {
          seen.push("take over");
          pending = [];
          meanwhile(stack);
        },
        adoptTaken: async (taken) => {
          const names = taken.map(({ urn }) => urn.split("::").at(-1) ?? "");
          for (const name of names) seen.push(`adopt ${name}`);
          return names;
        },
        adoptUnanswered: async () => undefined,
      };
      const target = { ...found.target, engine };
      const back = await findRollbackTarget(target, { release: b }, b);
      if (!("promoted" in back)) throw new Error(back.obstacle);
      return { ...found, seen, recovery, target, ending: { ...found.ending, back } };
    }

    it("takes that over before its preview, and what its update finds there already", async () => {
      const { target, recovery, seen, ending } = await dead();
      const { rollback } = await act(target, b, ending, recovery);
      expect({ seen, release: rollback?.release.id }).toEqual({
        seen: ["take over", "preview", "up", "adopt web", "up"],
        release: "a",
      });
    });

    it("goes by what is there then: nothing is left that is not live any more", async () => {
      const { target, recovery, seen, ending } = await dead((stack) => {
        stack.resources = resourcesWith(c);
      });
      const { rollback, problem } = await act(target, b, ending, recovery);
      expect({ seen, rollback }).toEqual({ seen: ["take over"], rollback: undefined });
      expect(problem?.reason).toContain("not rolled back: c is live now, not b");
    });

    it("leaves it alone once somebody else's update has changed the stack", async () => {
      const { target, recovery, seen, ending, stack } = await dead();
      stack.resources = resourcesWith(c);
      const { problem } = await act(target, b, ending, recovery);
      expect(seen).toEqual([]);
      expect(problem?.reason).toContain("not rolled back: since the rollback was decided, c went live in place of b");
    });

    it("says why it did not roll back where the take-over fails", async () => {
      const { target, recovery, seen, ending } = await dead();
      const takeOverAlone = async () => {
        throw new Error("AWS has not finished database");
      };
      const { problem } = await act(target, b, ending, { ...recovery, takeOverAlone });
      expect(seen).toEqual([]);
      expect(problem?.reason).toContain("not rolled back: AWS has not finished database");
    });
  });
});
