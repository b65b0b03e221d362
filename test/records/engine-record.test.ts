import { EngineRecord, KILLED, type RecordedEvent } from "../../records/engine-record.ts";

const URN = "urn:pulumi:prod::sparki::sparki:infra:Network$aws:ec2/vpc:Vpc::network-vpc";
const base = { sequence: 1, timestamp: 0 };
const state = { type: "aws:ec2/vpc:Vpc", urn: URN, id: "", parent: "", provider: "", inputs: {}, outputs: {} };
const metadata = (op: "create" | "same" = "create", custom = true) => ({
  op,
  urn: URN,
  type: "aws:ec2/vpc:Vpc",
  provider: "",
  new: { ...state, custom },
});
const begin: RecordedEvent = { ...base, resourcePreEvent: { metadata: metadata() } };
const done: RecordedEvent = { ...base, resOutputsEvent: { metadata: metadata() } };
const broke: RecordedEvent = { ...base, resOpFailedEvent: { metadata: metadata(), status: 1, steps: 1 } };
const summary: RecordedEvent = {
  ...base,
  summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges: { create: 1 }, policyPacks: {} },
};
const diagnostic = (severity: "error" | "info", message: string, ephemeral = false): RecordedEvent => ({
  ...base,
  diagnosticEvent: { message, severity, color: "never", ephemeral },
});
const violation = (enforcementLevel: "mandatory" | "warning"): RecordedEvent => ({
  ...base,
  policyEvent: {
    resourceUrn: URN,
    message: "must have flow logs\n",
    color: "never",
    policyName: "S12",
    policyPackName: "sparki",
    policyPackVersion: "1",
    policyPackVersionTag: "1",
    enforcementLevel,
  },
});

function record(events: readonly RecordedEvent[], end: { exitCode?: number; interrupted?: boolean } = {}) {
  const all = new EngineRecord();
  events.forEach((event, index) => {
    all.add(event, index);
  });
  return all.result({ seconds: 9, exitCode: 0, interrupted: false, message: undefined, ...end });
}

describe("EngineRecord", () => {
  it("pairs the begin and the end of an operation", () => {
    expect(record([begin, done, summary])).toMatchObject({
      outcome: "succeeded",
      changes: { create: 1 },
      steps: [{ name: "network-vpc", op: "create", startSeconds: 0, endSeconds: 1, status: "done" }],
    });
  });

  it("leaves out components, which only group what is inside them", () => {
    const component: RecordedEvent = { ...base, resourcePreEvent: { metadata: metadata("create", false) } };
    expect(record([component, summary]).steps).toEqual([]);
  });

  it.each([
    ["an operation failed", [begin, broke, summary], {}],
    ["there was an error diagnostic", [diagnostic("error", "no"), summary], {}],
    ["a mandatory policy was violated", [violation("mandatory"), summary], {}],
    ["there was no summary", [begin, done], {}],
    ["the CLI ended with another code than 0", [summary], { exitCode: 255 }],
  ])("calls it failed when %s", (_, events, end) => {
    expect(record(events, end).outcome).toBe("failed");
  });

  it("calls it interrupted when the failure is our own interruption", () => {
    expect(record([begin], { exitCode: 255, interrupted: true }).outcome).toBe("interrupted");
  });

  it("says that a signal ended the engine, which tells nothing of its end, and not of our own", () => {
    expect(record([begin], { exitCode: KILLED })).toMatchObject({ outcome: "failed", cutOff: true });
    expect(record([begin], { exitCode: KILLED, interrupted: true })).not.toHaveProperty("cutOff");
    expect(record([begin], { exitCode: 255 })).not.toHaveProperty("cutOff");
  });

  it("does not fail for a policy's warning, but keeps it", () => {
    const { outcome, policy } = record([violation("warning"), summary]);
    expect(outcome).toBe("succeeded");
    expect(policy.violations).toEqual([
      { policy: "S12", level: "warning", resource: "network-vpc", message: "must have flow logs" },
    ]);
  });

  it("counts each pair of resource and policy that was evaluated", () => {
    const checked: RecordedEvent = { ...base, policyAnalyzeSummaryEvent: { passed: ["S1", "S2"], failed: ["S3"] } };
    expect(record([checked, checked, summary]).policy.checked).toBe(6);
  });

  it("gives the first error as the reason, without colour marks", () => {
    const { failure } = record([diagnostic("error", "<{%reset%}>gate says no<{%reset%}>"), summary]);
    expect(failure).toBe("gate says no");
  });

  it("drops debug and ephemeral messages: they may hold properties", () => {
    const debug: RecordedEvent = JSON.parse(
      JSON.stringify(diagnostic("info", "password=x")).replace('"severity":"info"', '"severity":"debug"'),
    );
    const { diagnostics } = record([diagnostic("info", "passing", true), debug, summary]);
    expect(diagnostics).toEqual([]);
  });

  it("closes an operation that never ended at the update's end", () => {
    expect(record([begin]).steps).toMatchObject([{ status: "running", endSeconds: 9 }]);
  });

  it("says the code of what the program threw, and reads it from the engine's words only where it threw elsewhere", () => {
    const result = (failure: string, code?: "SPARKI_HELD") => {
      const all = new EngineRecord();
      all.add(diagnostic("error", failure), 0);
      return all.result({ seconds: 1, exitCode: 1, interrupted: false, message: undefined, code }).code;
    };
    expect(result("anything", "SPARKI_HELD")).toBe("SPARKI_HELD");
    expect(result("output failed: DeployError SPARKI_CONFIG: no registry")).toBe("SPARKI_CONFIG");
    expect([result("SPARKI_DNS_SERVER is set"), result("boom")]).toEqual([undefined, undefined]);
  });
});
