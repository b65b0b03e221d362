import { PHASES, VERDICTS } from "../../gates/gate.ts";
import { decide, FACTS, type Facts, factsOf, rulesFor, type TreeState } from "../../gates/tree.ts";

const calm: TreeState = {
  phase: "one-box",
  verdict: "pass",
  elapsedSeconds: 10,
  deadlineSeconds: 600,
  canRollBack: true,
  hasState: true,
  destroyRequested: false,
  rollbackTried: false,
  highErrorSeconds: 0,
};

/** Every state that differs for the tree: all phases and verdicts, all facts, times before, at and after each bound. */
function* states(): Generator<TreeState> {
  const flags = [false, true];
  for (const phase of PHASES)
    for (const verdict of VERDICTS)
      for (const elapsedSeconds of [0, 299, 300, 599, 600, 90_000, Number.NaN])
        for (const highErrorSeconds of [0, 1, 299, 300, 10_000])
          for (const canRollBack of flags)
            for (const hasState of flags)
              for (const destroyRequested of flags)
                for (const rollbackTried of flags)
                  yield {
                    ...calm,
                    phase,
                    verdict,
                    elapsedSeconds,
                    highErrorSeconds,
                    canRollBack,
                    hasState,
                    destroyRequested,
                    rollbackTried,
                  };
}

describe("decide", () => {
  it("has exactly one rule for every state", () => {
    const wrong = [...states()].filter((state) => rulesFor(state.phase, state.verdict, factsOf(state)).length !== 1);
    expect(wrong).toEqual([]);
  });

  it("has exactly one rule for every combination of facts, even those that time alone never makes", () => {
    const combinations = Array.from({ length: 2 ** FACTS.length }, (_, bits): Facts => {
      const fact = (name: keyof Facts) => ((bits >> FACTS.indexOf(name)) & 1) === 1;
      return {
        timeLeft: fact("timeLeft"),
        canRollBack: fact("canRollBack"),
        hasState: fact("hasState"),
        destroyRequested: fact("destroyRequested"),
        rollbackTried: fact("rollbackTried"),
        settling: fact("settling"),
        highErrors: fact("highErrors"),
        sustained: fact("sustained"),
      };
    });
    const counts = PHASES.flatMap((phase) =>
      VERDICTS.flatMap((verdict) => combinations.map((facts) => rulesFor(phase, verdict, facts).length)),
    );
    expect(new Set(counts)).toEqual(new Set([1]));
  });

  it("never waits for ever: as time goes on, every wait ends in another action", () => {
    const later = (state: TreeState): TreeState => ({
      ...state,
      elapsedSeconds: state.elapsedSeconds + 600,
      highErrorSeconds: state.highErrorSeconds === 0 ? 0 : state.highErrorSeconds + 600,
    });
    const stuck = [...states()].filter(
      (state) => decide(state).action === "wait" && decide(later(state)).action === "wait",
    );
    expect(stuck).toEqual([]);
  });

  it("proceeds only on pass", () => {
    for (const state of states()) if (decide(state).action === "proceed") expect(state.verdict).toBe("pass");
  });

  it("never rolls back twice, nor without a release to roll back to, and destroys only where nothing holds data", () => {
    for (const state of states()) {
      const { action } = decide(state);
      if (action === "rollback")
        expect(state).toMatchObject({ canRollBack: true, rollbackTried: false, verdict: "fail" });
      if (action === "destroy")
        expect(state).toMatchObject({ phase: "infrastructure", hasState: false, destroyRequested: true });
    }
  });

  it.each<[string, Partial<TreeState>, string, boolean]>([
    ["a bad one-box", { verdict: "fail" }, "rollback", false],
    ["a bad fleet", { phase: "fleet", verdict: "fail" }, "rollback", false],
    ["a bad first release", { verdict: "fail", canRollBack: false }, "stop", true],
    ["a one-box without traffic, early", { verdict: "inconclusive" }, "wait", false],
    ["a one-box without traffic, at the deadline", { verdict: "inconclusive", elapsedSeconds: 600 }, "hold", false],
    ["a one-box whose metrics are down", { verdict: "error", elapsedSeconds: 600 }, "hold", false],
    ["a failing migration", { phase: "database", verdict: "fail" }, "stop", false],
    ["failing infrastructure", { phase: "infrastructure", verdict: "fail" }, "stop", false],
    [
      "failing infrastructure to be destroyed",
      { phase: "infrastructure", verdict: "fail", destroyRequested: true, hasState: false },
      "destroy",
      false,
    ],
    [
      "failing infrastructure with data",
      { phase: "infrastructure", verdict: "fail", destroyRequested: true },
      "stop",
      false,
    ],
    ["an already burning budget", { phase: "preflight", verdict: "fail" }, "stop", false],
    ["a certificate that is pending", { phase: "cutover", verdict: "fail", elapsedSeconds: 600 }, "hold", false],
    ["errors just after the promotion", { phase: "promoted", verdict: "fail", highErrorSeconds: 200 }, "wait", false],
    [
      "errors at 5 min, for 4 min",
      { phase: "promoted", verdict: "fail", elapsedSeconds: 300, highErrorSeconds: 240 },
      "wait",
      false,
    ],
    [
      "errors for 5 min",
      { phase: "promoted", verdict: "fail", elapsedSeconds: 300, highErrorSeconds: 300 },
      "rollback",
      false,
    ],
    ["a broken objective under 1 %", { phase: "promoted", verdict: "fail", elapsedSeconds: 400 }, "escalate", true],
    [
      "errors after a rollback",
      { phase: "promoted", verdict: "fail", elapsedSeconds: 400, highErrorSeconds: 300, rollbackTried: true },
      "escalate",
      true,
    ],
    ["a verified rollback", { phase: "rollback" }, "stop", false],
    ["a failed rollback", { phase: "rollback", verdict: "fail" }, "stop", true],
  ])("for %s", (_, change, action, page) => {
    expect(decide({ ...calm, ...change })).toMatchObject({ action, page, reason: expect.stringMatching(/\w/) });
  });
});
