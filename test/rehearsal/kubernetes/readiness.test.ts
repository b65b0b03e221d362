import { readinessOf } from "../../../rehearsal/kubernetes/objects.ts";

const deployment = (status: object, more: object = {}) => ({
  kind: "Deployment",
  metadata: { generation: 2 },
  spec: { replicas: 2 },
  status: { observedGeneration: 2, ...status },
  ...more,
});
const job = (...conditions: object[]) => ({ kind: "Job", status: { active: 1, conditions: conditions as [] } });
const DONE = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
const LATE = { type: "Progressing", reason: "ProgressDeadlineExceeded", message: "timed out" };

describe("readinessOf", () => {
  it.each([
    { what: "a Deployment that is rolled out", live: deployment(DONE), is: "ready" },
    { what: "one with old pods left", live: deployment({ ...DONE, replicas: 3 }), is: "waiting" },
    { what: "one with a pod missing", live: deployment({ ...DONE, availableReplicas: 1 }), is: "waiting" },
    { what: "one not yet checked", live: deployment({ ...DONE, observedGeneration: 1 }), is: "waiting" },
    { what: "one past its deadline", live: deployment({ conditions: [LATE] }), is: "failed" },
    { what: "a Job at work", live: job(), is: "waiting" },
    { what: "a complete Job", live: job({ type: "Complete", status: "True" }), is: "ready" },
    {
      what: "a failed Job",
      live: job({ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }),
      is: "failed",
    },
    { what: "a starting Pod", live: { kind: "Pod", status: { phase: "Pending" } }, is: "waiting" },
    { what: "a failed Pod", live: { kind: "Pod", status: { phase: "Failed" } }, is: "failed" },
    { what: "a ConfigMap", live: { kind: "ConfigMap" }, is: "ready" },
  ])("finds $what $is", ({ live, is }) => {
    expect(readinessOf(live).is).toBe(is);
  });

  it("does not wait for what asks not to be waited for", () => {
    const metadata = { annotations: { "pulumi.com/skipAwait": "true" } };
    expect(readinessOf(deployment({}, { metadata })).is).toBe("ready");
  });

  it("says how far a Deployment is", () => {
    const live = deployment({ ...DONE, availableReplicas: 1 });
    expect(readinessOf(live)).toMatchObject({ reason: "1 of 2 replicas are available, 2 updated" });
  });
});
