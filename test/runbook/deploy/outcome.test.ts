import type { GateResult, Verdict } from "../../../gates/gate.ts";
import type { EngineResult, Step } from "../../../records/engine-record.ts";
import { type Deployment, decideOn, decisionsOf, endingOf, outcomeOf } from "../../../runbook/deploy/deployment.ts";
import { subjectNamed } from "../../support/gate-subjects.ts";

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
const gate = (verdict: Verdict, name = "engine one-box"): GateResult => ({
  ...subjectNamed(name),
  kind: "objective",
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
const failedStep = (type: string, name = "n"): EngineResult => {
  const step: Step = { urn: "u", name, type, op: "create", startSeconds: 0, endSeconds: 1, status: "failed" };
  return { ...bad, steps: [step] };
};
const RELEASE = "kubernetes:helm.sh/v3:Release";
const wrongConfig: EngineResult = { ...bad, failure: "domain is missing", code: "SPARKI_CONFIG" };
const violated: EngineResult = {
  ...bad,
  policy: { checked: 1, violations: [{ policy: "S1", level: "mandatory", resource: "r", message: "m" }] },
};

/** What a deploy came to where a rollback is not possible. */
const ended = (deployment: Deployment) => {
  const ending = endingOf(deployment);
  return outcomeOf(deployment, ending, decideOn(ending, { canRollBack: false, hasState: true }).action);
};

describe("outcomeOf", () => {
  it.each<[string, Deployment, string, number]>([
    ["everything succeeded", { preview: good, up: good, gates: [gate("pass")] }, "promoted", 0],
    ["nothing had to change", { preview: good, up: good, gates: [] }, "promoted", 0],
    ["a gate failed", { preview: good, up: bad, gates: [gate("pass"), gate("fail")] }, "stopped", 1],
    ["a gate could not decide", { preview: good, up: bad, gates: [gate("inconclusive")] }, "held", 3],
    ["a gate could not look", { preview: good, up: bad, gates: [gate("error")] }, "held", 3],
    ["the public entrance does not respond", { preview: good, up: bad, gates: [gate("fail", "entrance")] }, "held", 3],
    ["the budget burns already", { preview: good, up: bad, gates: [gate("fail", "start engine")] }, "stopped", 1],
    ["a chart did not install", { preview: good, up: failedStep(RELEASE), gates: [] }, "stopped", 1],
    ["a migration failed", { preview: good, up: failedStep("command:local:Command"), gates: [] }, "stopped", 1],
    ["AWS refused something", { preview: good, up: failedStep("aws:rds/instance:Instance"), gates: [] }, "failed", 4],
    [
      "AWS refused what is wrong in itself (W10)",
      {
        preview: good,
        up: { ...failedStep("aws:lb/targetGroup:TargetGroup"), failure: "api error ValidationError: name is too long" },
        gates: [],
      },
      "stopped",
      1,
    ],
    [
      "the provider refused the preview (W10)",
      {
        preview: { ...bad, failure: 'resource "x" has a problem: "name" cannot be longer than 32' },
        up: undefined,
        gates: [],
      },
      "stopped",
      1,
    ],
    ["it was interrupted", { preview: good, up: { ...bad, outcome: "interrupted" }, gates: [] }, "failed", 4],
    ["a policy refused the preview", { preview: violated, up: undefined, gates: [] }, "stopped", 1],
    ["a policy stopped the update", { preview: good, up: violated, gates: [] }, "stopped", 1],
    ["the config is wrong", { preview: wrongConfig, up: undefined, gates: [] }, "stopped", 2],
    ["the preview broke otherwise", { preview: bad, up: undefined, gates: [] }, "failed", 4],
    ["a check refused to begin", { preview: good, refusal: "no image", up: undefined, gates: [] }, "stopped", 1],
  ])("when %s", (_, deployment, outcome, exitCode) => {
    expect(ended(deployment)).toMatchObject({ outcome, exitCode });
  });

  it.each([
    "0/6 nodes are available: 6 node(s) were unschedulable. preemption: 0/6 nodes are available",
    "0/3 nodes are available: 3 node(s) had untolerated taint(s)",
    "no nodes available to schedule pods",
  ])("can be resumed where no node takes pods, whichever phase notices: %s (F07)", (words) => {
    const noticed = { preview: good, up: bad, gates: [{ ...gate("fail", "web one-box"), words }] };
    expect(ended(noticed)).toMatchObject({ outcome: "failed", exitCode: 4 });
    const job = { ...failedStep("command:local:Command"), failure: `job migrate failed: ${words}` };
    expect(ended({ preview: good, up: job, gates: [] })).toMatchObject({ outcome: "failed", exitCode: 4 });
  });

  it.each(["transport is closing", "error reading from server: EOF", "rpc error: code = Unavailable desc = closed"])(
    "can be resumed, and rolls nothing back, where the engine lost its provider in a step of the release: %s",
    (failure) => {
      for (const type of [RELEASE, "command:local:Command"]) {
        const deployment = { preview: good, up: { ...failedStep(type, "engine-fleet"), failure }, gates: [] };
        expect(ended(deployment)).toMatchObject({ outcome: "failed", exitCode: 4 });
        expect(decideOn(endingOf(deployment), { canRollBack: true, hasState: true }).action).toBe("stop");
      }
      const refused = { preview: good, up: { ...failedStep(RELEASE, "engine-fleet"), failure }, gates: [gate("fail")] };
      expect(decideOn(endingOf(refused), { canRollBack: true, hasState: true }).action).toBe("rollback");
    },
  );

  it("is the release's own doing where it asks for more than a node has", () => {
    const words = "0/6 nodes are available: 6 Insufficient memory.";
    expect(ended({ preview: good, up: bad, gates: [{ ...gate("fail"), words }] })).toMatchObject({ exitCode: 1 });
  });

  it("gives the cluster's own words before all else", () => {
    const words = "Readiness probe failed: HTTP probe failed with statuscode: 404 (engine-one-box-1)";
    expect(ended({ preview: good, up: bad, gates: [{ ...gate("fail"), words }] }).reason).toBe(
      `${words}; engine one-box, errors: 5 of 100`,
    );
  });

  it("gives a refusing gate's own reason", () => {
    expect(ended({ preview: good, up: bad, gates: [gate("fail")] }).reason).toBe("engine one-box, errors: 5 of 100");
  });
});

describe("decideOn", () => {
  const action = (up: EngineResult, gates: GateResult[], canRollBack = true) =>
    decideOn(endingOf({ preview: good, up, gates }), { canRollBack, hasState: true }).action;

  it.each<[string, EngineResult, GateResult[], string]>([
    ["a gate fails on the one-box", bad, [gate("fail")], "rollback"],
    ["a gate fails on the fleet", bad, [gate("pass"), gate("fail", "web fleet")], "rollback"],
    ["Helm fails on the one-box", failedStep(RELEASE, "engine-one-box"), [], "rollback"],
    ["Helm fails on the fleet", failedStep(RELEASE, "engine-fleet"), [gate("pass")], "rollback"],
    ["a gate holds", bad, [gate("inconclusive")], "hold"],
    ["the public entrance does not respond", bad, [gate("fail", "entrance")], "hold"],
    ["a migration fails", failedStep("command:local:Command"), [], "stop"],
    [
      "the image of the migration cannot be pulled",
      { ...failedStep("command:local:Command"), failure: "job migrate failed: ImagePullBackOff: not found" },
      [],
      "rollback",
    ],
    ["AWS fails", failedStep("aws:rds/instance:Instance"), [], "stop"],
    ["everything passes", good, [gate("pass")], "proceed"],
  ])("when %s", (_, up, gates, expected) => {
    expect(action(up, gates)).toBe(expected);
  });

  it("leaves a gate that does not say what it guards to a person, and says so", () => {
    const { phase: _, ...unknown } = gate("fail");
    const ending = endingOf({ preview: good, up: bad, gates: [unknown] });
    expect(ending).toMatchObject({
      phase: "infrastructure",
      reason: expect.stringContaining("phase was not recorded"),
    });
    expect(action(bad, [unknown])).not.toBe("rollback");
  });

  it.each(["engine-one-box", "one-box fleet start"])("takes nothing from a gate's name, such as %s", (name) => {
    const renamed = { ...gate("fail", "engine fleet"), gate: name };
    expect(endingOf({ preview: good, up: bad, gates: [renamed] }).phase).toBe("fleet");
  });

  it("stops where there is nothing to roll back to", () => {
    expect(action(bad, [gate("fail")], false)).toBe("stop");
  });
});

describe("decisionsOf", () => {
  it("goes on after each gate that passed, and leaves the one that did not to the tree", () => {
    const decisions = decisionsOf([
      gate("pass"),
      gate("pass"),
      gate("pass", "engine fleet"),
      gate("fail", "web fleet"),
    ]);
    expect(decisions).toMatchObject([
      { phase: "one-box", action: "proceed", reason: "engine one-box: 2 objectives passed" },
      { phase: "fleet", action: "proceed" },
    ]);
    expect(decisions).toHaveLength(2);
  });
});
