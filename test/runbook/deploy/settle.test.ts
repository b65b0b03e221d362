import fc from "fast-check";
import type { Counts } from "../../../gates/objective.ts";
import { type SettlePorts, settle } from "../../../runbook/deploy/after-promotion.ts";
import type { Status } from "../../../runbook/preflight/check.ts";
import type { VerifyReport } from "../../../runbook/verify/verify.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const check = (status: Status) => ({ id: "e2e", title: "End-to-end tests", status, reason: "exit 1", seconds: 1 });
const report = (status: Status): VerifyReport => ({
  stack: "prod",
  release: "2.0",
  outcome: "failed",
  exitCode: 1,
  seconds: 1,
  checks: [check(status)],
  slos: [],
  success: [],
});
const FEW: Counts = { requests: 1000, bad: 0 };
const MANY: Counts = { requests: 1000, bad: 50 };

interface Given {
  readonly first?: Status;
  /** What it is verified to be once it has settled. */
  readonly again?: Status;
  /** Errors by the seconds since the promotion. */
  readonly errors?: (seconds: number) => Counts;
  readonly canRollBack?: boolean;
  readonly timeScale?: number;
}

async function settled({ first = "fail", again = "fail", errors = () => FEW, ...given }: Given = {}) {
  const clock = fakeClock();
  const { canRollBack = true, timeScale = 1 } = given;
  const ports: SettlePorts = {
    clock,
    signal: new AbortController().signal,
    timeScale,
    errors: async () => errors(clock.now() / timeScale),
    verify: async () => report(again),
    canRollBack,
    onProgress: () => undefined,
  };
  const { decisions } = await settle(report(first), ports);
  return { seconds: clock.now(), decisions, action: decisions.at(-1)?.action, page: decisions.at(-1)?.page };
}

describe("settle", () => {
  it("gives five minutes, then proceeds when it verifies after all", async () => {
    const { seconds, decisions, action } = await settled({ again: "pass" });
    expect({ seconds, action }).toEqual({ seconds: 300, action: "proceed" });
    expect(decisions.map((decision) => decision.action)).toEqual(["wait", "proceed"]);
  });

  it("escalates and pages what is still wrong with few errors, with what is wrong", async () => {
    const { action, page, decisions } = await settled();
    expect({ action, page }).toEqual({ action: "escalate", page: true });
    expect(decisions.at(-1)?.reason).toContain("(End-to-end tests: exit 1)");
  });

  it("rolls back once more than 1 % have failed for five minutes", async () => {
    const { seconds, action } = await settled({ errors: () => MANY });
    expect({ seconds, action }).toEqual({ seconds: 300, action: "rollback" });
  });

  it("waits on where errors began late, until they have lasted five minutes", async () => {
    const { seconds, decisions } = await settled({ errors: (at) => (at < 200 ? FEW : MANY) });
    expect(decisions.map(({ action }) => action)).toEqual(["wait", "wait", "rollback"]);
    expect(seconds).toBeGreaterThanOrEqual(500);
    expect(seconds).toBeLessThan(530);
  });

  it("escalates when the errors stop before they have lasted so long", async () => {
    expect((await settled({ errors: (at) => (at > 100 && at < 350 ? MANY : FEW) })).action).toBe("escalate");
  });

  it("escalates where there is no release to roll back to", async () => {
    expect(await settled({ errors: () => MANY, canRollBack: false })).toMatchObject({ action: "escalate", page: true });
  });

  it("holds, and changes nothing, what is only not proven", async () => {
    expect(await settled({ first: "warn", again: "warn" })).toMatchObject({ action: "hold", page: false });
  });

  it("takes a rehearsal's time, not the runbook's", async () => {
    const { seconds, action } = await settled({ errors: () => MANY, timeScale: 0.01 });
    expect(action).toBe("rollback");
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it("gives real servers real time in a rehearsal, however fast its time runs", async () => {
    expect(await settled({ again: "pass", timeScale: 0.001 })).toMatchObject({ seconds: 45, action: "proceed" });
  });

  it("always ends, and rolls back only after five minutes of high errors", async () => {
    const high = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(high, fc.constantFrom<Status>("pass", "warn", "fail"), async (looks, again) => {
        const errors = (at: number) => (looks[Math.floor(at / 15) % looks.length] ? MANY : FEW);
        const { seconds, action } = await settled({ errors, again });
        expect(action).not.toBe("wait");
        if (action !== "rollback") return;
        const before = Array.from({ length: 20 }, (_, index) => errors(seconds - index * 15));
        expect(before.every((counts) => counts === MANY)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
