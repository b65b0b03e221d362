import type { GateResult, Verdict } from "../../../gates/verdict.ts";
import type { EngineResult } from "../../../records/engine-record.ts";
import type { AfterPromotion } from "../../../runbook/deploy/after-promotion.ts";
import { concludePromotion } from "../../../runbook/deploy/promotion-proof.ts";
import { verifyReport } from "../../support/reports.ts";
import { releaseNamed } from "../../support/updates.ts";

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
