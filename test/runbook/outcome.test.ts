import type { GateResult, Verdict } from "../../gates/verdict.ts";
import type { EngineResult, Step } from "../../runbook/engine-record.ts";
import { outcomeOf } from "../../runbook/outcome.ts";

const good: EngineResult = {
  outcome: "succeeded",
  steps: [],
  diagnostics: [],
  policy: { checked: 10, violations: [] },
  changes: {},
  seconds: 1,
  failure: undefined,
};
const bad: EngineResult = { ...good, outcome: "failed", failure: "it broke" };
const gate = (verdict: Verdict): GateResult => ({
  gate: "engine-one-box",
  objective: "errors",
  verdict,
  requests: 100,
  bad: 5,
  measured: 0.05,
  limit: 0.001,
  lower: 0.01,
  upper: 0.1,
  needed: 0,
  synthetic: 100,
  reason: "5 of 100",
});
const failedStep = (type: string): EngineResult => {
  const step: Step = { urn: "u", name: "n", type, op: "create", startSeconds: 0, endSeconds: 1, status: "failed" };
  return { ...bad, steps: [step] };
};
const violated: EngineResult = {
  ...bad,
  policy: { checked: 1, violations: [{ policy: "S1", level: "mandatory", resource: "r", message: "m" }] },
};

describe("outcomeOf", () => {
  it.each([
    ["everything succeeded", { preview: good, up: good, gates: [gate("pass")] }, "promoted", 0],
    ["nothing had to change", { preview: good, up: good, gates: [] }, "promoted", 0],
    ["a gate failed", { preview: good, up: bad, gates: [gate("pass"), gate("fail")] }, "stopped", 1],
    ["a gate could not decide", { preview: good, up: bad, gates: [gate("inconclusive")] }, "held", 3],
    ["a gate could not look", { preview: good, up: bad, gates: [gate("error")] }, "held", 3],
    [
      "a chart did not install",
      { preview: good, up: failedStep("kubernetes:helm.sh/v3:Release"), gates: [] },
      "stopped",
      1,
    ],
    ["a migration failed", { preview: good, up: failedStep("command:local:Command"), gates: [] }, "stopped", 1],
    ["AWS refused something", { preview: good, up: failedStep("aws:rds/instance:Instance"), gates: [] }, "failed", 4],
    ["a policy refused the preview", { preview: violated, up: undefined, gates: [] }, "stopped", 1],
    [
      "the config is wrong",
      { preview: { ...bad, failure: "SPARKI_CONFIG: domain is missing" }, up: undefined, gates: [] },
      "stopped",
      2,
    ],
    ["the preview broke otherwise", { preview: bad, up: undefined, gates: [] }, "failed", 4],
  ])("when %s", (_, deployment, outcome, exitCode) => {
    expect(outcomeOf(deployment)).toMatchObject({ outcome, exitCode });
  });

  it("gives a refusing gate's own reason", () => {
    expect(outcomeOf({ preview: good, up: bad, gates: [gate("fail")] }).reason).toBe(
      "engine-one-box, errors: 5 of 100",
    );
  });
});
