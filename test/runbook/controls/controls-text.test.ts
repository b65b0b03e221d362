import { controlsReport } from "../../../policies/controls/report.ts";
import { estimateCost } from "../../../policies/pricing/estimate.ts";
import type { ControlsDocument } from "../../../runbook/controls/controls.ts";
import { controlsText } from "../../../runbook/controls/controls.ts";
import { situation } from "../../support/policy-fixtures.ts";

const paint = { good: String, bad: String, dim: String, strong: String };

function textOf(changes: Partial<ControlsDocument> = {}): string {
  const evidence = { situation: situation(), resources: [], violated: new Set<string>(), mutations: {} };
  const cost = estimateCost([{ type: "aws:kms/key:Key", name: "key", inputs: {} }]);
  return controlsText({ ...controlsReport(evidence), violations: [], cost, ...changes }, paint);
}

describe("controlsText", () => {
  it("has a line for each control with its mark and title", () => {
    expect(textOf().match(/^S\d\d (met|exempt|n\/a|UNMET)/gm)).toHaveLength(70);
    expect(textOf()).toContain("S57 n/a    ECR scans images on push\n           the program makes no ECR repository");
  });

  it("names the policies whose tests were not shown to bite", () => {
    expect(textOf()).toContain("not shown to bite: database-encrypted-with-customer-key");
  });

  it("tells the coverage", () => {
    expect(textOf().replace(/\n */g, " ")).toContain(
      "prod: 70 controls, 70 enforced: 0 met, 0 exempt, 6 not applicable, 64 unmet; coverage 0.0 %",
    );
  });

  it("tells what the preview's policies refused", () => {
    expect(textOf({ violations: ['exemption of S32 on "*" excuses nothing.'] })).toContain('\nexemption of S32 on "*"');
  });

  it("tells the price, its day, and what it leaves out", () => {
    const text = textOf();
    expect(text).toContain("About 1.00 USD a month, list prices of us-east-1 as of 2026-06-30");
    expect(text).toContain("      1.00  1 x KMS key at 1\n");
    expect(text).toContain("Not counted:\n  data transfer");
  });
});
