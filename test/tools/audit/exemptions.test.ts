import type { Finding } from "../../../tools/audit-charts.ts";
import { auditText, chartExemptions, type Exemption, judge } from "../../../tools/audit-charts.ts";

const FINDING: Finding = {
  tool: "checkov",
  check: "CKV_K8S_16",
  stack: "prod",
  object: "Deployment/engine-fleet",
  what: "Container should not be privileged",
};
const EXEMPTION: Exemption = {
  tool: "checkov",
  check: "CKV_K8S_16",
  objects: ["Deployment/engine-fleet"],
  reason: "A reason that a reader can judge.",
};

describe("judge", () => {
  it("takes a finding as answered by an exemption of its tool, check and object, in every stack", () => {
    const findings = [FINDING, { ...FINDING, stack: "staging" }];
    expect(judge(findings, [EXEMPTION])).toEqual({ open: [], exempt: findings, unused: [] });
  });

  it.each([
    { ...FINDING, check: "CKV_K8S_17" },
    { ...FINDING, object: "Deployment/web-fleet" },
    { ...FINDING, tool: "kube-score" as const },
  ])("leaves a finding of another check, object or tool open: %j", (finding) => {
    expect(judge([finding], [EXEMPTION])).toEqual({ open: [finding], exempt: [], unused: [EXEMPTION] });
  });

  it("tells of the one object of an exemption that no finding needs", () => {
    const both = { ...EXEMPTION, objects: ["Deployment/engine-fleet", "Deployment/gone"] };
    expect(judge([FINDING], [both]).unused).toEqual([{ ...EXEMPTION, objects: ["Deployment/gone"] }]);
  });
});

describe("auditText", () => {
  it("names what is open and what is unused, and says that the audit failed", () => {
    const text = auditText([], judge([FINDING], [{ ...EXEMPTION, check: "CKV_K8S_9" }]), []);
    expect(text).toContain(
      "FINDING checkov CKV_K8S_16: Deployment/engine-fleet of prod: Container should not be privileged",
    );
    expect(text).toContain("UNUSED  checkov CKV_K8S_9: no finding for Deployment/engine-fleet");
    expect(text).toMatch(/failed: 1 findings .* 1 exemptions to remove\n$/);
  });

  it("shows each exemption with its reason when nothing is open", () => {
    const text = auditText([], judge([FINDING], [EXEMPTION]), [EXEMPTION]);
    expect(text).toContain("A reason that a reader can judge.");
    expect(text).toMatch(/passed: every finding is exempt with a reason \(1\)\n$/);
  });
});

describe("chartExemptions", () => {
  it("reads the repository's own, each object once", () => {
    const each = chartExemptions().flatMap(({ tool, check, objects }) =>
      objects.map((object) => [tool, check, object].join()),
    );
    expect(each.length).toBeGreaterThan(0);
    expect(new Set(each).size).toBe(each.length);
  });
});
