import type { GateResult, Verdict } from "../../../gates/gate.ts";
import { EngineRecord, type EngineResult } from "../../../records/engine-record.ts";
import {
  type AfterPromotion,
  act,
  concludePromotion,
  type VerifiedEnding,
} from "../../../runbook/deploy/after-promotion.ts";
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
  const ending: VerifiedEnding = { back, report: verifyReport((text) => text), decisions: [decision] };
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

const release = releaseNamed("b");
const up: EngineResult = {
  outcome: "succeeded",
  steps: [],
  diagnostics: [],
  policy: { checked: 10, violations: [] },
  changes: {},
  seconds: 1,
  failure: undefined,
};

const result = (gate: string, phase: "fleet" | "cutover", verdict: Verdict, reason: string): GateResult => {
  const counts = { requests: 1, bad: 0, measured: 0, limit: 0, lower: 0, upper: 0, needed: 0, synthetic: 1 };
  return { gate, phase, kind: "health", objective: gate, verdict, ...counts, reason };
};

/** What a promotion comes to with these findings, and what was asked for it. */
async function concluded(found: { digests?: GateResult; name?: GateResult; problem?: AfterPromotion["problem"] }) {
  const asked: string[] = [];
  const noted = async <T>(what: string, answer: T) => {
    asked.push(what);
    return answer;
  };
  const ending = { phase: "cutover", verdict: "pass", reason: "every gate passed" } as const;
  const watched = { phase: "promoted", action: "proceed", reason: "it meets its objectives", page: false } as const;
  const after = { verify: verifyReport((text) => text), rollback: undefined, decisions: [watched] };
  const conclusion = await concludePromotion(
    { domain: "prod.sparki.tools", release, deployment: { preview: up, refusal: undefined, up, gates: [] }, ending },
    {
      digests: () => noted("digests", [found.digests ?? result("fleet", "fleet", "pass", "as expected")]),
      name: () => noted("name", [found.name ?? result("DNS", "cutover", "pass", "as expected")]),
      verify: () => noted("verify", { ...after, problem: found.problem }),
    },
  );
  return { conclusion, asked };
}

describe("concludePromotion", () => {
  it("counts a promotion whose pods run, whose name leads to them and which is verified", async () => {
    const { conclusion, asked } = await concluded({});
    expect(conclusion).toMatchObject({ outcome: "promoted", exitCode: 0, reason: "every gate passed", live: release });
    expect(asked).toEqual(["digests", "name", "verify"]);
    const told = conclusion.decisions.map(({ phase, action, gate }) => [phase, action, gate]);
    expect(told).toEqual([
      ["fleet", "proceed", "fleet"],
      ["cutover", "proceed", "DNS"],
      ["cutover", "proceed", undefined],
      ["promoted", "proceed", undefined],
    ]);
  });

  it.each(["fail", "error", "inconclusive"] as const)(
    "holds where DNS keeps its old answer (%s): nothing is verified by it, nobody is paged, nothing is rolled back (F45)",
    async (verdict) => {
      const name = result("DNS", "cutover", verdict, "after 300 s: prod.sparki.tools does not resolve");
      const { conclusion, asked } = await concluded({ name });
      expect(conclusion).toMatchObject({ outcome: "held", exitCode: 3, rollback: undefined, verify: undefined });
      expect(conclusion.live).toEqual(release);
      expect(conclusion.reason).toBe(
        "promoted, but DNS does not lead to it: after 300 s: prod.sparki.tools does not resolve. Nothing more was changed. " +
          "Next: nslookup prod.sparki.tools, and npx sparki preflight for the delegation; once it resolves to the load balancer, run the same command again",
      );
      expect(asked).toEqual(["digests", "name"]);
      expect(conclusion.decisions.at(-1)).toMatchObject({
        phase: "cutover",
        action: "hold",
        page: false,
        rule: "the public entrance is not proven: DNS keeps its old answer",
      });
    },
  );

  it("asks a person where other pods run than the release's own, and asks nothing more", async () => {
    const digests = result("fleet", "fleet", "fail", "engine fleet runs sha256:other");
    const { conclusion, asked } = await concluded({ digests });
    const reason = "promoted, but engine fleet runs sha256:other";
    expect(conclusion).toMatchObject({ outcome: "failed", exitCode: 4, reason, verify: undefined });
    expect(conclusion.decisions.at(-1)).toMatchObject({ phase: "promoted", action: "escalate", page: true });
    expect(asked).toEqual(["digests"]);
  });

  it("ends as the verification does where that found the release not well", async () => {
    const problem = { outcome: "failed", exitCode: 1, reason: "promoted, but Smoke tests: 1 of 4" } as const;
    const { conclusion } = await concluded({ problem });
    expect(conclusion).toMatchObject({ ...problem, live: release });
  });
});
